"""Edits boxes of an MP4 whose index lies behind its media, so that nothing else has to move."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.media.making import Make, written

_SAMPLE_ENTRY_BYTES = {b"stsd": 8, b"avc1": 78}
"""What comes in a box before the boxes in it, of those that have such."""


def with_box(out: str, file: str, path: str, change: Callable[[bytes], bytes]) -> Make:
    """A maker that changes the boxes at a path, such as "moov/trak/edts", of every track.

    Args:
        out: what to write.
        file: an MP4.
        path: names of boxes, one in the other.
        change: the whole box to what comes in its place.
    """
    names = [name.encode() for name in path.split("/")]

    def make(folder: Path) -> None:
        data = (folder / file).read_bytes()
        written(out, _changed(data, names, change))(folder)

    return make


def box(name: str, content: bytes) -> bytes:
    """A box."""
    return (len(content) + 8).to_bytes(4, "big") + name.encode() + content


def _changed(data: bytes, names: list[bytes], change: Callable[[bytes], bytes]) -> bytes:
    done, at = b"", 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big") or len(data) - at
        whole, name = data[at : at + size], data[at + 4 : at + 8]
        if name == names[0] and len(names) == 1:
            whole = change(whole)
        elif name == names[0]:
            inside = 8 + _SAMPLE_ENTRY_BYTES.get(name, 0)
            whole = box(
                name.decode(), whole[8:inside] + _changed(whole[inside:], names[1:], change)
            )
        done, at = done + whole, at + size
    return done + data[at:]
