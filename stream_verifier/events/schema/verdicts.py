"""Events about who is in the call: windows that were scored, and the states they lead to."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from stream_verifier.events.schema.payload import Box, Payload, Side, unless_none


class State(StrEnum):
    """What the decision holds to be true now."""

    WAITING = "waiting"
    VERIFIED = "verified"
    UNCERTAIN = "uncertain"
    REJECTED = "rejected"
    ABSENT = "absent"


class Reason(StrEnum):
    """Why a state is what it is; machine-readable."""

    FACE_MISMATCH = "face_mismatch"
    VOICE_MISMATCH = "voice_mismatch"
    MULTIPLE_FACES = "multiple_faces"
    NO_FACE = "no_face"
    NO_SPEECH = "no_speech"
    POOR_FACE_QUALITY = "poor_face_quality"
    NOISY_AUDIO = "noisy_audio"
    SPEAKER_NOT_ON_CAMERA = "speaker_not_on_camera"
    MEDIA_GAP = "media_gap"
    OVERLOADED = "overloaded"
    MEDIA_TIME_IMPLAUSIBLE = "media_time_implausible"
    PICTURE_NOT_SCORED = "picture_not_scored"
    SPEECH_NOT_SCORED = "speech_not_scored"
    TRIED_TOO_OFTEN = "tried_too_often"
    PRESENTATION_SUSPECTED = "presentation_suspected"
    LIPS_DO_NOT_MATCH = "lips_do_not_match"
    NO_SIGN_OF_LIFE = "no_sign_of_life"
    CHALLENGE_NOT_PASSED = "challenge_not_passed"
    PRESENCE_NOT_SHOWN = "presence_not_shown"


PRESENCE_REASONS = frozenset(
    {
        Reason.SPEAKER_NOT_ON_CAMERA,
        Reason.PRESENTATION_SUSPECTED,
        Reason.LIPS_DO_NOT_MATCH,
        Reason.NO_SIGN_OF_LIFE,
        Reason.CHALLENGE_NOT_PASSED,
    }
)
"""Why somebody seems not to be there; none depends on who is enrolled."""


class ModalityScore(BaseModel):
    """One modality's comparison score in a window."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    llr: float


class FusedScore(BaseModel):
    """The fused comparison score of a window."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    llr: float
    of: list[Literal["face", "voice"]] = Field(
        description="What it rests on; of one modality alone it is that one's own LLR."
    )


class Evidence(BaseModel):
    """What all windows so far say together, as far as they still count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    face: float = Field(description="Log-odds that the face is the enrolled person's.")
    voice: float = Field(description="Likewise the voice.")
    both: float = Field(description="Likewise face and voice.")


class Bar(BaseModel):
    """Which way the evidence points: 1 for the enrolled person, -1 against, 0 unclear.

    Nothing points to the person before the call is verified, and what pointed against the person
    does so until the call is verified.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    face: Side
    voice: Side
    both: Side


class Score(Payload):
    """One window was compared with the reference."""

    type: Literal["score"] = "score"
    start_s: float
    end_s: float
    scored: list[Literal["face", "voice"]] = Field(
        default_factory=list, description="What of this window was compared."
    )
    face: ModalityScore | None = Field(description="What this window alone says; in files only.")
    voice: ModalityScore | None = Field(description="Likewise.")
    fused: FusedScore | None = Field(description="Likewise.")
    speech_s: float = Field(description="Seconds of speech inside the window's span.")
    faces: list[Box]
    notes: list[str]
    spared: bool = Field(
        False,
        description="There is speech that was not compared: the call is calm, and the worker has "
        "more pressing ones.",
    )
    evidence: Evidence | None = Field(
        description="After this window; null before any score, while nobody is there, and for "
        "all who may not see evidence. Over the wire only while verified, in steps of 0.5."
    )
    bar: Bar | None = Field(
        None, description="Which way it points; null before any score, and while nobody is there."
    )
    posterior: Evidence | None = Field(
        None,
        exclude_if=unless_none,
        description="What is believed after this window, calibrated: these log-odds mean what they "
        "say. Told as evidence is; left out where it is not told.",
    )
    presence: Side | None = Field(
        None,
        exclude_if=unless_none,
        description="Whether somebody is there: 1 the mouth goes with the speech, -1 in doubt, as "
        "reasons say, 0 not known yet; left out where nobody asks.",
    )
    age_s: float | None = Field(
        description="Seconds from the arrival of the window's newest media to its score; "
        "null from a file."
    )


class StateChanged(Payload):
    """The verdict changed: its state, or the reasons for it."""

    type: Literal["state_changed"] = "state_changed"
    state: State
    previous: State
    reasons: list[Reason]
    llr: float | None = Field(
        description="Log-odds of both; null without evidence. Over the wire as a score's evidence."
    )
    posterior: float | None = Field(
        None,
        exclude_if=unless_none,
        description="What is believed of both, calibrated; told as llr is, left out otherwise.",
    )
