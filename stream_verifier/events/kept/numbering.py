"""Whose log a server goes on with, and up to where it may have counted: one small file.

A number is told before the event is kept, so that nobody waits for a disk. It is only ever told
out of a stretch that this file has set aside before, and a server that comes back after a crash
begins above that stretch: no number is given twice, whatever was lost.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import zlib
from pathlib import Path

from stream_verifier.errors import SettingsError, StoreError
from stream_verifier.identities.private_file import open_private, private_folder

_FORM = re.compile(rb"([0-9a-f]{16}) (\d{16}) ([0-9a-f]{8})\n")


class Numbering:
    """Held by one process at a time. Each method blocks for as long as a disk does.

    Args:
        path: where; made for its owner only.

    Attributes:
        epoch: names the log.
        reserved: no number above this was told.
    """

    def __init__(self, path: Path) -> None:
        self.epoch = ""
        self.reserved = 0
        self._path = path
        self._file: int | None = None

    def claim(self) -> None:
        """Take it, or make it; one that cannot be read begins another log.

        Raises:
            SettingsError: another process has it.
            StoreError: it cannot be read or made.
        """
        try:
            private_folder(self._path.parent)
            self._file = open_private(self._path)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise SettingsError(
                f"Another server keeps its events by {self._path}: end it, or give this one a "
                "STREAM_VERIFIER_DATA_DIR of its own."
            ) from None
        except OSError as error:
            self.release()
            raise self._failed(error) from error
        self.epoch, self.reserved = self._read() or (secrets.token_hex(8), 0)

    def reserve(self, through: int) -> None:
        """Set numbers aside, before any of them is told.

        Args:
            through: the highest; or, when all that was told is kept, the highest that was.

        Raises:
            StoreError: it cannot be written.
        """
        said = b"%b %016d" % (self.epoch.encode(), through)
        try:
            assert self._file is not None
            os.pwrite(self._file, b"%b %08x\n" % (said, zlib.crc32(said)), 0)
            os.fsync(self._file)
        except OSError as error:
            raise self._failed(error) from error
        self.reserved = through

    def release(self) -> None:
        """Let another process have it; harmless when said twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _read(self) -> tuple[str, int] | None:
        assert self._file is not None
        found = _FORM.fullmatch(os.pread(self._file, 64, 0))
        if found is None or zlib.crc32(found[0][:33]) != int(found[3], 16):
            return None
        return found[1].decode(), int(found[2])

    def _failed(self, error: OSError) -> StoreError:
        return StoreError(
            f"The file {self._path}, by which events are numbered, cannot be read or written "
            f"({error.strerror}): free some space and let this user write there.",
            where=str(self._path),
        )
