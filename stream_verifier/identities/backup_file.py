"""The file of a backup: lines, sealed in order and to their end under a key that a master wraps."""

from __future__ import annotations

import json
import os
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stream_verifier.errors import BackupError, KeyMismatchError, RefusedRecordError
from stream_verifier.identities.keyring import KeyRing
from stream_verifier.identities.private_file import create_private, put_if_new, to_disk
from stream_verifier.identities.vault import new_key

_MAGIC = b"stream-verifier-backup-1"
_MAX_HEADER_BYTES = 1024
_CHUNK_BYTES = 1 << 18
_TAG_BYTES = 16
_LENGTH = struct.Struct(">I")


class BackupWriter:
    """Writes lines into a new file, which appears under its name when all of it is on the disk.

    In the STREAM construction (Hoang et al. 2015): AES-256-GCM under a data key of this file, the
    nonces count pieces and mark the last one, so that none can be changed, moved, left out or cut.

    Args:
        path: where; its directory must be there.
        ring: has the key to wrap with.
        key_id: which of them.
        replace: whether it may take the place of a file.

    Raises:
        BackupError: the file is there, or cannot be written; no half of one is left.
        StoreError: the key's device did not wrap.
    """

    def __init__(self, path: Path, ring: KeyRing, key_id: str, *, replace: bool) -> None:
        self._path, self._replace = path, replace
        if path.exists() and not replace:
            raise _there(path)
        data_key = new_key()
        wrapped = ring.get(key_id).wrap(data_key, _context(key_id))
        self._header = b"%b %b %b\n" % (_MAGIC, key_id.encode(), wrapped.hex().encode())
        self._cipher = AESGCM(data_key)
        self._draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        self._waiting = bytearray()
        self._count = 0

    def __enter__(self) -> Self:
        with _errors(self._path, "written"):
            self._file = create_private(self._draft)
            self._file.write(self._header)
        return self

    def write(self, line: bytes) -> None:
        """Add a line, which holds no line end."""
        self._waiting += line + b"\n"
        with _errors(self._path, "written"):
            while len(self._waiting) > _CHUNK_BYTES:
                self._piece(bytes(self._waiting[:_CHUNK_BYTES]), last=False)
                del self._waiting[:_CHUNK_BYTES]

    def __exit__(
        self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        try:
            with _errors(self._path, "written"), self._file:
                if kind is None:
                    self._piece(bytes(self._waiting), last=True)
                    to_disk(self._file)
                    self._put_in_place()
        finally:
            self._draft.unlink(missing_ok=True)

    def _put_in_place(self) -> None:
        if self._replace:
            os.replace(self._draft, self._path)
            return
        try:
            put_if_new(self._draft, self._path)
        except FileExistsError:
            raise _there(self._path) from None

    def _piece(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._count, last=last), plain, self._header)
        self._count += 1
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)


def read_backup(path: Path, ring: KeyRing) -> Iterator[bytes]:
    """The lines of a file that :class:`BackupWriter` wrote, each after it was checked.

    Raises:
        BackupError: it is no backup, cannot be read, or was changed or cut; what came before was
            as it was written.
        KeyMismatchError: it is under a key that is not here.
        StoreError: the key's device failed.
    """
    with _errors(path, "read"), path.open("rb") as file:
        header = file.readline(_MAX_HEADER_BYTES)
        cipher = AESGCM(_data_key(path, header, ring))
        waiting = b""
        for plain in _pieces(path, file, cipher, header):
            *lines, waiting = (waiting + plain).split(b"\n")
            yield from lines


def _pieces(path: Path, file: BufferedReader, cipher: AESGCM, header: bytes) -> Iterator[bytes]:
    count, last = 0, False
    while not last:
        length = file.read(_LENGTH.size)
        size = _LENGTH.unpack(length)[0] if len(length) == _LENGTH.size else 0
        if not _TAG_BYTES <= size <= _CHUNK_BYTES + _TAG_BYTES:
            raise _damaged(path)
        sealed = file.read(size)
        last = not file.peek(1)  # where the file ends must be where its writer said so
        try:
            yield cipher.decrypt(_nonce(count, last=last), sealed, header)
        except InvalidTag as error:
            raise _damaged(path) from error
        count += 1


def _data_key(path: Path, header: bytes, ring: KeyRing) -> bytes:
    words = header.rstrip(b"\n").split(b" ")
    if len(words) != 3 or words[0] != _MAGIC or not header.endswith(b"\n"):
        raise BackupError(f"{path} is no backup of an identity store: name another file.")
    try:
        key_id, wrapped = words[1].decode("ascii"), bytes.fromhex(words[2].decode("ascii"))
        return ring.get(key_id).unwrap(wrapped, _context(key_id))
    except KeyMismatchError as error:
        raise KeyMismatchError(
            f"The backup {path} cannot be opened: it is under key {ascii(key_id)[1:-1][:20]}, "
            f"and the keys given are {', '.join(ring.ids)}. Please give back the key that it was "
            "made with, as an old key (STREAM_VERIFIER_OLD_KEYS). The store here stays as it is."
        ) from error
    except (RefusedRecordError, ValueError) as error:
        raise _damaged(path) from error


def _nonce(count: int, *, last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([last])


def _context(key_id: str) -> bytes:
    return json.dumps(["backup 1", key_id]).encode()


def _there(path: Path) -> BackupError:
    return BackupError(f"{path} is there already: name another file, or replace it with --force.")


def _damaged(path: Path) -> BackupError:
    return BackupError(f"The backup {path} is damaged, cut short or was changed: use another one.")


@contextmanager
def _errors(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"The backup {path} cannot be {verb} ({error.strerror}): check place, rights and room."
        ) from error
