"""Where a test's store lies: in a file, or in a database of a server, under one path.

A store on a server has its ledger at the path like any other, and in the place of the database a
small file that names it, so that tests and processes they start go to it by the path.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL, make_url

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
    _name_of(to).write_text(url.set(username=copied).render_as_string())
    _fill(url, copied, f"CREATE ROLE {copied} LOGIN; CREATE SCHEMA {copied} AUTHORIZATION {copied}")


def fill_database(path: Path, *, to: Path) -> None:
    """Put the tables of one store on a server in the place of another's."""
    target = make_url(url_of(to)).username
    assert target is not None
    _fill(make_url(url_of(path)), target)


def _fill(source: URL, target: str, first: str = "") -> None:
    """Copy all tables of one user to another, in one connection: each costs as much as ten."""
    copy = f"""
        DO $$ DECLARE name text; BEGIN
            FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '{source.username}' LOOP
                EXECUTE format('
                    DROP TABLE IF EXISTS {target}.%1$I;
                    CREATE TABLE {target}.%1$I (LIKE {source.username}.%1$I INCLUDING ALL);
                    INSERT INTO {target}.%1$I SELECT * FROM {source.username}.%1$I;
                    ALTER TABLE {target}.%1$I OWNER TO {target}', name);
            END LOOP;
        END $$
    """
    owner = source.set(username=OWNER).render_as_string()
    _apart(lambda: _run(owner, f"{first}; {copy}"))


def ask(url: str, sql: str, *values: object) -> list[Any]:
    """Run a statement as SQLite spells it, from outside of the program; return its rows."""
    numbers = iter(range(1, 100))
    sql = re.sub(r"\?", lambda _: f"${next(numbers)}", sql)
    sql = re.sub(r"x'([0-9a-f]*)'", r"'\\x\1'::bytea", sql)
    return list(_apart(lambda: _ask(url, sql, values)))


def _apart(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """The outcome of a coroutine in a loop of its own: most callers run in one already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


async def _ask(url: str, sql: str, values: Sequence[object]) -> Any:
    async with _connected(url) as connection:
        return await connection.fetch(sql, *values)


async def _run(url: str, script: str) -> None:
    async with _connected(url) as connection:
        await connection.execute(script)


@contextlib.asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    import asyncpg

    connection = await asyncpg.connect(url.replace(_DRIVER, "postgresql"), timeout=30)
    try:
        yield connection
    finally:
        await connection.close()


def _name_of(path: Path) -> Path:
    return path.with_suffix(".url")
