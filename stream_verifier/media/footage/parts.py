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

_Walk = Callable[[BinaryIO, int, int], Extent]
"""From a file, where a recording starts and the file's size: how far it reaches."""

_WALKS: tuple[tuple[Callable[[bytes], bool], _Walk], ...] = (
    (isobmff.begins, isobmff.walk),
    (ebml.begins, ebml.walk),
    (ogg.begins, ogg.walk),
    (riff.begins, riff.walk),
    (transport.begins, transport.walk),
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
        extent = Extent(size) if walk is None else walk(file, start, size)
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


def _scan(file: BinaryIO, start: int, size: int) -> Extent:
    found = [find(file, magic, start + len(magic), size) for magic in _MAGIC]
    return Extent(min((at for at in found if at >= 0), default=size))
