"""How often enrolled people meet the bounds, in calls of their own pictures and speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.types import Comparator, FaceSample, Reference, VoiceSample
from stream_verifier.calls.places import Place
from stream_verifier.calls.tries import CallTries, Tries
from stream_verifier.events.schema import ModalityScore, Payload, Score, State, StateChanged
from stream_verifier.settings import Settings
from stream_verifier.verify.channels.channel import Reading
from stream_verifier.verify.decision import Decision
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import DecisionModel
from stream_verifier.verify.strangers import Crowd
from stream_verifier.verify.telling import Telling

CALL_S = 300
CALLS = 3
_TALKS = 0.5
_LISTENS_S = 30


@dataclass(frozen=True, slots=True)
class Genuine:
    """What came of one person's calls, all with one token, one after the other.

    Attributes:
        calls: how many.
        ended: of them, for too many people or tries.
        guarded: of them, in which the name was guarded at any time.
        refused: times that a verdict turned against the person.
        verified_s: seconds in which they were verified.
    """

    calls: int = 0
    ended: int = 0
    guarded: int = 0
    refused: int = 0
    verified_s: int = 0

    def __add__(self, other: Genuine) -> Genuine:
        """Of both."""
        return Genuine(
            self.calls + other.calls,
            self.ended + other.ended,
            self.guarded + other.guarded,
            self.refused + other.refused,
            self.verified_s + other.verified_s,
        )


def genuine(
    comparator: Comparator,
    model: DecisionModel,
    point: str,
    reference: Reference,
    samples: tuple[Sequence[FaceSample], Sequence[VoiceSample]],
    rng: np.random.Generator,
    *,
    picture_s: int,
) -> Genuine:
    """Have a person call a few times: some seconds of listening, then half of the time talking.

    Args:
        comparator: the server's.
        model: of the decision.
        point: name of the operating point.
        reference: the person's.
        samples: further faces and voices of the same person.
        rng: picks among them.
        picture_s: for so long one picture is shown, then another.
    """
    clock = [0.0]
    field = Settings.model_fields
    tries = Tries(
        most=field["tries_per_token"].default,
        told=field["tries_told"].default,
        now_s=lambda: clock[0],
    )
    found = Genuine()
    for _ in range(CALLS):
        call = _Call(tries, Decision(evidence=model.evidence, point=model.point(point)))
        for second in range(1, CALL_S + 1):
            clock[0] += 1.0
            talks = second > _LISTENS_S and rng.random() < _TALKS
            if second % picture_s == 1 % picture_s:
                face = samples[0][int(rng.integers(len(samples[0])))]
            voice = samples[1][int(rng.integers(len(samples[1])))] if talks else None
            said = comparator.compare(reference, face, voice)
            if call.ended_by(float(second), (said.llr_face, face), (said.llr_voice, voice)):
                break
        found += call.found()
    return found


class _Call:
    """Decision, telling, account and crowd of one call."""

    def __init__(self, tries: Tries, decision: Decision) -> None:
        self._decision, self._telling = decision, Telling()
        self._tries = CallTries(tries, Place("ada", "t", bound=False))
        self._crowd = Crowd(Settings.model_fields["people_per_call"].default)
        self._refused = self._verified_s = 0
        self._guarded = self._ended = False

    def ended_by(
        self,
        at_s: float,
        face: tuple[float | None, FaceSample],
        voice: tuple[float | None, VoiceSample | None],
    ) -> bool:
        """Take one window in; return whether the call was ended for it."""
        observation = Observation(at_s, (
            Reading("face", sensed=True, llr=face[0], span_s=(at_s, at_s), track=0),
            Reading("voice", sensed=voice[1] is not None, llr=voice[0], span_s=(at_s - 1, at_s)),
        ))  # fmt: skip
        self._crowd.faces.add(face[1].vector, at_s)
        if voice[1] is not None:
            self._crowd.voices.add(voice[1].vector, at_s)
        before = self._telling.told
        told = self._telling.tell(self._decision.update(observation))
        payloads: list[Payload] = [_score(at_s, face[0], voice[0])]
        if (told.state, told.reasons) != (before.state, before.reasons):
            payloads.append(StateChanged(media_s=at_s, state=told.state, previous=before.state,
                                         reasons=list(told.reasons), llr=None))  # fmt: skip
        over = [self._tries.note(payload) for payload in payloads]
        self._refused += told.state is State.REJECTED and before.state is not State.REJECTED
        self._verified_s += told.state is State.VERIFIED
        if told.state is State.VERIFIED:
            self._crowd.forget()
        self._telling.guarded = self._tries.guarded
        self._guarded |= self._tries.guarded
        self._ended = any(over) or self._crowd.too_many
        return self._ended

    def found(self) -> Genuine:
        """What came of it."""
        return Genuine(1, int(self._ended), int(self._guarded), self._refused, self._verified_s)


def _score(at_s: float, face: float | None, voice: float | None) -> Score:
    said = [None if llr is None else ModalityScore(llr=llr) for llr in (face, voice)]
    return Score(
        media_s=at_s, start_s=at_s - 1, end_s=at_s, face=said[0], voice=said[1], fused=None,
        speech_s=0, faces=[], notes=[], evidence=None, age_s=0.1,
    )  # fmt: skip
