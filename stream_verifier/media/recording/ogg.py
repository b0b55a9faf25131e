"""Pages of Ogg (RFC 3533), as far as to see where a link of a chain ends."""

from __future__ import annotations

from typing import BinaryIO

from stream_verifier.media.recording.stretch import bytes_at, find

_CAPTURE = b"OggS"
_FIRST_PAGE = 0x02


def begins(head: bytes) -> bool:
    """Whether ``head``, 4 bytes or more, begins such a file."""
    return head.startswith(_CAPTURE)


def walk(file: BinaryIO, start: int, size: int) -> tuple[int, int]:
    """Return where the link that begins at ``start`` ends, and how many bytes it lacks."""
    at, data_seen = start, False
    while 0 <= at < size:
        head = bytes_at(file, at, 27 + 255)
        if not head.startswith(_CAPTURE):
            at = find(file, _CAPTURE, at, size)  # damage inside: the demuxer finds the same page
            continue
        first = bool(head[5] & _FIRST_PAGE) if len(head) > 5 else False
        if first and data_seen:
            return at, 0
        data_seen |= not first
        lacing = head[27 : 27 + head[26]] if len(head) > 26 else b""
        end = at + 27 + (head[26] if len(head) > 26 else 0) + sum(lacing)
        if end > size:
            return size, end - size
        at = end
    return size, 0
