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

from stream_verifier.media.footage import ebml, isobmff, mpeg_audio, ogg, riff, transport
from stream_verifier.media.footage.extent import Extent
from stream_verifier.media.footage.stretch import bytes_at, find, size_of

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

_MARKS = ((b"ftyp", 4), (b"\x1a\x45\xdf\xa3", 0), (b"RIFF", 0), (b"OggS\0\x02", 0))
"""What recordings begin with that can be followed to their end, and how many bytes come before."""

_MOST_TRIED = 64
"""Places that look like a beginning and are none."""

_Walk = Callable[[BinaryIO, int, int], Extent]
"""From a file, where a recording starts and the file's size: how far it reaches."""

_WALKS: tuple[tuple[Callable[[bytes], bool], _Walk], ...] = (
    (isobmff.begins, isobmff.walk),
    (ebml.begins, lambda file, start, size: _walk_ebml(file, start, size)),
    (ogg.begins, ogg.walk),
    (riff.begins, riff.walk),
    (transport.begins, lambda file, start, size: _walk_transport(file, start, size)),
    (mpeg_audio.begins, mpeg_audio.walk),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One recording of a file.

    Attributes:
        start: its first byte.
        end: just past its last byte.
        missing: bytes that it says it has and that the file does not.
        noise: bytes in it that belong to nothing.
        trailing: bytes behind it that begin no other recording.
    """

    start: int
    end: int
    missing: int = 0
    noise: int = 0
    trailing: int = 0


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
        extent = (walk or _scan)(file, start, size)
        follows = start < extent.end < size and _walker(
            bytes_at(file, extent.end, transport.SNIFF_BYTES)
        )
        end = extent.end if follows else size
        trailing = 0 if follows else max(0, size - extent.end)
        parts.append(Part(start, end, extent.missing, extent.noise, trailing))
        start = end
    return parts


def _walker(head: bytes) -> _Walk | None:
    for begins, walk in _WALKS:
        if begins(head):
            return walk
    return _scan if head.startswith(_MAGIC) else None


def _walk_transport(file: BinaryIO, start: int, size: int) -> Extent:
    return transport.walk(file, start, size, other=lambda head: _walker(head) is not None)


def _walk_ebml(file: BinaryIO, start: int, size: int) -> Extent:
    if not ebml.is_open(file, start, size):
        return ebml.walk(file, start, size)
    others = (mark for mark in _MARKS if not ebml.begins(mark[0]))
    return ebml.walk(file, start, min(_sure(file, mark, start + 1, size) for mark in others))


def _scan(file: BinaryIO, start: int, size: int) -> Extent:
    """Of a format that does not tell where it ends: up to where another one surely begins."""
    found = [find(file, magic, start + len(magic), size) for magic in _MAGIC]
    end = min((at for at in found if at >= 0), default=size)
    return Extent(min((_sure(file, mark, start + 1, end) for mark in _MARKS), default=end))


def _sure(file: BinaryIO, mark: tuple[bytes, int], start: int, end: int) -> int:
    """Where the first recording with this mark begins that reaches as far as it says."""
    pattern, before = mark
    for _ in range(_MOST_TRIED):
        if (found := find(file, pattern, start, end)) < 0:
            break
        at = found - before
        walk = _walker(bytes_at(file, at, transport.SNIFF_BYTES))
        if walk not in (None, _scan):
            extent = walk(file, at, size_of(file))
            if not extent.missing and not extent.noise:
                return at
        start = found + 1
    return end
