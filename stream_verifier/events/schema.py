"""The wire contract: every event that a session can emit, versioned.

A *payload* is what the pipeline says happened; an *event* is a payload that a session's log has
numbered and dated. The live feed, ``verify --json`` and the tests all read this one schema.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION = 2

Side = Literal[-1, 0, 1]
"""Against, unclear, for."""

Box = tuple[float, float, float, float]
"""x, y, width, height as fractions (0 to 1) of the picture."""


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


class Payload(BaseModel):
    """What every event says before it is numbered: its type and its media time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    media_s: float = Field(description="Media time in seconds from the start of the call.")


CameraSign = Literal["virtual_camera"]
"""Why a picture may come from software rather than from a camera; weak each."""


def _unless_none(value: object) -> bool:
    return value is None


class SureInForce(BaseModel):
    """What must be believed of each side before the call becomes verified."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    face: float = Field(description="Least posterior of the face, in log-odds.")
    voice: float = Field(description="Likewise of the voice.")


class OperatingPointInForce(BaseModel):
    """Where the states of this call change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    accept: float = Field(description="Log-odds of both from which on the call is verified.")
    reject: float = Field(description="Log-odds of both down from which it is rejected.")
    sure: SureInForce | None = Field(
        None, exclude_if=_unless_none, description="Left out where no more is asked for."
    )


class Origin(BaseModel):
    """Where the media of a call comes from that was fetched from a room of another server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(description="What kind of server has the room, such as janus.")
    attachment: str = Field(description="Id of the attached room here.")
    room: str = Field(description="The room's id there.")
    feed: str = Field(description="The publisher's id there.")


class SessionStarted(Payload):
    """A session began: media is expected from now on."""

    type: Literal["session_started"] = "session_started"
    mode: Literal["verify", "enrol"]
    identity: str
    model: str = Field(description="The embedding space that references must live in.")
    comparator: str = Field(description="What turns a comparison into LLRs.")
    operating_point: OperatingPointInForce | None = None
    origin: Origin | None = Field(
        None, exclude_if=_unless_none, description="Left out where its client sends its media here."
    )
    adapted_from: str | None = Field(
        None,
        exclude_if=_unless_none,
        description="The model that the person was enrolled with, where the reference was moved "
        "to this one by an adapter: enrolling again is surer; left out where it was not.",
    )
    camera_signs: list[CameraSign] | None = Field(
        None,
        exclude_if=_unless_none,
        description="Weak signs that the picture may come from software, by the label that the "
        "client told; they may have a challenge asked, and change no state. Left out where there "
        "are none.",
    )


class MediaStarted(Payload):
    """The first sound or picture of the call arrived and could be decoded."""

    type: Literal["media_started"] = "media_started"
    kind: Literal["audio", "video"]


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
        exclude_if=_unless_none,
        description="What is believed after this window, calibrated: these log-odds mean what they "
        "say. Told as evidence is; left out where it is not told.",
    )
    presence: Side | None = Field(
        None,
        exclude_if=lambda presence: presence is None,
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
        exclude_if=_unless_none,
        description="What is believed of both, calibrated; told as llr is, left out otherwise.",
    )


class EnrolmentProgress(Payload):
    """How far a live enrolment is and what it still needs."""

    type: Literal["enrolment_progress"] = "enrolment_progress"
    speech_s: float
    speech_needed_s: float
    faces: int
    faces_needed: int
    missing: list[str]
    boxes: list[Box]
    complete: bool


class Enrolled(Payload):
    """A reference was stored."""

    type: Literal["enrolled"] = "enrolled"
    identity: str
    id: str
    speech_s: float
    faces: int
    replaced: bool = Field(False, description="Whether an older reference of that name went.")
    resembles_replaced: bool | None = Field(
        None,
        description="Whether the new one is rather the same person's as the old one; null where "
        "nothing was replaced, or the two cannot be compared.",
    )


class ConsentExpiring(Payload):
    """The consent that this call rests on ends soon: ask the person for another."""

    type: Literal["consent_expiring"] = "consent_expiring"
    expires_at: str = Field(description="When: UTC. Calls end then, and none begins.")
    days_left: int = Field(description="Whole days until then.")


ChallengeKind = Literal["turn_head", "say_digits", "watch_colours"]
"""What somebody can be asked to do."""

ChallengeOutcome = Literal["passed", "failed", "unanswered", "not_measurable"]
"""How it can end."""

Asker = Literal["api", "client", "start", "doubt"]
"""Who asks: somebody over HTTP, the call's own client, or the server by its settings."""

Turn = Literal["left", "right"]
"""As the person has it, whichever way a preview is mirrored."""


