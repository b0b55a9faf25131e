"""Whether a new reference knows the very person it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice
from typing import TypeVar

from model.types import Comparator, FaceSample, Reference, VoiceSample
from stream_verifier.errors import EnrolmentError
from stream_verifier.events.schema import State
from stream_verifier.verify.channels.channel import Reading
from stream_verifier.verify.channels.identity import FACE, VOICE
from stream_verifier.verify.decision import Decision
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import EvidenceModel, OperatingPoint

T = TypeVar("T")

_MOST_WINDOWS = 24
_HOP_S = 1.0


def rehearse(
    reference: Reference,
    faces: Sequence[FaceSample],
    voices: Sequence[VoiceSample],
    *,
    comparator: Comparator,
    evidence: EvidenceModel,
    point: OperatingPoint,
) -> None:
    """Play the samples that a reference was made of as a call that is verified against it.

    Args:
        reference: new, not stored yet.
        faces: that it was made of, at least one.
        voices: likewise.
        comparator: turns samples into LLRs; used from this thread alone.
        evidence: how they add up.
        point: where the verdict changes.

    Raises:
        EnrolmentError: the person would be rejected, whichever of face and voice it is for; the
            message says so.
    """
    decision = Decision(evidence=evidence, point=point)
    # By the mean alone: each of two people's voices would be like one of the pieces.
    whole = replace(reference, pieces=())
    length = min(_MOST_WINDOWS, max(len(faces), len(voices)))
    for number, (face, voice) in enumerate(
        zip(_spread(faces, length), _spread(voices, length), strict=True), start=1
    ):
        said = comparator.compare(whole, face, voice)
        end_s = number * _HOP_S
        readings = (
            _reading(FACE, said.llr_face, (end_s, end_s)),
            _reading(VOICE, said.llr_voice, (end_s - _HOP_S, end_s)),
        )
        verdict = decision.update(Observation(end_s, readings, (), said.llr_fused))
        if verdict.state is State.REJECTED and verdict.odds is not None:
            odds = verdict.odds
            raise EnrolmentError(_explain(face=odds.face < 0, voice=odds.voice < 0))


def _spread(samples: Sequence[T], length: int) -> list[T]:
    """So many of them, from first to last, over and over where there are fewer."""
    if len(samples) <= length:
        return list(islice(cycle(samples), length))
    return [samples[number * len(samples) // length] for number in range(length)]


def _reading(channel: str, llr: float | None, span_s: tuple[float, float]) -> Reading:
    return Reading(
        channel, sensed=True, llr=llr, span_s=span_s, there_s=_HOP_S, scored_s=_HOP_S, track=0
    )


def _explain(*, face: bool, voice: bool) -> str:
    what = {
        (True, False): "the pictures of the face are too unlike each other or too poor",
        (False, True): "the recordings of the voice are too unlike each other or too noisy",
    }.get((face, voice), "pictures and recordings are too poor")
    return (
        "The reference would not know the person on what it was made of, so that nothing was "
        f"enrolled: {what}. Give clear ones of one person, in good light and without noise "
        f"(hints: {', '.join(['show_face'] * (face or not voice) + ['quieter_place'] * voice)})."
    )
