"""The part of a server that answers: comparison, decision, what is told, and what is bounded.

All of it is the server's own code. What an attacker is granted: a window a second, whose embedding
he chooses freely, each on a track of its own so that nothing before it counts, calls without end,
and one token.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.types import (
    Comparator,
    FaceQuality,
    FaceSample,
    Reference,
    Vector,
    VoiceQuality,
    VoiceSample,
)
from stream_verifier.calls.places import Place
from stream_verifier.calls.tries import CallTries, Tries
from stream_verifier.errors import IdentityLockedError
from stream_verifier.events.audience import Audience, told
from stream_verifier.events.schema import Evidence, Payload, Score, State, StateChanged
from stream_verifier.verify.channels.channel import Reading
from stream_verifier.verify.decision import Decision
from stream_verifier.verify.needle import Needle
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import DecisionModel
from stream_verifier.verify.strangers import Strangers

_CLEAR = FaceQuality(120.0, 300.0, 0.0, 0.0, 0.5, 0.2, 0.95)
_CLEAN = VoiceQuality(3.0, 30.0, -20.0)
_FACE_NORM, _VOICE_NORM = 13.3, 9.6
_PEOPLE, _TRIES = 4, 3
_REFUSED_S = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one window is answered.

    Attributes:
        bar: of the modality that was tried.
        evidence: of it, where it is told in numbers.
        rejected: the verdict.
    """

    bar: int
    evidence: float | None
    rejected: bool

    @property
    def level(self) -> float:
        """All of it in one number that rises with the likeness."""
        return self.bar - float(self.rejected) if self.evidence is None else self.evidence


class Probe:
    """Compares vectors of one modality with one person's reference.

    Args:
        comparator: the server's.
        reference: the person's.
        side: face or voice.
    """

    def __init__(self, comparator: Comparator, reference: Reference, side: str) -> None:
        self._comparator, self._reference, self.side = comparator, reference, side

    @property
    def target(self) -> Vector:
        """The template that nobody may learn."""
        return self._reference.face if self.side == "face" else self._reference.voice

    def llr(self, vector: Vector) -> float:
        """What the comparator says of a vector, of whatever length."""
        unit = np.asarray(vector / np.linalg.norm(vector), np.float32)
        if self.side == "face":
            face = FaceSample(unit * _FACE_NORM, _CLEAR)
            found = self._comparator.compare(self._reference, face, None).llr_face
        else:
            voice = VoiceSample(unit * _VOICE_NORM, _CLEAN)
            found = self._comparator.compare(self._reference, None, voice).llr_voice
        return 0.0 if found is None else found


class Server:
    """Answers one attacker about one person.

    Args:
        probe: compares.
        model: of the decision.
        point: name of the operating point.
        audience: as whom the attacker listens.
        bounded: whether tries and people are.
        tokens: how many tokens the attacker has, used in turn.
    """

    def __init__(
        self,
        probe: Probe,
        model: DecisionModel,
        point: str,
        audience: Audience,
        *,
        bounded: bool = True,
        tokens: int = 1,
    ) -> None:
        self.answered = 0
        self._probe, self._model, self._point = probe, model, model.point(point)
        self._audience, self._bounded = audience, bounded
        self._now_s = 0.0
        self._tries = Tries(most=_TRIES, now_s=lambda: self._now_s)
        self._places = [Place("ada", f"t{number}", bound=False) for number in range(tokens)]
        self._ended = True
        self._number = 0

    @property
    def asked(self) -> float:
        """Seconds gone by, one a window, answered or refused."""
        return self._now_s

    def hang_up(self) -> None:
        """End the call; the next window opens another."""
        self._ended = True

    def ask(self, vector: Vector) -> Answer | None:
        """Show one window; None where the server refuses."""
        self._now_s += 1.0
        if self._ended and not self._open():
            return None
        self.answered += 1
        self._call_s += 1.0
        llr = self._probe.llr(vector)
        told_of = self._windows(llr)
        self._strangers.add(vector, llr, self._call_s)
        if self._bounded and self._is_over(told_of):
            self._ended = True
        return self._heard(told_of)

    def _open(self) -> bool:
        for _ in self._places:
            self._number += 1
            self._place = self._places[self._number % len(self._places)]
            try:
                if self._bounded:
                    self._tries.refuse_if_spent(self._place)
            except IdentityLockedError:
                continue
            self._decision = Decision(evidence=self._model.evidence, point=self._point)
            self._needle, self._call_tries = Needle(), CallTries()
            self._strangers = Strangers(most=_PEOPLE)
            self._call_s, self._ended, self._state = 0.0, False, State.WAITING
            self._last = Answer(0, None, rejected=False)
            return True
        return False

    def _windows(self, llr: float) -> list[Payload]:
        """What the pipeline says of one window."""
        at_s, side = self._call_s, self._probe.side
        reading = Reading(
            side,
            sensed=True,
            llr=llr,
            span_s=(at_s, at_s) if side == "face" else (at_s - 1, at_s),
            track=int(at_s) if side == "face" else None,
        )
        # Another face may sit down at any moment; a voice starts afresh after a gap.
        notes = () if side == "face" else ("media_gap",)
        before = self._decision.verdict
        after = self._decision.update(Observation(at_s, (reading,), notes))
        odds = after.odds
        evidence = (
            None if odds is None else Evidence(face=odds.face, voice=odds.voice, both=odds.both)
        )
        bar = self._needle.follow(evidence, verified=after.state is State.VERIFIED)
        score = Score(
            media_s=at_s, start_s=at_s - 1, end_s=at_s, face=None, voice=None, fused=None,
            speech_s=0, faces=[], notes=[], evidence=evidence, bar=bar, age_s=0.1,
        )  # fmt: skip
        if (after.state, after.reasons) == (before.state, before.reasons):
            return [score]
        changed = StateChanged(
            media_s=at_s, state=after.state, previous=before.state,
            reasons=list(after.reasons), llr=after.llr,
        )  # fmt: skip
        return [score, changed]

    def _is_over(self, payloads: list[Payload]) -> bool:
        spent = [self._tries.count(self._place) for one in payloads if self._call_tries.is_try(one)]
        return any(spent) or self._strangers.too_many

    def _heard(self, payloads: list[Payload]) -> Answer:
        for payload in payloads:
            match told(payload, self._audience):
                case Score(bar=bar, evidence=evidence) if bar is not None:
                    number = None if evidence is None else getattr(evidence, self._probe.side)
                    at = getattr(bar, self._probe.side)
                    self._last = Answer(at, number, rejected=self._last.rejected)
                case StateChanged(state=state):
                    rejected = state is State.REJECTED
                    self._last = Answer(self._last.bar, self._last.evidence, rejected=rejected)
        return self._last