class ScreenColours(BaseModel):
    """Colours that fill the screen around the person's picture, one after the other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    colours: tuple[str, ...] = Field(
        description="Such as #aacbff: pale, of one luminance, so that nothing flashes."
    )
    from_s: float = Field(
        description="When the first is shown, in seconds from now; until then, say what comes."
    )
    each_s: float = Field(description="For how long each is shown, in seconds.")


class ChallengeAsked(Payload):
    """The person in the call is asked to do something, now and once: show it to them."""

    type: Literal["challenge_asked"] = "challenge_asked"
    challenge: str = Field(description="Its id: random, for this once.")
    kind: ChallengeKind
    by: Asker
    turns: list[Turn] = Field(
        description="Sides to turn the head to, one after the other and back in between, as the "
        "person has left and right; empty for other kinds."
    )
    digits: str | None = Field(description="Digits to say, one by one; null for other kinds.")
    within_s: float = Field(description="Seconds from now until the answer must be over.")
    number: int = Field(description="Counts the challenges of this call, from 1.")
    most: int = Field(description="No more are asked in this call.")
    others: list[ChallengeKind] = Field(
        description="Kinds that the person may choose instead; skipping is always possible."
    )
    chance: float | None = Field(
        description="The chance that turns picked blindly are the right ones, or that light which "
        "knows nothing of the colours follows them; null where nothing that is drawn by chance is "
        "checked, as the words of digits are not."
    )
    screen: ScreenColours | None = Field(
        None, exclude_if=_unless_none, description="Colours to show; left out for other kinds."
    )


class ChallengeMeasured(BaseModel):
    """What was measured of an answer; null where that kind does not measure it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pictures: int = Field(0, description="In which the face was found.")
    turns: list[Turn] | None = Field(None, description="Sides that the head turned to.")
    reaction_s: float | None = Field(
        None, description="From asking to the first turn, or to speech; null where there was none."
    )
    speech_s: float | None = Field(None, description="Seconds of speech.")
    syllables: int | None = Field(None, description="Peaks of its loudness, about one a syllable.")
    lips: Side | None = Field(None, description="Whether the mouth went with the speech.")
    voice: Side | None = Field(
        None, description="Which way the voice's evidence points, as a score's bar."
    )
    words: bool | None = Field(
        None, description="Whether the words were recognised. They never are: false."
    )
    bits: float | None = Field(
        None,
        exclude_if=_unless_none,
        description="How clearly light on the face, against what is behind it, follows the "
        "colours: it comes by chance once in 2 to the power of this. Left out for other kinds, as "
        "those below.",
    )
    delay_s: float | None = Field(
        None, exclude_if=_unless_none, description="By which it follows them."
    )
    light: float | None = Field(
        None,
        exclude_if=_unless_none,
        description="About how much of the screen's light is on the face, to 1 of other light.",
    )
    background: float | None = Field(
        None,
        exclude_if=_unless_none,
        description="How far the background follows them, to 1 of the face.",
    )


class ChallengeResult(Payload):
    """A challenge is over."""

    type: Literal["challenge_result"] = "challenge_result"
    challenge: str
    kind: ChallengeKind
    outcome: ChallengeOutcome
    why: str | None = Field(
        description="Machine-readable, such as other_side, flat, too_soon or skipped; null where "
        "it was passed."
    )
    after_s: float = Field(description="Seconds of media from asking to its end.")
    measured: ChallengeMeasured


class Gap(Payload):
    """Media that should have come did not."""

    type: Literal["gap"] = "gap"
    kind: Literal["audio", "video"]
    start_s: float
    end_s: float
    reason: str


class ConnectionLost(Payload):
    """The client's connection is gone; the session waits for another one, then ends."""

    type: Literal["connection_lost"] = "connection_lost"
    reason: Literal["socket_closed", "media_stopped", "taken_over"] = Field(
        description="taken_over: the client came back before the loss was noticed."
    )


class ConnectionResumed(Payload):
    """The client came back over another connection; a gap follows with the first media."""

    type: Literal["connection_resumed"] = "connection_resumed"
    away_s: float = Field(description="Seconds since the last media over the old connection.")
    origin: Origin | None = Field(
        None, exclude_if=_unless_none, description="As when it started; the feed may be another."
    )


class ErrorRaised(Payload):
    """Something went wrong; the session ends after it."""

    type: Literal["error"] = "error"
    code: str
    message: str


class Totals(BaseModel):
    """What a session counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    windows: int = 0
    video_frames_dropped: int = 0
    audio_overrun_s: float = 0.0


ToldEnd = Literal[
    "stopped",
    "peer_closed",
    "client_gone",
    "server_stopping",
    "error",
    "complete",
    "ended_by_admin",
    "no_media",
    "too_long",
    "superseded",
    "identity_deleted",
    "identity_replaced",
    "too_many_people",
    "consent_withdrawn",
    "consent_expired",
    "server_lost",
]
"""Why a session can end, as its last event says it."""


class SessionEnded(Payload):
    """The last event of every session."""

    type: Literal["session_ended"] = "session_ended"
    reason: ToldEnd
    totals: Totals


AnyPayload = Annotated[
    SessionStarted
    | MediaStarted
    | Score
    | StateChanged
    | EnrolmentProgress
    | Enrolled
    | ConsentExpiring
    | ChallengeAsked
    | ChallengeResult
    | Gap
    | ConnectionLost
    | ConnectionResumed
    | ErrorRaised
    | SessionEnded,
    Field(discriminator="type"),
]
