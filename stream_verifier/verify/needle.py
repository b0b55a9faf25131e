"""Which way evidence points, so coarse that nobody can feel his way along an edge."""

from __future__ import annotations

from stream_verifier.events.schema import Bar, Evidence, Side

DEAD_ZONE = 1.0
"""Log-odds within which evidence is unclear."""


class Needle:
    """Three needles, for face, voice and both, that belong to one call.

    None points to the person before the call is verified: a face alone, however good, is told
    nothing that its bearer could climb by. One that turned against the person comes back only when
    the call is verified, and through gaps it stays where it was: a stranger moves each needle once
    a call, however many faces he tries.
    """

    def __init__(self) -> None:
        self._at: dict[str, Side] = {"face": 0, "voice": 0, "both": 0}

    def follow(self, evidence: Evidence | None, *, verified: bool) -> Bar | None:
        """Move with the evidence after one window; None while there is none."""
        if evidence is None:
            return None
        for name, at in self._at.items():
            llr: float = getattr(evidence, name)
            self._at[name] = _pro(at, llr) if verified else _contra(at, llr)
        return Bar(face=self._at["face"], voice=self._at["voice"], both=self._at["both"])


def _pro(at: Side, llr: float) -> Side:
    """In a verified call; what was told to be for the person stays so down to even odds."""
    return 1 if llr > DEAD_ZONE or (at == 1 and llr > 0) else 0


def _contra(at: Side, llr: float) -> Side:
    return -1 if llr < -DEAD_ZONE or at == -1 else 0
