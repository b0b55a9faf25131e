"""The database behind the store: opening it, and saying what is wrong with it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Dialect, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_only

from stream_verifier.errors import SettingsError, StoreError
from stream_verifier.identities.private_file import disk_remedy, open_private, private_folder

BUSY_TIMEOUT_S = 10.0
QUEUE_TIMEOUT_S = 30.0
CLOSE_TIMEOUT_S = 3.0
CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 15.0
"""For one statement of a server, a list of everybody among them."""

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
_NO_URL = (
    "The store URL cannot be used: write it like postgresql+asyncpg://user:password@host/database "
    "or sqlite+aiosqlite:///path/to/file.db"
)
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
"""What is taken where a URL names none, as those do that providers give."""
_UNREACHABLE = (
    "the database cannot be reached: check that it runs and that this machine may connect"
)
_STATE_REMEDIES = {
    "08": _UNREACHABLE,
    "25006": "it cannot be written: name the server that may write, not its replica",
    "28": "the database refuses this user: check name and password in its URL",
    "3D": "the database is not there: make it, or name another one",
    "40": "others changed it at the same moment: try again",
    "42501": "this user may not do that: let it make and change tables in its schema",
    "42P01": "its tables are not there: name the database that has them, or start the servers anew",
    "53100": "the disk is full: free some space and try again",
    "53300": "the database takes no more connections: let it take more, or run fewer servers",
    "55P03": "another server keeps it locked: end that server or try again",
    "57014": "it did not finish in time: let statements of this user take longer there",
    "57P": _UNREACHABLE,
}
"""By the beginning of SQLSTATE, the longest that fits."""


def open_engine(url: str) -> AsyncEngine:
    """Make the engine of a database URL; nothing is opened yet.

    Raises:
        SettingsError: the URL cannot be read, or its driver is not installed.
    """
    parsed = _read(url)
    try:
        parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        engine = create_async_engine(parsed, hide_parameters=True, **_engine_options(parsed))
    except (ArgumentError, InvalidRequestError, ValueError) as error:
        raise SettingsError(_NO_URL) from error
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"The store URL needs the Python package {error.name}: install it."
        ) from error
    if _is_sqlite(parsed):
        event.listen(engine.sync_engine, "do_connect", _open_or_end)
    if _is_postgres(parsed):
        event.listen(engine.sync_engine, "connect", _set_patience)
        event.listen(engine.sync_engine, "handle_error", _leave_the_silent)
    return engine


def database_file(url: str) -> Path | None:
    """The file of a SQLite database; None of any other, and of one in memory.

    Raises:
        SettingsError: the URL cannot be read.
    """
    return _file_of(_read(url))


def _read(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise SettingsError(_NO_URL) from error


def _file_of(url: URL) -> Path | None:
    if not _is_sqlite(url) or not url.database:
        return None
    if url.database == ":memory:" or url.database.startswith("file:"):
        return None
    return Path(url.database)


def claim_file(url: URL) -> None:
    """Make a SQLite database file, or keep the one there, for its owner's eyes only.

    Raises:
        OSError: it cannot be made.
    """
    path = _file_of(url)
    if path is None:
        return
    private_folder(path.parent)
    os.close(open_private(path))
    path.chmod(0o600)


def queue_timeout_s(url: URL) -> float | None:
    """How long a change may wait for others of its process; None: a file gets to each in time."""
    return None if _is_sqlite(url) else QUEUE_TIMEOUT_S


def is_in_memory(url: URL) -> bool:
    """Whether the database ends with its process."""
    return _is_sqlite(url) and url.database in (None, "", ":memory:")


@contextmanager
def store_errors(url: URL) -> Iterator[None]:
    """Turn what the database raises into ``StoreError`` with a remedy."""
    # Not even the log is told where a server is and who may use it.
    where = str(_file_of(url) or f"in {url.get_backend_name()}")

    def failed(why: str) -> StoreError:
        return StoreError(f"The identity store {where} {why}.", where=where)

    try:
        yield
    except DBAPIError as error:
        raise failed(f"failed: {_remedy(error)}") from error
    except SQLAlchemyError as error:
        raise failed(f"failed: {type(error).__name__}") from error
    except _driver_errors() as error:
        raise failed(f"failed: {_remedy_of(error)}") from error
    except OSError as error:
        if _file_of(url) is None:  # TimeoutError is one, too
            raise failed(f"failed: {_UNREACHABLE}") from error
        otherwise = "let this user write the file and its directory, or name another place"
        why = f"cannot be opened ({error.strerror}): {disk_remedy(error, otherwise)}"
        raise failed(why) from error


def _engine_options(url: URL) -> dict[str, object]:
    if not _is_sqlite(url):
        return {
            "pool_pre_ping": True,
            "pool_timeout": BUSY_TIMEOUT_S,
            "connect_args": _bounds(url),
        }
    connect_args = {"timeout": BUSY_TIMEOUT_S}
    options: dict[str, object] = {"connect_args": connect_args}
    if _file_of(url) is not None:
        # A connection per use leaves no thread and no page cache with deleted data behind.
        options["poolclass"] = NullPool
    return options


def _bounds(url: URL) -> dict[str, object]:
    """How long the driver waits for a server that says nothing any more."""
    if url.get_driver_name() != "asyncpg":
        return {}
    return {"timeout": CONNECT_TIMEOUT_S, "command_timeout": COMMAND_TIMEOUT_S}


def _set_patience(connection: Any, _record: object) -> None:
    """Have the server bound waits for locks, and notice soon that whoever holds one is gone."""
    wanted = {
        "lock_timeout": f"{BUSY_TIMEOUT_S:g}s",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    }
    asked = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in wanted.items())
    cursor = connection.cursor()
    cursor.execute(f"SELECT {asked}")
    cursor.close()
    connection.commit()


def _leave_the_silent(context: ExceptionContext) -> None:
    """Give up a connection on which an answer did not come: the next one might wait behind it."""
    if isinstance(context.original_exception, OSError):
        context.is_disconnect = True


class _Opening:
    """Opens one SQLite connection, and knows the thread that does."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def __call__(self, *args: Any, **options: Any) -> _Connection:
        self._thread = threading.current_thread()
        return _Connection(*args, **options)

    def wait(self) -> None:
        """Until that thread has ended."""
        if self._thread is not None:
            self._thread.join()


