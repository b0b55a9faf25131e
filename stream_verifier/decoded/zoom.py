"""The media messages of Zoom's Realtime Media Streams (RTMS), as ours.

As documented: https://developers.zoom.us/docs/rtms/meetings/media/. Made after its words, not tried
on the service. Handshakes, keep-alives and webhooks are for whoever connects there, as Zoom's own
SDK does: what comes over its media connection is read here.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream_verifier.decoded.frames import MAX_FRAME_BYTES
from stream_verifier.decoded.participant import (
    ParticipantMedia,
    from_base64,
    sound_pieces,
    still_picture,
)
from stream_verifier.errors import ProtocolError

_AUDIO, _VIDEO = 14, 15
_MILLI = 1000


class _Content(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    user_id: int | str | None = None
    user_name: str | None = None
    data: str
    timestamp: int = Field(description="Milliseconds.")


class _Media(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    content: _Content


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    msg_type: int


def read_zoom(text: str) -> ParticipantMedia | None:
    """Read one message of a media connection that was asked for L16 at 16 kHz, and JPG or PNG.

    Returns:
        None where it holds no sound or pictures.

    Raises:
        ProtocolError: it is none of theirs; what it says holds nothing of its content.
        UnsupportedMediaError: video in another codec; it says what to ask for instead.
    """
    if len(text) > MAX_FRAME_BYTES:
        raise ProtocolError(f"A message may have at most {MAX_FRAME_BYTES} bytes.")
    try:
        kind = _Message.model_validate_json(text).msg_type
        if kind not in (_AUDIO, _VIDEO):
            return None
        content = _Media.model_validate_json(text).content
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise ProtocolError(f"{where}: {first['msg']}") from None
    if not content.user_id:
        raise ProtocolError(
            "This is the sound of all participants in one: ask for a stream of each (data_opt)."
        )
    names = () if content.user_name is None else (content.user_name,)
    data, at_s = from_base64(content.data), content.timestamp / _MILLI
    if kind == _AUDIO:
        return ParticipantMedia(str(content.user_id), names, tuple(sound_pieces(at_s, data)))
    picture = still_picture(at_s, data, instead="ask for codec JPG or PNG, at most 5 a second")
    return ParticipantMedia(str(content.user_id), names, (picture,))
