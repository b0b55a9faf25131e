from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stream_verifier.identities.ledger import Ledger, Pending
from stream_verifier.identities.shards import Entry, Shards
from stream_verifier.identities.sqlite import POLL_S, SqliteIdentityStore
from stream_verifier.identities.store import Change
from tests.support.stores import CONSENT, MODEL, ledger_of, made_reference, ring, store_at


@pytest.fixture
async def other(path: Path) -> AsyncIterator[SqliteIdentityStore]:
    """The store as another process has it."""
    made = store_at(path)
    yield made
    await made.close()


async def _until(changes: list[Change], count: int) -> None:
    async with asyncio.timeout(60):
        while len(changes) < count:  # noqa: ASYNC110 (another task tells)
            await asyncio.sleep(0.005)


async def test_its_own_changes_are_told_before_it_returns(store: SqliteIdentityStore) -> None:
    changes: list[Change] = []
    stop = store.watch(changes.append)
    first = await store.add("ada", made_reference(1), CONSENT)
    assert changes == []
    second = await store.add("ada", made_reference(2), CONSENT, replace=True)
    lookup = store.lookup("ada")
    assert changes == [Change("replaced", lookup, first.id, second.id)]
    await store.delete(" ada ")
    assert changes[1:] == [Change("deleted", lookup, second.id, None)]
    stop()
    await store.add("ada", made_reference(1), CONSENT)
    await store.delete("ada")
    assert len(changes) == 2


async def test_what_another_process_does_is_told(
    store: SqliteIdentityStore, other: SqliteIdentityStore
) -> None:
    ada = await other.add("ada", made_reference(1), CONSENT)
    grace = await other.add("grace", made_reference(2), CONSENT)
    await store.reference("ada", model_id=MODEL)
    changes: list[Change] = []
    store.watch(changes.append)
    newer = await other.add("grace", made_reference(3), CONSENT, replace=True)
    await _until(changes, 1)
    await other.delete("ada")
    await _until(changes, 2)
    assert changes == [
        Change("replaced", store.lookup("grace"), grace.id, newer.id),
        Change("deleted", store.lookup("ada"), ada.id, None),
    ]


async def test_nothing_falls_between_reading_a_reference_and_the_first_look(
    store: SqliteIdentityStore, other: SqliteIdentityStore
) -> None:
    ada = await other.add("ada", made_reference(1), CONSENT)
    changes: list[Change] = []
    store.watch(changes.append)
    await store.reference("ada", model_id=MODEL)
    await other.delete("ada")
    await _until(changes, 1)
    assert [change.identity_id for change in changes] == [ada.id]


async def test_deleted_and_enrolled_again_between_two_looks_is_replaced(
    store: SqliteIdentityStore, other: SqliteIdentityStore
) -> None:
    old = await other.add("ada", made_reference(1), CONSENT)
    await store.get("ada")
    await other.delete("ada")
    new = await other.add("ada", made_reference(1), CONSENT)
    changes: list[Change] = []
    store.watch(changes.append)
    await _until(changes, 1)
    assert changes == [Change("replaced", store.lookup("ada"), old.id, new.id)]


async def test_a_change_that_its_process_did_not_live_to_settle_is_told(
    store: SqliteIdentityStore, other: SqliteIdentityStore, path: Path
) -> None:
    ada = await other.add("ada", made_reference(1), CONSENT)
    changes: list[Change] = []
    store.watch(changes.append)
    await store.get("ada")
    finish = other._books.place.finish
    other._books.place.finish = lambda: None  # type: ignore[method-assign]
    await other.delete("ada")
    await _until(changes, 1)
    assert (changes[0].what, changes[0].identity_id) == ("deleted", ada.id)
    other._books.place.finish = finish  # type: ignore[method-assign]


async def test_one_observer_that_fails_keeps_nobody_from_being_told(
    store: SqliteIdentityStore, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Change) -> None:
        raise RuntimeError("of its own making")

    changes: list[Change] = []
    store.watch(fail)
    store.watch(changes.append)
    ada = await store.add("ada", made_reference(1), CONSENT)
    with caplog.at_level(logging.ERROR):
        await store.delete("ada")
    assert len(changes) == 1
    assert ada.id in caplog.text
    assert "ada" not in caplog.text.split()


async def test_a_ledger_that_cannot_be_read_is_logged_once_and_tried_again(
    store: SqliteIdentityStore,
    other: SqliteIdentityStore,
    path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await other.add("ada", made_reference(1), CONSENT)
    await store.get("ada")
    changes: list[Change] = []
    ledger = ledger_of(path)
    whole = ledger.read_bytes()
    ledger.write_bytes(b"torn")
    with caplog.at_level(logging.ERROR):
        store.watch(changes.append)
        async with asyncio.timeout(60):
            while not caplog.records:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
    assert len(caplog.records) == 1
    ledger.write_bytes(whole)
    await other.delete("ada")
    await _until(changes, 1)


async def test_the_watch_ends_with_the_last_observer_and_begins_anew(
    store: SqliteIdentityStore, other: SqliteIdentityStore
) -> None:
    await other.add("ada", made_reference(1), CONSENT)
    changes: list[Change] = []
    for count in (1, 2):
        stop = store.watch(changes.append)
        await store.get("ada")
        await other.add("ada", made_reference(1), CONSENT, replace=True)
        await _until(changes, count)
        stop()
        async with asyncio.timeout(60):
            while store._books.watch._polling is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


def test_other_processes_are_looked_at_within_a_second() -> None:
    assert POLL_S < 1.0


def test_a_ledger_with_a_change_under_way_tells_nothing_yet() -> None:
    store = SqliteIdentityStore("sqlite+aiosqlite://", ring())
    watch = store._books.watch
    changes: list[Change] = []
    watch._observers[0] = changes.append
    old = Ledger(1, Shards.of({"ada": Entry(1, "a")}))
    watch.look(old)
    watch.look(Ledger(2, old.live, Pending("ada", None)))
    assert changes == []
    watch.look(Ledger(2, Shards.of({})))
    assert [change.what for change in changes] == ["deleted"]
