"""Chunks of WAV and AVI, as far as to see where a recording ends."""

from __future__ import annotations

from typing import BinaryIO

from stream_verifier.media.footage.extent import Extent
from stream_verifier.media.footage.stretch import bytes_at

_FORMS = {b"WAVE", b"AVI "}
_LATER = b"AVIX"
_OPEN_ENDED = 0x7FFFF000
"""Sizes from here on, and 0, are of writers that could not know how long it would get."""


def begins(head: bytes) -> bool:
    """Whether ``head``, 12 bytes or more, begins such a file."""
    return head[:4] == b"RIFF" and head[8:12] in _FORMS


def walk(file: BinaryIO, start: int, size: int) -> Extent:
    """Return where the recording that begins at ``start`` ends, and how many bytes it lacks."""
    end, missing = _chunk(file, start, size)
    while end < size and _form(bytes_at(file, end, 12)) == _LATER:
        end, missing = _chunk(file, end, size)
    return Extent(end, missing=missing)


def _form(head: bytes) -> bytes:
    return head[8:12] if head[:4] == b"RIFF" else b""


def _chunk(file: BinaryIO, start: int, size: int) -> tuple[int, int]:
    length = int.from_bytes(bytes_at(file, start + 4, 4), "little")
    if length == 0 or length >= _OPEN_ENDED:
        return size, 0
    end = start + 8 + length + length % 2
    # A last odd byte is often not padded.
    return min(end, size), max(0, start + 8 + length - size)
