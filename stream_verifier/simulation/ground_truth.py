"""Whose face and voice each window of a scripted call holds; pure."""

from __future__ import annotations

from dataclasses import dataclass

from stream_verifier.simulation.replay import Played
from stream_verifier.simulation.script import Script
from stream_verifier.verify.observation import Observation


@dataclass(frozen=True, slots=True)
class Truth:
    """Whether what was scored is the enrolled person's.

    Attributes:
        face: None where none was scored, or it is not clear whose.
        voice: likewise; None where the window mixes speakers.
        both: None where neither is another's and one is not known.
    """

    face: bool | None
    voice: bool | None

    @property
    def both(self) -> bool | None:
        """Whether face and voice are both the person's."""
        if self.face is False or self.voice is False:
            return False
        return True if self.face and self.voice else None


def truths(call: Played) -> tuple[Truth, ...]:
    """The truth of each window of a call."""
    return tuple(truth(call.script, observation) for _, observation in call.seen)


def truth(script: Script, observation: Observation) -> Truth:
    """The truth of one window."""
    seen, heard = observation.face, observation.voice
    face = voice = None
    if seen.llr is not None:
        face = _face(script, observation.end_s if seen.span_s is None else seen.span_s[1])
    if heard.llr is not None and heard.span_s is not None:
        voice = _voice(script, *heard.span_s)
    return Truth(face, voice)


def _face(script: Script, at_s: float) -> bool | None:
    shown = {shot.who for shot in script.shots if shot.start_s <= at_s < shot.end_s}
    return shown == {script.chimera} if len(shown) == 1 else None


def _voice(script: Script, start_s: float, end_s: float) -> bool | None:
    heard = {
        spurt.who for spurt in script.spurts if spurt.start_s < end_s and start_s < spurt.end_s
    }
    return heard == {script.chimera} if len(heard) == 1 else None
