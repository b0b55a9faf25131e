"""The database behind the store: opening it, and saying what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from stream_verifier.errors import SettingsError, StoreError

BUSY_TIMEOUT_S = 10.0

_SQLITE_REMEDIES = {
    "SQLITE_READONLY": "it cannot be written: let this user write the file and its directory",
    "SQLITE_FULL": "the disk is full: free some space and try again",
    "SQLITE_CORRUPT": "it is damaged: put a backup back, or move it away and enrol again",
    "SQLITE_NOTADB": "it is no SQLite database: name another file, or move this one away",
    "SQLITE_BUSY": "another program keeps it locked: end that program or try again",
    "SQLITE_LOCKED": "another program keeps it locked: end that program or try again",
    "SQLITE_CANTOPEN": "it cannot be opened: check that its directory exists and may be used",
    "SQLITE_IOERR": "the disk fails to read or write: check the disk and its free space",
}


def open_engine(url: str) -> AsyncEngine:
    """Make the engine of a database URL; nothing is opened yet.

    Raises:
        SettingsError: the URL cannot be read, or its driver is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername == "sqlite":
            parsed = parsed.set(drivername="sqlite+aiosqlite")
        engine = create_async_engine(parsed, hide_parameters=True, **_engine_options(parsed))
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise SettingsError(
            "The store URL cannot be read: write it like sqlite+aiosqlite:///path/to/file.db"
        ) from error
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"The store URL needs the Python package {error.name}: install it."
        ) from error
    if _is_sqlite(parsed):
        event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def claim_file(url: URL) -> None:
    """Make a SQLite database file, or keep the one there, for its owner's eyes only.

    Raises:
        OSError: it cannot be made.
    """
    path = _file_of(url)
    if path is None:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def is_in_memory(url: URL) -> bool:
    """Whether the database ends with its process."""
    return _is_sqlite(url) and url.database in (None, "", ":memory:")


@contextmanager
def store_errors(url: URL) -> Iterator[None]:
    """Turn what the database raises into ``StoreError`` with a remedy."""
    where = str(_file_of(url) or url.render_as_string(hide_password=True))
    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"The identity store {where} failed: {_remedy(error)}.") from error
    except SQLAlchemyError as error:
        raise StoreError(f"The identity store {where} failed: {type(error).__name__}.") from error
    except OSError as error:
        raise StoreError(
            f"The identity store {where} cannot be opened ({error.strerror}): "
            "let this user write the file and its directory, or name another place."
        ) from error


def _engine_options(url: URL) -> dict[str, object]:
    if not _is_sqlite(url):
        return {"pool_pre_ping": True}
    options: dict[str, object] = {"connect_args": {"timeout": BUSY_TIMEOUT_S}}
    if _file_of(url) is not None:
        # A connection per use leaves no thread and no page cache with deleted data behind.
        options["poolclass"] = NullPool
    return options


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # No WAL: it would keep deleted pages until a checkpoint, which any reader can hold off.
    for pragma in ("journal_mode=DELETE", "secure_delete=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _file_of(url: URL) -> Path | None:
    if not _is_sqlite(url) or not url.database:
        return None
    if url.database == ":memory:" or url.database.startswith("file:"):
        return None
    return Path(url.database)


def _remedy(error: DBAPIError) -> str:
    name = str(getattr(error.orig, "sqlite_errorname", ""))
    for prefix, remedy in _SQLITE_REMEDIES.items():
        if name.startswith(prefix):
            return remedy
    reason = name or type(error.orig).__name__
    return f"{reason}: check that the database is there and can be reached"
