"""Where a test's store lies: in a file, or in a database of a server, under one path.

A store on a server has its ledger at the path like any other, and in the place of the database a
small file that names it, so that tests and processes they start go to it by the path.
"""

from __future__ import annotations

import asyncio
import re
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from benchmarks.postgres_server import OWNER, PostgresServer
from tests.support.postgres_server import needs_postgres

EVERYWHERE = ["file", pytest.param("server", marks=needs_postgres)]
"""Parameters of a fixture that gives a store's path; see `place`."""

in_a_file = pytest.mark.parametrize("path", ["file"], indirect=True)
"""For what only a file can suffer."""

_DRIVER = "postgresql+asyncpg"


def place(request: pytest.FixtureRequest, path: Path, kind: str | None = None) -> Path:
    """The path, with an empty database of the tests' server under it if the kind is "server".

    Args:
        request: of the fixture whose parameter is the kind, or of a test.
        path: where.
        kind: one of `EVERYWHERE`; by default the fixture's parameter.
    """
    if (request.param if kind is None else kind) == "server":
        put_on_server(path, request.getfixturevalue("postgres"))
    return path


def put_on_server(path: Path, server: PostgresServer) -> Path:
    """Let a store's path mean an empty database of a server."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _name_of(path).write_text(server.new_place())
    return path


def url_of(path: Path) -> str:
    """The URL of the store at a path."""
    name = _name_of(path)
    return name.read_text() if name.exists() else f"sqlite+aiosqlite:///{path}"


def is_on_server(path: Path) -> bool:
    """Whether it lies on a server."""
    return _name_of(path).exists()


def copy_database(path: Path, *, to: Path) -> None:
    """Copy the tables of a store on a server to a schema of its own, and name it at a path."""
    url = make_url(url_of(path))
    copied = f"copy{uuid.uuid4().hex}"
    owner = url.set(username=OWNER).render_as_string()
    ask(owner, f"CREATE ROLE {copied} LOGIN")
    ask(owner, f"CREATE SCHEMA {copied} AUTHORIZATION {copied}")
    _name_of(to).write_text(url.set(username=copied).render_as_string())
    fill_database(path, to=to)


def fill_database(path: Path, *, to: Path) -> None:
    """Put the tables of one store on a server in the place of another's."""
    url = make_url(url_of(path))
    source, target = url.username, make_url(url_of(to)).username
    owner = url.set(username=OWNER).render_as_string()
    for (table,) in ask(owner, f"SELECT tablename FROM pg_tables WHERE schemaname = '{source}'"):
        there = f"{target}.{table}"
        ask(owner, f"DROP TABLE IF EXISTS {there}")
        ask(owner, f"CREATE TABLE {there} (LIKE {source}.{table} INCLUDING ALL)")
        ask(owner, f"INSERT INTO {there} SELECT * FROM {source}.{table}")
        ask(owner, f"ALTER TABLE {there} OWNER TO {target}")


def ask(url: str, sql: str, *values: object) -> list[Any]:
    """Run a statement as SQLite spells it, from outside of the program; return its rows."""
    numbers = iter(range(1, 100))
    sql = re.sub(r"\?", lambda _: f"${next(numbers)}", sql)
    sql = re.sub(r"x'([0-9a-f]*)'", r"'\\x\1'::bytea", sql)
    found: list[Any] = []
    # A loop of its own: most callers run in one already.
    thread = threading.Thread(target=lambda: found.append(_outcome(url, sql, values)))
    thread.start()
    thread.join()
    if isinstance(found[0], BaseException):
        raise found[0]
    return list(found[0])


def _outcome(url: str, sql: str, values: Sequence[object]) -> Any:
    try:
        return asyncio.run(_ask(url, sql, values))
    except Exception as error:
        return error


async def _ask(url: str, sql: str, values: Sequence[object]) -> Any:
    import asyncpg

    connection = await asyncpg.connect(url.replace(_DRIVER, "postgresql"), timeout=30)
    try:
        return await connection.fetch(sql, *values)
    finally:
        await connection.close()


def _name_of(path: Path) -> Path:
    return path.with_suffix(".url")
