"""What a message of a meeting bot holds for us, whichever bot it is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field

from stream_verifier.decoded.frames import MAX_SOUND_S, Picture, Piece, Sound
from stream_verifier.errors import ProtocolError, UnsupportedMediaError

BOT_SOUND_HZ = 16_000
"""Of the sound that the bots known here send; mono, int16, little-endian."""

_PIECE_BYTES = 2 * round(BOT_SOUND_HZ * MAX_SOUND_S)
_STILLS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


@dataclass(frozen=True, slots=True)
class ParticipantMedia:
    """Of one participant.

    Attributes:
        participant: the bot's id of it, good for one meeting.
        names: by which it may be known: what it calls itself, its address. Not for logs.
        pieces: sound or pictures, in our own form.
        left: whether it has left the meeting.
    """

    participant: str
    names: tuple[str, ...] = field(default=(), repr=False)
    pieces: tuple[Piece, ...] = ()
    left: bool = False


def sound_pieces(at_s: float, pcm: bytes) -> Iterator[Sound]:
    """Sound of any length in pieces that may be sent.

    Raises:
        ProtocolError: it is no sound of two bytes a sample.
    """
    if len(pcm) % 2:
        raise ProtocolError("Sound has two bytes a sample: int16, little-endian, mono.")
    for start in range(0, len(pcm), _PIECE_BYTES):
        yield Sound(at_s + start / 2 / BOT_SOUND_HZ, pcm[start : start + _PIECE_BYTES])


def still_picture(at_s: float, data: bytes, *, instead: str) -> Picture:
    """A picture, if it is one that may be sent.

    Args:
        at_s: when it is of.
        data: of the picture.
        instead: what to ask the bot for, for the message.

    Raises:
        UnsupportedMediaError: it is of another kind, such as H.264.
    """
    if not data.startswith(_STILLS):
        raise UnsupportedMediaError(f"Pictures have to be JPEG or PNG: {instead}.")
    return Picture(at_s, data)


def from_base64(text: str) -> bytes:
    """Bytes of base64 text.

    Raises:
        ProtocolError: it is none.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ProtocolError("Media in JSON is base64, and this is not.") from None
