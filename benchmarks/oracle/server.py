"""The part of a server that answers: comparison, decision, what is told, and what is bounded.

All of it is the server's own code. What an attacker is granted: a window a second, whose embedding
he chooses freely, each on a track of its own so that nothing before it counts, calls without end,
and as many tokens as he likes.
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
from stream_verifier.events.schema import (
    Evidence,
    ModalityScore,
    Payload,
    Reason,
    Score,
    State,
    StateChanged,
)
from stream_verifier.settings import Settings
from stream_verifier.verify.channels.channel import Reading
from stream_verifier.verify.decision import Decision
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import DecisionModel
from stream_verifier.verify.strangers import Strangers
from stream_verifier.verify.telling import Telling

_CLEAR = FaceQuality(120.0, 300.0, 0.0, 0.0, 0.5, 0.2, 0.95)
_CLEAN = VoiceQuality(3.0, 30.0, -20.0)
_FACE_NORM, _VOICE_NORM = 13.3, 9.6
_ABSENT_S = 4.0
_MISMATCH = {"face": Reason.FACE_MISMATCH, "voice": Reason.VOICE_MISMATCH}
_OTHER = {"face": "voice", "voice": "face"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an attacker knows after a window.

    Attributes:
        state: the verdict as told.
        against: whether the modality that he tries is told to be somebody else's.
        evidence: of it, where it is told in numbers.
    """

    state: State
    against: bool
    evidence: float | None

    @property
    def refused(self) -> bool:
        """Whether something was told against him."""
        return self.against or self.state is State.REJECTED

    @property
    def level(self) -> float:
        """All of it in one number that rises with the likeness."""
        numbers = 0.0 if self.evidence is None else self.evidence
        verdict = float(self.state is State.VERIFIED) - float(self.state is State.REJECTED)
        return numbers + verdict - float(self.against)


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


class _Constant(Probe):
    """Whatever is shown is so much alike."""

    def __init__(self, side: str, llr: float) -> None:
        self.side, self._llr = side, llr

    def llr(self, vector: Vector) -> float:  # noqa: ARG002
        return self._llr


