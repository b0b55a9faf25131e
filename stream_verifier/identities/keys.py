"""Keys as text, from a setting or from a file; a file may hold older ones below the newest."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stream_verifier.errors import SettingsError
from stream_verifier.identities.private_file import (
    disk_remedy,
    private_folder,
    put_if_new,
    put_in_place,
    write_private,
)

KEY_BYTES = 32
_LEAST_DISTINCT = 16
"""Of 32 random bytes, fewer are alike than this once in more than 1e12 keys."""
_MAX_FILE_BYTES = 4096
_WITHOUT = {
    "store key": "Without it the stored references are lost: delete it and the store, and enrol "
    "again.",
    "audit key": "Without it the audit trail cannot go on: export that, delete the file, and begin "
    "a new one with  stream-verifier audit restart FILE",
}
_HOW_TO_MAKE = "Make one with:  stream-verifier key"


def new_key() -> str:
    """Make a key as text, for a setting or a file."""
    return _as_text(secrets.token_bytes(KEY_BYTES))


def derived_key(secret: bytes, info: bytes) -> bytes:
    """A key of 32 bytes for one purpose alone (HKDF-SHA256, RFC 5869).

    Args:
        secret: random bytes that it is derived from.
        info: names the purpose; each has another key.
    """
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(secret)


def parse_key(text: str, *, what: str = "store key") -> bytes:
    """Read a key given as text.

    Args:
        text: 32 bytes as base64url, with or without its padding.
        what: what the key is, for the message.

    Raises:
        SettingsError: anything else.
    """
    clean = text.strip().rstrip("=")
    try:
        key = base64.b64decode(clean + "=" * (-len(clean) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise SettingsError(f"The {what} is not base64url text. {_HOW_TO_MAKE}") from error
    if len(key) != KEY_BYTES:
        raise SettingsError(f"The {what} has {len(key)} bytes, not {KEY_BYTES}. {_HOW_TO_MAKE}")
    if len(set(key)) < _LEAST_DISTINCT:
        raise SettingsError(f"The {what} is no random key: anybody could guess it. {_HOW_TO_MAKE}")
    return key


def load_or_create_key(path: str | Path, *, what: str = "store key") -> bytes:
    """The first key of a file; see :func:`load_or_create_keys`."""
    return load_or_create_keys(path, what=what)[0]


def load_or_create_keys(path: str | Path, *, what: str = "store key") -> list[bytes]:
    """Read the key file, or make it on the first run.

    The new file appears complete and for its owner only (mode 0600, in a directory of mode
    0700 where that is missing too), so that two processes that start at once get one key.

    Args:
        path: where it is.
        what: what the key is, for the message.

    Returns:
        one key a line, 32 bytes each: the one in use or to change to, then older ones.

    Raises:
        SettingsError: the file can be read by others, holds no key, or cannot be made.
    """
    path = Path(path)
    try:
        if not path.exists():
            _create(path)
        return _load(path, what)
    except OSError as error:
        otherwise = "give this user access to it, or name another one"
        raise SettingsError(
            f"The key file {path} cannot be read or made ({error.strerror}): "
            f"{disk_remedy(error, otherwise)}."
        ) from error


def add_key(path: Path) -> None:
    """Put a new key above those in the file, all or nothing.

    Raises:
        SettingsError: the file cannot be read or written.
    """
    _rewrite(path, [new_key(), *map(_as_text, load_or_create_keys(path))])


def keep_first_key(path: Path) -> None:
    """Leave nothing in the file but its first key, all or nothing.

    Raises:
        SettingsError: the file cannot be read or written.
    """
    _rewrite(path, [_as_text(load_or_create_keys(path)[0])])


def _as_text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


def _load(path: Path, what: str) -> list[bytes]:
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise SettingsError(f"Others may read the key file {path}: run  chmod 600 {path}")
        content = file.read(_MAX_FILE_BYTES)
    try:
        return [parse_key(word) for word in content.decode("ascii").split() or [""]]
    except (SettingsError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The key file {path} is damaged: put the right one back. {_WITHOUT[what]}"
        ) from error


def _create(path: Path) -> None:
    private_folder(path.parent)
    draft = _draft(path)
    write_private(draft, _lines([new_key()]), new=True)
    try:
        put_if_new(draft, path)
    except FileExistsError:  # another process just made one
        pass
    finally:
        draft.unlink(missing_ok=True)


def _rewrite(path: Path, keys: Sequence[str]) -> None:
    draft = _draft(path)
    try:
        write_private(draft, _lines(keys), new=True)
        put_in_place(draft, path)
    except OSError as error:
        raise SettingsError(
            f"The key file {path} cannot be written ({error.strerror}), and nothing was changed: "
            f"{disk_remedy(error, 'let this user write its directory')}."
        ) from error


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def _lines(keys: Sequence[str]) -> bytes:
    return "".join(f"{key}\n" for key in keys).encode()
