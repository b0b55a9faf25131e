"""The binary messages of a feed: a header of 12 bytes, then sound or a picture.

==========  =======  ===========================================================================
byte        type     what
==========  =======  ===========================================================================
0           uint8    kind: 1 sound, 2 a picture
1 to 3      uint8    0
4 to 11     int64    microseconds on the sender's clock, big-endian: of the first sample, or of the
                     picture
12 to end   bytes    samples, int16 little-endian, mono; or a whole JPEG or PNG file
==========  =======  ===========================================================================
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TypeAlias

from stream_verifier.errors import ProtocolError

MAX_FRAME_BYTES = 1024 * 1024
"""Of one binary message, header and all."""
MAX_SOUND_S = 1.0
"""Sound in one message, at most."""

_HEADER = struct.Struct(">BBHq")
_SOUND, _PICTURE = 1, 2
_MICRO = 1_000_000
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


@dataclass(frozen=True, slots=True)
class Sound:
    """A run of samples.

    Attributes:
        at_s: seconds on the sender's clock, of the first sample.
        pcm: int16 little-endian, mono, at the rate that was agreed on.
    """

    at_s: float
    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a camera.

    Attributes:
        at_s: seconds on the sender's clock, the same as that of the sound.
        image: a JPEG or PNG file.
    """

    at_s: float
    image: bytes = field(repr=False)


Piece: TypeAlias = Sound | Picture


def write_frame(piece: Piece) -> bytes:
    """One piece as a binary message.

    Raises:
        ProtocolError: no server would take it; the message says why.
    """
    kind, data = (_SOUND, piece.pcm) if isinstance(piece, Sound) else (_PICTURE, piece.image)
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ProtocolError(
            f"A {type(data).__name__} is no bytes: of an array of samples feed "
            "samples.astype('<i2').tobytes(), of a picture the JPEG or PNG file that it makes."
        )
    try:
        header = _HEADER.pack(kind, 0, 0, round(piece.at_s * _MICRO))
    except (OverflowError, ValueError, struct.error) as error:
        raise ProtocolError(f"{piece.at_s} is no time in seconds.") from error
    frame = header + data
    read_frame(frame)
    return frame


def read_frame(frame: bytes) -> Piece:
    """What a binary message holds; of a picture no more than its first bytes is looked at.

    Raises:
        ProtocolError: it is no such message; what it says holds nothing of its content.
    """
    if len(frame) > MAX_FRAME_BYTES:
        raise ProtocolError(
            f"A binary message may have at most {MAX_FRAME_BYTES} bytes: send smaller pictures, or "
            "JPEG in place of PNG."
        )
    if len(frame) <= _HEADER.size:
        raise ProtocolError(
            f"A binary message has a header of {_HEADER.size} bytes, and sound or a picture."
        )
    kind, flags, reserved, at_us = _HEADER.unpack_from(frame)
    if kind not in (_SOUND, _PICTURE) or flags or reserved:
        raise ProtocolError(
            "A binary message begins with 1 for sound or 2 for a picture, and three zeros."
        )
    at_s, data = at_us / _MICRO, frame[_HEADER.size :]
    if kind == _PICTURE:
        return _picture(at_s, data)
    if len(data) % 2:
        raise ProtocolError("Sound has two bytes a sample: int16, little-endian, mono.")
    return Sound(at_s, data)


def _picture(at_s: float, data: bytes) -> Picture:
    if not data.startswith(_PICTURES):
        raise ProtocolError("A picture is a JPEG or PNG file: encode it so before it is sent.")
    return Picture(at_s, data)
