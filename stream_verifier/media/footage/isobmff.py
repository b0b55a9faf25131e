"""Boxes of MP4, MOV, M4A and 3GP (ISO/IEC 14496-12), as far as to see where a recording ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Literal

from stream_verifier.media.footage.extent import Extent
from stream_verifier.media.footage.stretch import bytes_at

_FIRST = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"sidx", b"moof"}
_MEDIA = {b"mdat", b"moof"}


def begins(head: bytes) -> bool:
    """Whether ``head``, 8 bytes or more, may begin such a file."""
    return head[4:8] in _FIRST and int.from_bytes(head[:4], "big") != 2


def walk(file: BinaryIO, start: int, size: int) -> Extent:
    """Return where the recording that begins at ``start`` ends, and how many bytes it lacks."""
    index = media = False
    end = start
    for kind, offset, past in boxes(file, start, size):
        if kind == b"ftyp" and index and media:
            return Extent(offset)
        index |= kind == b"moov"
        media |= kind in _MEDIA
        end = past
    return Extent(min(end, size), missing=max(0, end - size))


def lack(file: BinaryIO, start: int, size: int) -> Literal["index", "head", None]:
    """What a recording lacks: the index, as its recorder was stopped, or as a piece the head."""
    if not begins(bytes_at(file, start, 8)):
        return None
    kinds = {kind for kind, *_ in boxes(file, start, size)}
    if b"moov" in kinds or not kinds & _MEDIA:
        return None
    return "head" if b"moof" in kinds else "index"


def boxes(file: BinaryIO, start: int, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield each box's type, first byte and the byte past its end, which may lie past ``size``."""
    while start + 8 <= size:
        head = bytes_at(file, start, 16)
        kind, length = head[4:8], int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:
            length = size - start
        if length < 8 or not all(32 <= letter < 127 or letter == 0xA9 for letter in kind):
            return
        yield kind, start, start + length
        start += length
