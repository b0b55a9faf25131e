"""The real-time messages of Recall.ai, as ours.

As documented: https://docs.recall.ai/docs/real-time-event-payloads. Made after its words, not tried
on the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from stream_verifier.decoded.frames import MAX_FRAME_BYTES
from stream_verifier.decoded.participant import (
    ParticipantMedia,
    from_base64,
    sound_pieces,
    still_picture,
)
from stream_verifier.errors import ProtocolError, UnsupportedMediaError

_SOUND, _PICTURE = "audio_separate_raw.data", "video_separate_png.data"
_LEFT, _PARTICIPANTS = "participant_events.leave", "participant_events."
_INSTEAD = {
    "audio_mixed_raw.data": "audio_separate_raw.data, which keeps participants apart",
    "video_separate_h264.data": "video_separate_png.data",
}
_CAMERA = "webcam"


@dataclass(frozen=True, slots=True)
class RecallMessage:
    """One message.

    Attributes:
        metadata: what whoever made the bot gave it and its endpoint; may hold a token.
        media: of a participant; None where it holds none, as a transcript does.
    """

    metadata: Mapping[str, str] = field(repr=False)
    media: ParticipantMedia | None


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Timestamp(_Part):
    relative: FiniteFloat


class _Participant(_Part):
    id: int | str
    name: str | None = None
    email: str | None = None


class _Inner(_Part):
    buffer: str | None = None
    timestamp: _Timestamp | None = None
    participant: _Participant | None = None
    type: str | None = None


class _Origin(_Part):
    metadata: dict[str, object] = Field(default_factory=dict)


class _Data(_Part):
    data: _Inner = Field(default_factory=_Inner)
    bot: _Origin = Field(default_factory=_Origin)
    realtime_endpoint: _Origin = Field(default_factory=_Origin)


class _Message(_Part):
    event: str
    data: _Data


def read_recall(text: str) -> RecallMessage:
    """Read one message.

    Raises:
        ProtocolError: it is none of theirs; what it says holds nothing of its content.
        UnsupportedMediaError: media that cannot be used; it says what to ask for instead.
    """
    if len(text) > MAX_FRAME_BYTES:
        raise ProtocolError(f"A message may have at most {MAX_FRAME_BYTES} bytes.")
    try:
        message = _Message.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise ProtocolError(f"{where}: {first['msg']}") from None
    if message.event in _INSTEAD:
        raise UnsupportedMediaError(
            f"{message.event} cannot be used: ask Recall for {_INSTEAD[message.event]}."
        )
    about = message.data
    metadata = {**about.bot.metadata, **about.realtime_endpoint.metadata}
    told = {key: value for key, value in metadata.items() if isinstance(value, str)}
    return RecallMessage(told, _media(message.event, about.data))


def _media(event: str, data: _Inner) -> ParticipantMedia | None:
    who = data.participant
    if who is None:
        if event in (_SOUND, _PICTURE):
            raise ProtocolError(f"{event} says nothing of whose it is.")
        return None
    participant = str(who.id)
    names = tuple(name for name in (who.email, who.name) if name)
    if event.startswith(_PARTICIPANTS):
        return ParticipantMedia(participant, names, left=event == _LEFT)
    if event not in (_SOUND, _PICTURE) or (event == _PICTURE and data.type not in (None, _CAMERA)):
        return None
    if data.buffer is None or data.timestamp is None:
        raise ProtocolError(f"{event} has no buffer or no time.")
    content, at_s = from_base64(data.buffer), data.timestamp.relative
    if event == _SOUND:
        return ParticipantMedia(participant, names, tuple(sound_pieces(at_s, content)))
    picture = still_picture(at_s, content, instead="ask Recall for video_separate_png.data")
    return ParticipantMedia(participant, names, (picture,))
