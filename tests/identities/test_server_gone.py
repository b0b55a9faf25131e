"""A database server that dies or falls silent: what is refused, what holds, and what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.postgres_server import PostgresServer
from stream_verifier.audit.chain import check
from stream_verifier.audit.deed import SYSTEM, Deed, Kind
from stream_verifier.audit.journal import Journal
from stream_verifier.audit.seal import Sealer
from stream_verifier.errors import StoreError
from stream_verifier.identities import database
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.bad_line import BadLine, Break, bad_line
from tests.support.places import ask, put_on_server, url_of
from tests.support.postgres_server import needs_postgres, postgres_server
from tests.support.stores import (
    AUDIT_KEY,
    CONSENT,
    MODEL,
    assert_same,
    ledger_of,
    made_reference,
    ring,
    store_at,
)

pytestmark = needs_postgres
ENDED = Deed(Kind.CALL_ENDED, SYSTEM, "ada")
UNREACHABLE = "in postgresql failed: the database cannot be reached"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that keeps what it said it had when it is killed."""
    with postgres_server(durable=True) as started:
        yield started


@pytest.fixture
def path(server: PostgresServer, tmp_path: Path) -> Path:
    return put_on_server(tmp_path / "identities.db", server)


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteIdentityStore]:
    made = store_at(path)
    await made.add("ada", made_reference(1), CONSENT)
    yield made
    await made.close()


@pytest.fixture
async def line(path: Path) -> AsyncIterator[tuple[BadLine, SqliteIdentityStore]]:
    """A store behind a bad line, with ada enrolled."""
    async with bad_line(url_of(path)) as (made, url):
        store = SqliteIdentityStore(url, ring(), ledger=ledger_of(path), audit_key=AUDIT_KEY)
        await store.add("ada", made_reference(1), CONSENT)
        yield made, store
        await store.close()


async def _kinds(store: SqliteIdentityStore) -> list[str]:
    """What the trail tells, if it is whole."""
    lines = [one async for one in store.audit.export()]
    check(lines, Sealer(AUDIT_KEY).public_key)
    return [entry.fields["kind"] for entry in await store.audit.page(limit=100)]


async def test_while_it_is_dead_all_is_refused_and_then_all_comes_back(
    server: PostgresServer, store: SqliteIdentityStore
) -> None:
    # Several connections lie in the pool, each of which will be stale.
    await asyncio.gather(*(store.get("ada") for _ in range(4)))
    server.kill()
    for action in (
        store.get("ada"),
        store.add("grace", made_reference(2), CONSENT),
        store.delete("ada"),
        store.page(),
        store.audit.append(ENDED),
        store.rotation().run(),
    ):
        with pytest.raises(StoreError, match=UNREACHABLE) as caught:
            await action
        assert str(server.port) not in str(caught.value)
        assert "place" not in str(caught.value)
    await asyncio.to_thread(server.start)
    await asyncio.gather(*(store.get("ada") for _ in range(4)))
    await store.add("grace", made_reference(2), CONSENT)
    assert [one.name for one in await store.list()] == ["ada", "grace"]
    assert await _kinds(store) == ["enrolled", "enrolled"]


