"""Observations and a decision made by hand, for tests."""

from __future__ import annotations

from stream_verifier.verify.channels.channel import Reading
from stream_verifier.verify.decision import Decision, DecisionSettings, Verdict
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import EvidenceModel, OperatingPoint, Worth

EVIDENCE = EvidenceModel(
    face=Worth(first=0.5, per_s=0.5, limit=4.0),
    voice=Worth(first=1.0, per_s=0.5, limit=4.0),
    swap_every_s=120.0,
)
POINT = OperatingPoint(accept=2.0, reject=-3.0)


def make_decision(settings: DecisionSettings | None = None) -> Decision:
    return Decision(evidence=EVIDENCE, point=POINT, settings=settings)


def observe(
    end_s: float,
    face: float | None = None,
    voice: float | None = None,
    *,
    notes: tuple[str, ...] = (),
    face_seen: bool | None = None,
    speech_heard: bool | None = None,
    face_s: float | None = None,
    track: int | None = 0,
    span: tuple[float, float] | None = None,
) -> Observation:
    """One window with these LLRs; its speech is the last second unless told otherwise."""
    both = face is not None and voice is not None
    fused = min(face, voice) if both else (face if voice is None else voice)  # type: ignore[type-var]
    return Observation(
        end_s=end_s,
        readings=(
            Reading(
                "face",
                sensed=face is not None if face_seen is None else face_seen,
                llr=face,
                span_s=None if face is None else (face_s or end_s, face_s or end_s),
                track=None if face is None else track,
            ),
            Reading(
                "voice",
                sensed=voice is not None if speech_heard is None else speech_heard,
                llr=voice,
                span_s=None if voice is None else span or (end_s - 1, end_s),
            ),
        ),
        notes=notes,
        llr_fused=fused,
    )


def play(*observations: Observation, decision: Decision | None = None) -> Verdict:
    decision = decision or make_decision()
    for observation in observations:
        decision.update(observation)
    return decision.verdict
