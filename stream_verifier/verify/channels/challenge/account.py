"""What challenges of a call amount to by now, in nats for somebody who is there."""

from __future__ import annotations

import math

from stream_verifier.events.schema import ChallengeOutcome

PASSED, SETTLED, FAILED, UNPROVEN = 3.0, 0.0, -4.0, -1.0
"""For an answer that shows more than the call is asked for anyway; for one that shows as much; for
one that was wrong; for none, or none that could be measured."""
_LASTS_S = 60.0


class Account:
    """Keeps the newest outcome, which fades; over cuts only what was wrong stays."""

    def __init__(self) -> None:
        self._nats: float | None = None
        self._at_s = 0.0

    def note(self, outcome: ChallengeOutcome, *, vouches: bool, now_s: float) -> None:
        """Take a result in, at this media time."""
        before = self.nats(now_s) or 0.0
        if outcome == "passed":
            # A weaker way makes good for no answer, and not for a wrong one.
            settled = before if before < UNPROVEN else max(before, SETTLED)
            self._nats = PASSED if vouches else settled
        else:
            self._nats = min(before, FAILED if outcome == "failed" else UNPROVEN)
        self._at_s = now_s

    def nats(self, now_s: float) -> float | None:
        """What is left of it at this media time; None where nothing was asked."""
        if self._nats is None:
            return None
        return self._nats * math.exp(-max(0.0, now_s - self._at_s) / _LASTS_S)

    def forget(self) -> None:
        """Another face, or media that did not follow on: what was for it counts no more."""
        if (self._nats or 0.0) > 0:
            self._nats = 0.0
