"""A stretch of a file as a file of its own, for demuxers that must see no more."""

from __future__ import annotations

import io
from typing import BinaryIO


class Stretch(io.RawIOBase):
    """Reads ``file`` from ``start`` to ``end`` as if nothing lay around it.

    The demuxer never learns the file's name, so that no name is taken for an address, a pattern
    or a protocol.

    Args:
        file: open for reading, seekable; stays open when this is closed.
        start: first byte.
        end: just past the last byte.
    """

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file = file
        self._start = start
        self._end = end
        self._at = start
        self.furthest = start

    def read(self, size: int = -1, /) -> bytes:
        """Read up to ``size`` bytes; all that is left where it is negative."""
        left = self._end - self._at
        self._file.seek(self._at)
        data = self._file.read(left if size < 0 else max(0, min(size, left)))
        self._at += len(data)
        self.furthest = max(self.furthest, self._at)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a byte of the stretch and return where that is."""
        base = {io.SEEK_SET: self._start, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = max(self._start, base + offset)
        return self.tell()

    def tell(self) -> int:
        """Return which byte of the stretch comes next."""
        return self._at - self._start

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True


def size_of(file: BinaryIO) -> int:
    """Return how many bytes a file has."""
    return file.seek(0, io.SEEK_END)


def bytes_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """Read up to ``size`` bytes from ``offset`` on."""
    file.seek(offset)
    return file.read(size)


def find(file: BinaryIO, pattern: bytes, start: int, end: int, *, step: int = 1 << 20) -> int:
    """Return where ``pattern`` occurs first in a file from ``start`` to ``end``; -1 if nowhere."""
    overlap = len(pattern) - 1
    while start + overlap < end:
        block = bytes_at(file, start, min(step + overlap, end - start))
        found = block.find(pattern)
        if found >= 0:
            return start + found
        if len(block) <= overlap:
            break
        start += len(block) - overlap
    return -1


def rfind(file: BinaryIO, pattern: bytes, start: int, end: int, *, step: int = 1 << 20) -> int:
    """Return where ``pattern`` occurs last in a file from ``start`` to ``end``; -1 if nowhere."""
    overlap = len(pattern) - 1
    while end - overlap > start:
        begin = max(start, end - step - overlap)
        found = bytes_at(file, begin, end - begin).rfind(pattern)
        if found >= 0:
            return begin + found
        end = begin + overlap
        if begin == start:
            break
    return -1
