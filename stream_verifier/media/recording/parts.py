"""Where recordings begin and end within one file.

Recordings are joined by writing one behind the other, on purpose or by a recorder that starts
again. Most demuxers read the first and stop without a word, so each is found here and gets a
demuxer of its own. A file is cut only where another recording visibly begins; whatever else lies
behind a recording stays with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from stream_verifier.media.recording import ebml, isobmff, ogg, riff, transport
from stream_verifier.media.recording.stretch import bytes_at, find, size_of

_HEAD_BYTES = 16
_MAGIC = (
    b"#!AMR\n",
    b"#!AMR-WB\n",
    b"fLaC\0\0\0\x22",
    b"FLV\x01\x01\0\0\0\x09\0\0\0\0",
    b"FLV\x01\x04\0\0\0\x09\0\0\0\0",
    b"FLV\x01\x05\0\0\0\x09\0\0\0\0",
    b"caff\0\x01\0\0desc",
    bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
)
"""First bytes of formats whose recordings are told apart by nothing but these."""

_Walk = Callable[[BinaryIO, int, int], tuple[int, int]]
"""From a file, where a recording starts and the file's size: its end, and how many bytes it lacks.

The end is that of the file where no other recording follows.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One recording of a file.

    Attributes:
        start: its first byte.
        end: just past its last byte.
        missing: bytes that it says it has and that the file does not.
    """

    start: int
    end: int
    missing: int = 0


def find_parts(file: BinaryIO) -> list[Part]:
    """Return the recordings in a file, in order; at least one.

    Args:
        file: open for reading, seekable.
    """
    size = size_of(file)
    parts: list[Part] = []
    start = 0
    while start < size or not parts:
        walk = _walker(bytes_at(file, start, transport.SNIFF_BYTES))
        end, missing = (size, 0) if walk is None else walk(file, start, size)
        end = size if end <= start else end
        parts.append(Part(start, end, missing))
        start = end
    return parts


def _walker(head: bytes) -> _Walk | None:
    for room in (isobmff, ebml, ogg, riff, transport):
        if room.begins(head):
            return room.walk
    for magic in _MAGIC:
        if head.startswith(magic):
            return lambda file, start, size: _scan(file, start, size, magic)
    return None


def _scan(file: BinaryIO, start: int, size: int, magic: bytes) -> tuple[int, int]:
    found = find(file, magic, start + len(magic), size)
    return (size if found < 0 else found), 0
