"""Where the ledger lies: a file beside the key's, written so that no crash can tear it."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Protocol

from stream_verifier.errors import KeyMismatchError, LedgerError, RefusedRecordError
from stream_verifier.identities.ledger import HEADER_BYTES, Ledger, Written, from_bytes, to_bytes
from stream_verifier.identities.part_files import PartFiles
from stream_verifier.identities.private_file import (
    disk_remedy,
    open_private,
    private_folder,
    put_in_place,
    write_private,
)
from stream_verifier.identities.vault import Vault, sign_with

_HOW_TO_ACCEPT = (
    "If it is lost, look through who is enrolled and accept the store as it is with  "
    "stream-verifier identities accept-restore"
)


class LedgerPlace(Protocol):
    """Keeps one ledger. Every method but ``try_lock`` blocks for as long as a disk does."""

    def try_lock(self) -> FileIO | None:
        """Take the lock that whoever changes store or ledger holds; None while another has it.

        It is given back by closing what is returned.
        """
        ...

    def read(self) -> Ledger | None:
        """The ledger, the same object while nothing changed; None where there is none.

        The vault learns of the store's secret and key by it.
        """
        ...

    def read_old(self) -> Ledger | None:
        """A ledger of a release before wrapped keys; None where there is another, or none."""
        ...

    def write(self, ledger: Ledger) -> None:
        """Put another in its place, all or nothing."""
        ...

    def begin(self, ledger: Ledger, settled: Ledger) -> None:
        """Write one with a change under way, and prepare the one for when it came about."""
        ...

    def finish(self) -> None:
        """Put in place what was prepared; needs no room on the disk."""
        ...

    def sweep(self) -> None:
        """Remove parts that no ledger names any more, as a crash may leave them; under the lock."""
        ...

    def set_aside(self) -> None:
        """Move one that cannot be read out of the way."""
        ...

    def tidy(self) -> None:
        """Remove all but the ledger itself: drafts that a crash left, and what was set aside."""
        ...

    def missing(self) -> LedgerError:
        """The error about records without a ledger."""
        ...


class LedgerFile:
    """A ledger in a file and its parts, shared by all processes of this machine that use the store.

    Args:
        path: where; missing directories are made for this user alone (0700), the file too (0600).
            The parts lie in a directory beside it, of the same name and ``.d``.
        vault: signs it, and is told the store's secret and key as they are read.
    """

    def __init__(self, path: Path, vault: Vault) -> None:
        self._path = path
        self._vault = vault
        self._parts = PartFiles(self._beside("d"))
        # One value, since a reader that nobody waits for any more may still be at work.
        self._known: tuple[bytes, Ledger] | None = None
        self._next: Ledger | None = None

    def try_lock(self) -> FileIO | None:
        """See ``LedgerPlace``; a lock ends with its process, however that ends."""
        with self._errors("be locked"):
            private_folder(self._path.parent)
            # Not the ledger itself, which each change replaces by another file.
            lock = FileIO(open_private(self._beside("lock")), "r+")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                lock.close()
                if error.errno in (errno.EAGAIN, errno.EACCES):
                    return None
                raise
            return lock

    def read(self) -> Ledger | None:
        """See ``LedgerPlace``."""
        with self._errors("be read"):
            while True:
                try:
                    file = self._path.open("rb")
                except FileNotFoundError:
                    return None
                with file:
                    header = file.read(HEADER_BYTES)
                    known = self._known
                    # It holds a signature of the rest; a time stamp may stay the same.
                    if known is not None and known[0] == header:
                        return known[1]
                    content = header + file.read()
                try:
                    ledger = self._parse(content)
                except LedgerError:
                    if self._header() == header:
                        raise
                    continue  # another one is in its place, and parts of this one are gone
                self._parts.remember(ledger.live)
                self._known = header, ledger
                return ledger

    def read_old(self) -> Ledger | None:
        """See ``LedgerPlace``."""
        with self._errors("be read"):
            content = self._path.read_bytes() if self._path.exists() else b""
        if not content:
            return None
        with self._refused():
            written = from_bytes(content)
            if not written.old:
                return None
            return written.checked(
                self._vault.ring.legacy(written.key_ids[0]).sign, self._parts.load
            )

    def write(self, ledger: Ledger) -> None:
        """See ``LedgerPlace``."""
        with self._errors("be written"):
            self._parts.write(ledger.live)
            self._draft("draft", ledger)
            self._put_in_place("draft")
            self._parts.keep(ledger.live)

    def begin(self, ledger: Ledger, settled: Ledger) -> None:
        """See ``LedgerPlace``."""
        with self._errors("be written"):
            try:
                self._parts.write(settled.live)
                self._draft("next", settled)
                self._draft("draft", ledger)
                self._put_in_place("draft")
            except OSError:
                self._beside("next").unlink(missing_ok=True)
                self._parts.keep(ledger.live)
                raise
            self._next = settled

    def finish(self) -> None:
        """See ``LedgerPlace``."""
        with self._errors("be written"):
            self._put_in_place("next")
            if self._next is not None:
                self._parts.keep(self._next.live)

    def sweep(self) -> None:
        """See ``LedgerPlace``."""
        try:
            ledger = self.read()
        except LedgerError:
            return  # nobody knows which ones it needs
        with self._errors("be tidied up"):
            if ledger is not None:
                self._parts.keep(ledger.live)

    def set_aside(self) -> None:
        """See ``LedgerPlace``."""
        with self._errors("be moved"):
            if self._path.exists():
                os.replace(self._path, self._beside("unreadable"))

    def tidy(self) -> None:
        """See ``LedgerPlace``."""
        with self._errors("be tidied up"):
            for ending in ("draft", "next", "unreadable"):
                self._beside(ending).unlink(missing_ok=True)

    def missing(self) -> LedgerError:
        """See ``LedgerPlace``."""
        return LedgerError(
            f"The ledger {self._path} of the identity store is missing, so nobody can tell whether "
            f"the store is an older copy: put the ledger back. {_HOW_TO_ACCEPT}.",
            where=str(self._path),
        )

    def _parse(self, content: bytes) -> Ledger:
        with self._refused():
            written = from_bytes(content)
            if written.old:
                raise LedgerError("it is of an older release than the store")
            secret = self._secret(written)
            ledger = written.checked(lambda signed: sign_with(secret, signed), self._parts.load)
        self._vault.adopt(secret, (written.key_ids[0], written.secret))
        self._vault.key_ids = written.key_ids
        return ledger

    def _header(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                return file.read(HEADER_BYTES)
        except FileNotFoundError:
            return b""

    def _secret(self, written: Written) -> bytes:
        try:
            return self._vault.unwrap_secret(written.key_ids[0], written.secret)
        except RefusedRecordError as error:
            raise LedgerError("it is damaged or was changed") from error

    @contextmanager
    def _refused(self) -> Iterator[None]:
        try:
            yield
        except KeyMismatchError as error:
            raise KeyMismatchError(
                f"The ledger {self._path} cannot be read. {error}", where=str(self._path)
            ) from error
        except LedgerError as error:
            raise LedgerError(
                f"The ledger {self._path} of the identity store is of no use, {error}: put the "
                f"right one back. {_HOW_TO_ACCEPT}.",
                where=str(self._path),
            ) from error

    def _draft(self, ending: str, ledger: Ledger) -> None:
        draft = self._beside(ending)
        vault = self._vault
        secret = vault.wrapped_secret(vault.key_id)
        content = to_bytes(ledger, key_ids=vault.key_ids, secret=secret, sign=vault.sign)
        write_private(draft, content)

    def _put_in_place(self, ending: str) -> None:
        draft = self._beside(ending)
        try:
            put_in_place(draft, self._path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def _beside(self, ending: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{ending}")

    @contextmanager
    def _errors(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            otherwise = "let this user write the file and its directory, or name another place"
            raise LedgerError(
                f"The ledger {self._path} of the identity store cannot {verb} ({error.strerror}): "
                f"{disk_remedy(error, otherwise)}.",
                where=str(self._path),
            ) from error


class LedgerInMemory:
    """The ledger of a database in memory, which no copy of a file can bring back."""

    def __init__(self) -> None:
        self._ledger: Ledger | None = None
        self._next: Ledger | None = None

    def try_lock(self) -> FileIO | None:
        """See ``LedgerPlace``; nobody else knows this database."""
        return FileIO(os.devnull)

    def read(self) -> Ledger | None:
        """See ``LedgerPlace``."""
        return self._ledger

    def read_old(self) -> None:
        """See ``LedgerPlace``."""

    def write(self, ledger: Ledger) -> None:
        """See ``LedgerPlace``."""
        self._ledger = ledger

    def begin(self, ledger: Ledger, settled: Ledger) -> None:
        """See ``LedgerPlace``."""
        self._ledger, self._next = ledger, settled

    def finish(self) -> None:
        """See ``LedgerPlace``."""
        self._ledger = self._next

    def sweep(self) -> None:
        """See ``LedgerPlace``."""

    def set_aside(self) -> None:
        """See ``LedgerPlace``."""

    def tidy(self) -> None:
        """See ``LedgerPlace``."""

    def missing(self) -> LedgerError:
        """See ``LedgerPlace``."""
        return LedgerError("The ledger of the identity store in memory is missing.")