def _open_or_end(dialect: Dialect, _record: object, args: Any, options: dict[str, Any]) -> Any:
    """Open a connection; where that fails, its thread has ended before anybody is told.

    The driver lets go of that thread, which reports to the event loop once more: too late for one
    that is closed by then, as a command's is.
    """
    opening = _Opening()
    try:
        return dialect.connect(*args, factory=opening, **options)
    except sqlite3.Error:
        await_only(asyncio.to_thread(opening.wait))
        raise


class _Connection(sqlite3.Connection):
    """One with our pragmas; set while it opens, they cost its thread no call of their own."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        try:
            # No WAL: it would keep deleted pages until a checkpoint, which any reader can hold off.
            for pragma in ("journal_mode=DELETE", "secure_delete=ON", "temp_store=MEMORY"):
                self.execute(f"PRAGMA {pragma}").close()
        except sqlite3.Error:
            self.close()  # nobody else gets hold of it
            raise


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _is_postgres(url: URL) -> bool:
    return url.get_backend_name() == "postgresql"


def _driver_errors() -> tuple[type[Exception], ...]:
    """What asyncpg raises while it connects, which SQLAlchemy leaves as it is."""
    driver = sys.modules.get("asyncpg")
    return () if driver is None else (driver.PostgresError, driver.InterfaceError)


def _remedy(error: DBAPIError) -> str:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if error.connection_invalidated:
        return _UNREACHABLE
    if state:
        return _of_state(state)
    name = str(getattr(error.orig, "sqlite_errorname", ""))
    for prefix, remedy in _SQLITE_REMEDIES.items():
        if name.startswith(prefix):
            return remedy
    reason = name or type(error.orig).__name__
    return f"{reason}: check that the database is there and can be reached"


def _remedy_of(error: Exception) -> str:
    return _of_state(str(getattr(error, "sqlstate", None) or "08"))


def _of_state(state: str) -> str:
    for beginning in sorted(_STATE_REMEDIES, key=len, reverse=True):
        if state.startswith(beginning):
            return _STATE_REMEDIES[beginning]
    return f"SQLSTATE {state}: look into the database's log"
