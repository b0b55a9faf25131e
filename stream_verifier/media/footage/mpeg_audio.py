"""Tags and the first frame of MP3, as far as to see where a recording ends."""

from __future__ import annotations

from typing import BinaryIO

from stream_verifier.media.footage.extent import Extent
from stream_verifier.media.footage.stretch import bytes_at, find

_TAG = b"ID3"
_TAGS = (b"ID3\x03\0", b"ID3\x04\0")
_SUMMARY_BYTES = 200
_HAS_FRAMES, _HAS_BYTES = 1, 2


def begins(head: bytes) -> bool:
    """Whether ``head``, 10 bytes or more, begins such a file."""
    return head.startswith(_TAG) or (head[:1] == b"\xff" and head[1] & 0xE6 == 0xE2)


def walk(file: BinaryIO, start: int, size: int) -> Extent:
    """Return how far the recording reaches that begins at ``start``."""
    sound = start + _tag_bytes(bytes_at(file, start, 10))
    end = min(_next_tag(file, tag, sound + 1, size) for tag in _TAGS)
    said = _said_bytes(bytes_at(file, sound, _SUMMARY_BYTES))
    return Extent(end, missing=max(0, sound + said - end))


def _tag_bytes(head: bytes) -> int:
    if not head.startswith(_TAG) or len(head) < 10 or max(head[6:10]) > 0x7F:
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte
    return 10 + length + (10 if head[5] & 0x10 else 0)


def _next_tag(file: BinaryIO, tag: bytes, start: int, size: int) -> int:
    while (found := find(file, tag, start, size)) >= 0:
        if _tag_bytes(bytes_at(file, found, 10)) > 10:
            return found
        start = found + 1
    return size


def _said_bytes(frame: bytes) -> int:
    """How many bytes of sound an encoder's summary (Xing, Info) says there are; 0 without one."""
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0:
        return 0
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    if not flags & _HAS_BYTES:
        return 0
    at += 8 + (4 if flags & _HAS_FRAMES else 0)
    return int.from_bytes(frame[at : at + 4], "big")