async def test_a_server_that_says_nothing_makes_nobody_wait_for_ever(
    server: PostgresServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CONNECT_TIMEOUT_S", "COMMAND_TIMEOUT_S", "BUSY_TIMEOUT_S", "QUEUE_TIMEOUT_S"):
        monkeypatch.setattr(database, name, 1.5)
    store = store_at(path)
    await store.add("ada", made_reference(1), CONSENT)
    server.pause()
    try:
        async with asyncio.timeout(200):
            for action in (store.get("ada"), store.delete("ada"), store.audit.append(ENDED)):
                with pytest.raises(StoreError, match=UNREACHABLE):
                    await action
            found: list[object] = []
            found += await asyncio.gather(
                *(store.get("ada") for _ in range(20)), return_exceptions=True
            )
            found += await asyncio.gather(
                *(store.audit.append(ENDED) for _ in range(20)), return_exceptions=True
            )
    finally:
        server.go_on()
    assert [type(one) for one in found] == [StoreError] * 40
    monkeypatch.undo()
    await store.close()
    again = store_at(path)
    await again.delete("ada")
    await again.close()


async def test_a_lock_that_somebody_holds_is_said(
    path: Path, store: SqliteIdentityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.3)
    impatient = store_at(path)
    async with store._books.writing():
        with pytest.raises(StoreError, match="another server keeps it locked"):
            await impatient.audit.append(ENDED)
    await impatient.audit.append(ENDED)
    await impatient.close()


@pytest.mark.parametrize(
    ("how", "is_made"), [("unheard", False), ("unanswered", True), ("heard late", True)]
)
@pytest.mark.parametrize("action", ["add", "replace", "delete"])
async def test_a_line_that_breaks_in_a_change_leaves_it_made_or_not(
    line: tuple[BadLine, SqliteIdentityStore], path: Path, action: str, how: Break, is_made: bool
) -> None:
    broken, store = line
    broken.armed = how
    actions: dict[str, Callable[[], Awaitable[object]]] = {
        "add": lambda: store.add("grace", made_reference(2), CONSENT),
        "replace": lambda: store.add("ada", made_reference(2), CONSENT, replace=True),
        "delete": lambda: store.delete("ada"),
    }
    work = actions[action]()
    if is_made:
        await work  # and nobody is told that it failed
    else:
        with pytest.raises(StoreError, match=UNREACHABLE):
            await work
    assert broken.broken == 1
    other = store_at(path)
    now = {"add": {"ada": 1, "grace": 2}, "replace": {"ada": 2}, "delete": {}}[action]
    for name, seed in (now if is_made else {"ada": 1}).items():
        assert_same(await other.reference(name, model_id=MODEL), made_reference(seed))
    assert len(await other.list()) == len(now if is_made else {"ada": 1})
    assert await other.restore().refused() == []
    assert len(await _kinds(other)) == 1 + is_made
    await other.close()


@pytest.mark.parametrize("how", ["unheard", "unanswered", "heard late"])
async def test_what_is_owed_to_the_trail_is_written_once(
    line: tuple[BadLine, SqliteIdentityStore], how: Break
) -> None:
    broken, store = line
    journal = Journal(store.audit)
    journal.owe(Deed(Kind.CALL_ENDED, SYSTEM, "ada", details={"session": "1"}))
    broken.armed = how
    with pytest.raises(StoreError, match=UNREACHABLE):
        await journal.settle()
    # More becomes due before it is tried again.
    journal.owe(Deed(Kind.CALL_ENDED, SYSTEM, "ada", details={"session": "2"}))
    journal.count(Deed(Kind.ACCESS_REFUSED, SYSTEM, outcome="invalid_token"))
    await journal.settle()
    await journal.settle()
    assert await _kinds(store) == ["enrolled", "call_ended", "call_ended", "access_refused"]


async def test_two_who_ask_for_the_same_are_two_entries(
    line: tuple[BadLine, SqliteIdentityStore],
) -> None:
    broken, store = line
    broken.armed = "unanswered"
    with pytest.raises(StoreError):
        await store.audit.append(Deed(Kind.CALL_ENDED, SYSTEM, "ada"))
    await store.audit.append(Deed(Kind.CALL_ENDED, SYSTEM, "ada"))
    assert await _kinds(store) == ["enrolled", "call_ended", "call_ended"]


async def test_killed_in_the_middle_of_many_changes_nothing_is_half_made(
    server: PostgresServer, path: Path, store: SqliteIdentityStore
) -> None:
    said: list[str] = []

    async def enrol() -> None:
        for number in range(1000):
            await store.add(f"person {number}", made_reference(number), CONSENT)
            said.append(f"person {number}")

    work = asyncio.create_task(enrol())
    while len(said) < 5:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    server.kill()
    with pytest.raises(StoreError, match=UNREACHABLE):
        await work
    await asyncio.to_thread(server.start)
    found = {one.name for one in await store.list()}
    assert {"ada", *said} <= found
    assert len(found) <= len(said) + 2  # the one that was under way, if it came about
    assert await store.restore().refused() == []
    assert len(await _kinds(store)) == len(found)


async def test_who_is_refused_and_what_is_missing_are_told(
    server: PostgresServer, path: Path
) -> None:
    url = url_of(path)
    base = url.rpartition("/")[0]
    user = url.split("//")[1].split("@")[0]
    for wrong, said in (
        (f"{base}/nowhere", "the database is not there"),
        (url.replace(user, "nobody"), "the database refuses this user"),
    ):
        store = SqliteIdentityStore(wrong, ring(), ledger=ledger_of(path), audit_key=AUDIT_KEY)
        with pytest.raises(StoreError, match=said):
            await store.get("ada")
        await store.close()
    store = store_at(path)
    ask(url.replace(user, "tests"), f"REVOKE CREATE ON SCHEMA {user} FROM {user}")
    ask(url.replace(user, "tests"), f"ALTER SCHEMA {user} OWNER TO tests")
    with pytest.raises(StoreError, match="let it make and change tables|not there"):
        await store.add("ada", made_reference(), CONSENT)
    await store.close()


async def test_statements_that_are_cut_off_and_tables_that_are_gone_are_told(
    server: PostgresServer, path: Path
) -> None:
    store = store_at(path)
    await store.add("ada", made_reference(), CONSENT)
    url = url_of(path)
    user = url.split("//")[1].split("@")[0]
    admin = url.replace(user, "tests")
    leave = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'"
    ask(admin, f"ALTER ROLE {user} SET statement_timeout = '50ms'")
    ask(admin, leave)
    ask(admin, f"ALTER TABLE {user}.identities RENAME TO slow")
    ask(admin, f"CREATE VIEW {user}.identities AS SELECT slow.* FROM {user}.slow, pg_sleep(1)")
    ask(admin, f"GRANT ALL ON {user}.identities TO {user}")
    with pytest.raises(StoreError, match="let statements of this user take longer"):
        await store.get("ada")
    ask(admin, f"DROP VIEW {user}.identities")
    with pytest.raises(StoreError, match="its tables are not there"):
        await store.get("ada")
    await store.close()