class Server:
    """Answers one attacker about one person.

    Args:
        probe: compares.
        model: of the decision.
        point: name of the operating point.
        audience: as whom the attacker listens.
        bounded: whether tries and people are, and what was told stands.
    """

    def __init__(
        self,
        probe: Probe,
        model: DecisionModel,
        point: str,
        audience: Audience,
        *,
        bounded: bool = True,
    ) -> None:
        self.refusals = 0
        self.verified = False
        self._probe, self._model, self._point = probe, model, model.point(point)
        self._audience, self._bounded = audience, bounded
        self._point_name = point
        self._now_s = 0.0
        self._most_people = Settings.model_fields["people_per_call"].default
        self._tries = Tries(
            most=Settings.model_fields["tries_per_token"].default,
            told=Settings.model_fields["tries_told"].default,
            now_s=lambda: self._now_s,
        )
        self._ended = True
        self._token = 0
        self._was_refused = False

    def anew(self, llr: float) -> Server:
        """Another one like it, to which everything is so much alike."""
        probe = _Constant(self._probe.side, llr)
        point = self._point_name
        return Server(probe, self._model, point, self._audience, bounded=self._bounded)

    @property
    def silent(self) -> bool:
        """Whether nobody is told anything but that he is verified, which takes face and voice."""
        return self._bounded and self._tries.guards(Place("ada", "", bound=False))

    def hang_up(self) -> None:
        """End the call; the next window opens another, with a new token where it must be."""
        self._ended = True

    def ask(self, vector: Vector, *, fresh: bool = True, other: float | None = None) -> Answer:
        """Show one window.

        Args:
            vector: what its face or voice embeds to.
            fresh: whether it follows on nothing that was shown before.
            other: LLR of what the other modality shows; None: nothing.
        """
        self._now_s += 1.0
        if self._ended:
            self._open()
        self._call_s += 1.0
        self._track += fresh
        self._people.add(vector, self._call_s)
        for payload in self._windows(self._probe.llr(vector), fresh=fresh, other=other):
            self._hear(told(payload, self._audience))
            if self._calls_tries.note(payload) and self._bounded:
                self._ended = True
        self._telling.guarded = self._bounded and self._calls_tries.guarded
        self._ended |= self._bounded and self._people.too_many
        self.refusals += self._last.refused and not self._was_refused
        self._was_refused = self._last.refused
        return self._last

    def step_out(self) -> None:
        """Show nobody for a while, within the same call."""
        self._now_s += _ABSENT_S
        if not self._ended:
            self._call_s += _ABSENT_S
            for payload in self._decide(Observation(self._call_s)):
                self._hear(told(payload, self._audience))
                self._calls_tries.note(payload)
        self._was_refused = False

    def _open(self) -> None:
        while True:
            place = Place("ada", f"t{self._token}", bound=False)
            try:
                self._tries.refuse_if_spent(place)
                break
            except IdentityLockedError:
                self._token += 1
        self._calls_tries = CallTries(self._tries, place)
        self._decision = Decision(evidence=self._model.evidence, point=self._point)
        self._telling, self._people = Telling(), Strangers(most=self._most_people)
        self._telling.guarded = self._bounded and self._calls_tries.guarded
        self._call_s, self._track, self._ended = 0.0, 0, False
        self._last, self._was_refused = Answer(State.WAITING, against=False, evidence=None), False

    def _windows(self, llr: float, *, fresh: bool, other: float | None) -> list[Payload]:
        """What the pipeline says of one window."""
        at_s, side = self._call_s, self._probe.side
        llrs = {side: llr, _OTHER[side]: other}
        readings = (
            Reading("face", sensed=llrs["face"] is not None, llr=llrs["face"],
                    span_s=(at_s, at_s), track=self._track if side == "face" else 0),
            Reading("voice", sensed=llrs["voice"] is not None, llr=llrs["voice"],
                    span_s=(at_s - 1, at_s)),
        )  # fmt: skip
        # Another face may sit down at any moment; a voice starts afresh after a gap.
        notes = ("media_gap",) if side == "voice" and fresh else ()
        changed = self._decide(Observation(at_s, readings, notes))
        odds = self._decision.verdict.odds
        evidence = odds and Evidence(face=odds.face, voice=odds.voice, both=odds.both)
        said = {one: None if at is None else ModalityScore(llr=at) for one, at in llrs.items()}
        score = Score(
            media_s=at_s, start_s=at_s - 1, end_s=at_s, face=said["face"], voice=said["voice"],
            fused=None, speech_s=0, faces=[], notes=[], evidence=evidence,
            bar=self._telling.bar(odds), age_s=0.1,
        )  # fmt: skip
        if self._decision.verdict.state is State.VERIFIED:
            self._people.forget()
        return [score, *changed]

    def _decide(self, observation: Observation) -> list[Payload]:
        before, verdict = self._telling.told, self._decision.update(observation)
        after = self._telling.tell(verdict) if self._bounded else verdict
        self._telling.told = after
        if (after.state, after.reasons) == (before.state, before.reasons):
            return []
        return [
            StateChanged(
                media_s=observation.end_s, state=after.state, previous=before.state,
                reasons=list(after.reasons), llr=after.llr,
            )
        ]  # fmt: skip

    def _hear(self, payload: Payload) -> None:
        """Take in what is told; a call's own client could hear less, never more."""
        side, last = self._probe.side, self._last
        match payload:
            case Score(evidence=evidence):
                number = None if evidence is None else float(getattr(evidence, side))
                self._last = Answer(last.state, against=last.against, evidence=number)
            case StateChanged(state=state, reasons=reasons):
                against = _MISMATCH[side] in reasons
                self._last = Answer(state, against=against, evidence=last.evidence)
                self.verified |= state is State.VERIFIED
