"""The trail in the store's database: one transaction with what it tells of."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from stream_verifier.audit.chain import Checked, check
from stream_verifier.audit.deed import SYSTEM, Actor, Deed, Kind
from stream_verifier.audit.seal import Sealer, read_public_key
from stream_verifier.audit.trail import AuditTrail
from stream_verifier.errors import AuditError, StoreError, UnknownIdentityError
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.places import EVERYWHERE, in_a_file, place, url_of
from tests.support.stores import AUDIT_KEY, CONSENT, change, ledger_of, made_reference, ring, rows

ADMIN = Actor("0123456789abcdef", "admin", "192.0.2.0/24")
CALL = Deed(Kind.CALL_STARTED, ADMIN, "ada", details={"session": "5e5510"})
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(params=EVERYWHERE)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return place(request, tmp_path / "identities.db")


@pytest.fixture
def clock() -> Clock:
    return Clock()


Opened = Callable[..., SqliteIdentityStore]


@pytest.fixture
async def opened(path: Path, clock: Clock) -> AsyncIterator[Opened]:
    stores: list[SqliteIdentityStore] = []

    def open_one(audit_key: bytes = AUDIT_KEY) -> SqliteIdentityStore:
        url = url_of(path)
        stores.append(
            SqliteIdentityStore(url, ring(), ledger=ledger_of(path), audit_key=audit_key, now=clock)
        )
        return stores[-1]

    yield open_one
    for store in stores:
        await store.close()


@pytest.fixture
def store(opened: Opened) -> SqliteIdentityStore:
    return opened()


async def exported(trail: AuditTrail) -> list[str]:
    return [line async for line in trail.export()]


async def checked(store: SqliteIdentityStore) -> Checked:
    return check(await exported(store.audit), read_public_key(store.audit.public_pem().encode()))


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


def put_back(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def told(lines: list[str]) -> list[tuple[str, dict[str, object]]]:
    entries = [json.loads(line) for line in lines[:-1]]
    return [(entry["kind"], entry["details"]) for entry in entries]


async def test_each_change_of_the_store_has_its_entry(store: SqliteIdentityStore) -> None:
    first = await store.add("ada", made_reference(1), CONSENT, actor=ADMIN)
    second = await store.add("ada", made_reference(2), CONSENT, replace=True, actor=ADMIN)
    await store.renew_consent("ada", CONSENT, actor=ADMIN)
    await store.note_use("ada", CALL)
    await store.withdraw_consent("ada", actor=ADMIN)
    await store.delete("ada", actor=ADMIN)
    lines = await exported(store.audit)
    assert [
        (kind, about.get("identity"), about.get("consent_version")) for kind, about in told(lines)
    ] == [
        ("enrolled", first.id, 1),
        ("replaced", second.id, 2),
        ("consent_renewed", second.id, 3),
        ("call_started", None, None),
        ("consent_withdrawn", second.id, 3),
        ("deleted", second.id, None),
    ]
    entry = json.loads(lines[0])
    assert entry["actor"] == {
        "token": "0123456789abcdef",
        "scope": "admin",
        "address": "192.0.2.0/24",
    }
    assert (entry["at"], entry["outcome"]) == ("2026-03-01T00:00:00.000Z", "done")
    assert {json.loads(line)["whom"] for line in lines[:-1]} == {store.audit.pseudonym("ada")}
    assert (await checked(store)).count == 6


async def test_no_name_word_or_digest_that_could_be_guessed_is_in_it(
    store: SqliteIdentityStore,
) -> None:
    await store.add("Ada Lovelace", made_reference(), CONSENT, actor=ADMIN)
    text = "\n".join(await exported(store.audit))
    for secret in ("Ada", "Lovelace", "agree", "support", CONSENT.text_sha256):
        assert secret not in text


async def test_what_is_refused_leaves_no_entry(store: SqliteIdentityStore) -> None:
    with pytest.raises(UnknownIdentityError):
        await store.delete("nobody", actor=ADMIN)
    with pytest.raises(UnknownIdentityError):
        await store.note_use("nobody", CALL)
    assert (await checked(store)).count == 0


async def test_tasks_and_processes_write_beside_each_other(
    opened: Opened, store: SqliteIdentityStore
) -> None:
    other = opened()
    await asyncio.gather(
        *(one.audit.append(CALL) for one in [store, other] * 5),
        *(store.add(f"person {number}", made_reference(number), CONSENT) for number in range(3)),
    )
    assert (await checked(other)).count == 13


async def test_pages_go_by_number(store: SqliteIdentityStore) -> None:
    await store.audit.append(*[CALL] * 5)
    page = await store.audit.page(after=1, limit=3)
    assert [entry.number for entry in page] == [2, 3, 4]
    assert await store.audit.page(after=5, limit=3) == []
    assert (await store.audit.head()).number == 5


@in_a_file
async def test_a_full_disk_refuses_change_and_entry(store: SqliteIdentityStore, path: Path) -> None:
    await store.add("ada", made_reference(), CONSENT)
    room = {"pages": 0}

    @event.listens_for(store._books.engine.sync_engine, "connect")
    def bound(connection: sqlite3.Connection, _record: object) -> None:
        connection.cursor().execute(f"PRAGMA max_page_count={room['pages'] or 2**30}")

    before, room["pages"] = rows(path), 1  # as many as there are now
    with pytest.raises(StoreError, match="the disk is full: free some space"):
        for _ in range(400):
            await store.audit.append(CALL)
    count = (await checked(store)).count
    for action in (
        store.add("grace", made_reference(2), CONSENT),
        store.note_use("ada", CALL),
        store.audit.append(CALL),
    ):
        with pytest.raises(StoreError, match="the disk is full: free some space and try again"):
            await action
    assert rows(path) == before
    assert (await checked(store)).count == count

    room["pages"] = 0
    await store.add("grace", made_reference(2), CONSENT)
    assert (await checked(store)).count == count + 1


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM audit_entries WHERE number = 3",
        "DELETE FROM audit_head",
        "UPDATE audit_entries SET line = replace(line, 'done', 'none') WHERE number = 3",
        "UPDATE audit_head SET line = replace(line, '\"number\":3', '\"number\":2')",
        "UPDATE audit_entries SET number = 4 WHERE number = 3",
        "UPDATE audit_entries SET line = x'00ff' WHERE number = 3",
    ],
)
async def test_a_changed_trail_takes_nothing_more_until_it_begins_anew(
    store: SqliteIdentityStore, opened: Opened, path: Path, sql: str
) -> None:
    await _changed_and_begun_anew(store, opened, path, sql)


@in_a_file
async def test_so_does_one_with_what_is_no_number(
    store: SqliteIdentityStore, opened: Opened, path: Path
) -> None:
    sql = "UPDATE audit_entries SET number = 'z' WHERE number = 3"
    await _changed_and_begun_anew(store, opened, path, sql)


async def _changed_and_begun_anew(
    store: SqliteIdentityStore, opened: Opened, path: Path, sql: str
) -> None:
    await store.audit.append(*[CALL] * 3)
    change(path, sql)
    server = opened()
    for action in (
        server.audit.append(CALL),
        server.add("ada", made_reference(), CONSENT),
        server.audit.cut(BEGAN + timedelta(days=1)),
        server.audit.head(),
    ):
        with pytest.raises(AuditError, match="audit restart FILE"):
            await action
    assert await server.list() == []

    assert len(await exported(server.audit)) >= 3
    entry = await server.audit.restart(ADMIN)
    await server.add("ada", made_reference(), CONSENT)
    found = await checked(server)
    assert (found.restarts, found.count) == ((entry.number,), 2)
    assert entry.number >= 3


@in_a_file
async def test_an_older_copy_under_a_running_server_is_found(
    store: SqliteIdentityStore, path: Path
) -> None:
    await store.audit.append(CALL)
    old = bytes_of(path)
    await store.audit.append(CALL)
    await store.audit.append(CALL)
    put_back(path, old)
    with pytest.raises(AuditError, match="is an older copy"):
        await store.audit.append(CALL)


async def test_another_key_does_not_go_on_with_it(
    store: SqliteIdentityStore, opened: Opened
) -> None:
    await store.audit.append(CALL)
    with pytest.raises(AuditError, match="the head was not signed with this key"):
        await opened(b"k" * 32).audit.append(CALL)


async def test_a_checkpoint_takes_the_place_of_old_entries(
    store: SqliteIdentityStore, clock: Clock
) -> None:
    for _ in range(6):
        await store.audit.append(CALL)
        clock.now += timedelta(days=1)
    before = BEGAN + timedelta(days=4)
    assert (await store.audit.due(before)).count == 4
    cut = await store.audit.cut(before)
    assert (cut.up_to, cut.count) == (4, 4)
    found = await checked(store)
    assert (found.first, found.head.number) == (5, 7)
    assert told(await exported(store.audit))[-1][0] == "checkpoint"
    assert (await store.audit.cut(before)).count == 0
    # The next checkpoint takes the place of this one, too.
    clock.now += timedelta(days=30)
    await store.audit.append(CALL)
    assert (await store.audit.cut(clock.now)).up_to == 7
    assert (await checked(store)).count == 2


async def test_a_database_in_memory_has_a_trail() -> None:
    store = SqliteIdentityStore("sqlite+aiosqlite://", ring(), audit_key=AUDIT_KEY)
    await asyncio.gather(*(store.audit.append(Deed(Kind.SERVER_STARTED, SYSTEM)) for _ in range(3)))
    await store.add("ada", made_reference(), CONSENT)
    lines = await exported(store.audit)
    assert check(lines, Sealer(AUDIT_KEY).public_key).count == 4
    await store.close()
