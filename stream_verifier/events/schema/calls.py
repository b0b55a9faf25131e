"""Events about the call itself: its beginning, media and connection, and its end."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from stream_verifier.events.schema.payload import Payload, unless_none

CameraSign = Literal["virtual_camera", "no_device"]
"""Why a picture may come from software rather than from a camera; weak each."""


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
        None, exclude_if=unless_none, description="Left out where no more is asked for."
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
        None, exclude_if=unless_none, description="Left out where its client sends its media here."
    )
    adapted_from: str | None = Field(
        None,
        exclude_if=unless_none,
        description="The model that the person was enrolled with, where the reference was moved "
        "to this one by an adapter: enrolling again is surer; left out where it was not.",
    )
    camera_signs: list[CameraSign] | None = Field(
        None,
        exclude_if=unless_none,
        description="Weak signs that the picture may come from software, by the label that the "
        "client told; they may have a challenge asked, and change no state. Left out where there "
        "are none.",
    )


class MediaStarted(Payload):
    """The first sound or picture of the call arrived and could be decoded."""

    type: Literal["media_started"] = "media_started"
    kind: Literal["audio", "video"]


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
        None, exclude_if=unless_none, description="As when it started; the feed may be another."
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
