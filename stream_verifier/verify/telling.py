"""What of its verdicts a call tells, so that nobody can feel his way along an edge.

A verdict moves up and down with every window. If each move were told, somebody with one face after
another could ask "nearer or farther?" as often as he likes, and compute the stored template from
the answers. So what was told against the person stands until the person is verified or nobody is
there: each crossing costs a whole approach, and those are counted (`calls.tries`).
"""

from __future__ import annotations

from dataclasses import replace

from stream_verifier.events.schema import PRESENCE_REASONS, Bar, Reason, Side, State
from stream_verifier.verify.belief import Odds
from stream_verifier.verify.decision import NOTE_REASONS, Verdict

DEAD_ZONE = 1.0
"""Log-odds from which a verified call's bar points to the person."""

_OF_WINDOWS = frozenset(NOTE_REASONS.values()) | {Reason.OVERLOADED}
_OF_MEDIA = (
    _OF_WINDOWS
    | PRESENCE_REASONS
    | {
        Reason.NO_FACE,
        Reason.NO_SPEECH,
        Reason.PICTURE_NOT_SCORED,
        Reason.SPEECH_NOT_SCORED,
        Reason.PRESENCE_NOT_SHOWN,
    }
)
"""Reasons that do not depend on who is enrolled."""
_CLEARS = (State.VERIFIED, State.ABSENT)


class Telling:
    """Follows one call's verdicts and holds what is told of them; synchronous.

    Attributes:
        guarded: too many others were tried in that name. Then nothing is told against the person
            any more, only whether the call is verified; what was told already stands.
        told: the newest verdict as it is told.
    """

    def __init__(self) -> None:
        self.guarded = False
        self.told = Verdict(State.WAITING, ())
        self._against: tuple[Reason, ...] = ()
        self._rejected = False
        self._pro: dict[str, Side] = {}

    def tell(self, verdict: Verdict) -> Verdict:
        """Take the newest verdict; return it as it is told."""
        if verdict.state in _CLEARS:
            self._against, self._rejected = (), False
            self.told = verdict
        else:
            self.told = self._withheld(verdict)
        return self.told

    def bar(self, odds: Odds | None) -> Bar | None:
        """Which way evidence points, by what is told; None without evidence."""
        if odds is None:
            return None
        if self.told.state is State.VERIFIED:
            self._pro = {side: self._points(side, getattr(odds, side)) for side in _SIDES}
            return Bar(**self._pro)
        self._pro = {}
        reasons = self.told.reasons
        return Bar(
            face=-1 if Reason.FACE_MISMATCH in reasons else 0,
            voice=-1 if Reason.VOICE_MISMATCH in reasons else 0,
            both=-1 if self._against else 0,
        )

    def _withheld(self, verdict: Verdict) -> Verdict:
        if not self.guarded:
            fresh = (one for one in verdict.reasons if one not in _OF_MEDIA)
            self._against = tuple(dict.fromkeys((*self._against, *fresh)))
            self._rejected |= verdict.state is State.REJECTED
        elif not self._against:
            return self._unsaid(verdict, State.UNCERTAIN, (Reason.TRIED_TOO_OFTEN,))
        if self._rejected or self.guarded:
            state = State.REJECTED if self._rejected else State.UNCERTAIN
            return self._unsaid(verdict, state, self._against)
        rest = (one for one in verdict.reasons if one in _OF_MEDIA)
        return replace(verdict, reasons=(*self._against, *rest))

    def _unsaid(self, verdict: Verdict, state: State, why: tuple[Reason, ...]) -> Verdict:
        # What is missing is only said of a call that is not rejected, so that it would betray one.
        notes = (one for one in verdict.reasons if one in _OF_WINDOWS)
        return replace(verdict, state=state, reasons=(*why, *notes))

    def _points(self, side: str, llr: float) -> Side:
        """What was told to be for the person stays so down to even odds."""
        return 1 if llr > DEAD_ZONE or (self._pro.get(side) == 1 and llr > 0) else 0


_SIDES = ("face", "voice", "both")
