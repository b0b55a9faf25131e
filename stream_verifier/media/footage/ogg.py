"""Pages of Ogg (RFC 3533), as far as to see where a link of a chain ends."""

from __future__ import annotations

from typing import BinaryIO

from stream_verifier.media.footage.extent import Extent
from stream_verifier.media.footage.stretch import bytes_at, find

_CAPTURE = b"OggS"
_FIRST_PAGE = 0x02
_HEADER_BYTES = 27


def begins(head: bytes) -> bool:
    """Whether ``head``, 4 bytes or more, begins such a file."""
    return head.startswith(_CAPTURE)


def walk(file: BinaryIO, start: int, size: int) -> Extent:
    """Return how far the link reaches that begins at ``start``."""
    at, data_seen, noise = start, False, 0
    while at < size:
        head = bytes_at(file, at, _HEADER_BYTES + 255)
        if not head.startswith(_CAPTURE):
            found = find(file, _CAPTURE, at, size)
            noise += (size if found < 0 else found) - at
            at = size if found < 0 else found
            continue
        if len(head) < _HEADER_BYTES:
            return Extent(size, missing=_HEADER_BYTES - len(head), noise=noise)
        first = bool(head[5] & _FIRST_PAGE)
        if first and data_seen:
            return Extent(at, noise=noise)
        data_seen |= not first
        at += _HEADER_BYTES + head[26] + sum(head[_HEADER_BYTES : _HEADER_BYTES + head[26]])
    return Extent(size, missing=at - size, noise=noise)
