"""Events beside the records: under the same keys, gone with the person, gone in time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stream_verifier.audit.deed import Kind
from stream_verifier.errors import KeyMismatchError
from stream_verifier.identities.kept_events import KeptEvent
from stream_verifier.identities.retention import Rules
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.places import url_of
from tests.support.stores import (
    AUDIT_KEY,
    CONSENT,
    KEY,
    OTHER_KEY,
    change,
    ledger_of,
    made_reference,
    ring,
    rows,
    store_at,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
LOG = "0123456789abcdef"
DAY = Rules(unused=None, audit=None, events=timedelta(hours=24))


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteIdentityStore]:
    made = SqliteIdentityStore(
        url_of(path), ring(), ledger=ledger_of(path), audit_key=AUDIT_KEY, now=lambda: NOW
    )
    for name in ("Ada", "bob"):
        await made.add(name, made_reference(1), CONSENT)
    yield made
    await made.close()


def said(cursor: int, session: str = "s1", name: str | None = "Ada", age_h: float = 0) -> KeptEvent:
    at_s = NOW_S - round(3600 * age_h)
    return KeptEvent(cursor, session, name, at_s, f"word {cursor}".encode())


def kept(path: Path) -> list[Any]:
    return rows(path, "kept_events")


async def told(store: SqliteIdentityStore) -> list[dict[str, Any]]:
    entries = [entry.fields for entry in await store.audit.page(limit=100)]
    return [one["details"] for one in entries if one["kind"] == Kind.EVENTS_DELETED]


async def test_what_is_kept_is_read_back_by_its_log_alone(store: SqliteIdentityStore) -> None:
    events = [said(1), said(2, name=None), said(5, "s2", "bob")]
    await store.kept_events.add(LOG, events)
    await store.kept_events.add(LOG, events[1:])  # its word was lost, and it is said again
    await store.kept_events.add("another", [said(1)])
    found = await store.kept_events.read(LOG)
    assert (found.events, found.refused) == (events, 0)


async def test_a_person_gets_what_is_kept_and_takes_it_along(
    store: SqliteIdentityStore, path: Path
) -> None:
    await store.kept_events.add(LOG, [said(1), said(2, "s2", "bob"), said(3, "s3", " Ada ")])
    assert await store.kept_events.of("Ada") == [b"word 1", b"word 3"]
    await store.delete("Ada")
    assert await store.kept_events.of("Ada") == []
    assert [row["session"] for row in kept(path)] == ["s2"]


async def test_the_clock_takes_them_along_with_the_reference(
    store: SqliteIdentityStore, path: Path
) -> None:
    await store.kept_events.add(LOG, [said(1), said(2, "s2", "bob")])
    await store.withdraw_consent("bob")
    done = await store.retention(DAY).run()
    assert [one.identity.name for one in done.references] == ["bob"]
    assert [row["session"] for row in kept(path)] == ["s1"]


async def test_a_call_goes_as_a_whole_a_day_after_its_last_word(
    store: SqliteIdentityStore, path: Path
) -> None:
    await store.kept_events.add(
        LOG, [said(1, "old", age_h=30), said(2, "old", age_h=24.1), said(3, "long", age_h=30)]
    )
    await store.kept_events.add("another", [said(1, "long", age_h=23.9)])
    clock = store.retention(DAY)
    assert (await clock.preview()).calls == 1
    assert len(kept(path)) == 4
    assert (await clock.run()).calls == 1
    assert {row["session"] for row in kept(path)} == {"long"}
    assert await told(store) == [{"calls": 1, "why": "time_over"}]
    assert (await clock.run()).calls == 0
    assert len(await told(store)) == 1


async def test_nothing_goes_that_the_trail_does_not_take(
    store: SqliteIdentityStore, path: Path
) -> None:
    await store.kept_events.add(LOG, [said(1, age_h=30)])
    change(path, "UPDATE audit_head SET line = 'x'")
    with pytest.raises(Exception, match="audit trail"):
        await store.kept_events.expire(NOW)
    assert len(kept(path)) == 1


async def test_where_no_more_are_kept_the_old_ones_go(store: SqliteIdentityStore) -> None:
    await store.kept_events.add(LOG, [said(1, age_h=0.01)])
    assert (await store.retention(Rules(unused=None, audit=None)).run()).calls == 1


async def test_a_rotation_brings_them_under_the_new_key(
    store: SqliteIdentityStore, path: Path
) -> None:
    await store.kept_events.add(LOG, [said(1)])
    (before,) = rows(path, "kept_event_keys")
    both = store_at(path, OTHER_KEY, KEY)
    await both.rotation().run()
    await both.close()
    (after,) = rows(path, "kept_event_keys")
    assert (before["key_id"], after["key_id"]) == (KEY.key_id, OTHER_KEY.key_id)
    assert before["wrapped"] != after["wrapped"]
    new = store_at(path, OTHER_KEY)
    assert (await new.kept_events.read(LOG)).events == [said(1)]
    await new.close()


async def test_a_key_that_is_lost_says_so(store: SqliteIdentityStore, path: Path) -> None:
    await store.kept_events.add(LOG, [said(1)])
    change(path, "UPDATE kept_event_keys SET key_id = 'elsewhere'")
    with pytest.raises(KeyMismatchError, match="needs key elsewhere"):
        await store.kept_events.read(LOG)


async def test_a_key_that_no_event_is_under_goes(store: SqliteIdentityStore, path: Path) -> None:
    await store.kept_events.add(LOG, [said(1, age_h=30)])
    await store.kept_events.expire(NOW)
    assert rows(path, "kept_event_keys") == []
    await store.kept_events.add(LOG, [said(2)])
    assert (await store.kept_events.read(LOG)).events == [said(2)]


async def test_no_event_can_be_put_in_anothers_place(
    store: SqliteIdentityStore, path: Path
) -> None:
    await store.kept_events.add(LOG, [said(1), said(2, "s2", "bob")])
    (one, other) = sorted(kept(path), key=lambda row: int(row["cursor"]))
    change(path, "UPDATE kept_events SET session = 's3' WHERE cursor = 1")
    assert (await store.kept_events.read(LOG)).refused == 1
    change(path, "UPDATE kept_events SET session = 's1' WHERE cursor = 1")
    assert (await store.kept_events.read(LOG)).refused == 0
    change(path, "UPDATE kept_events SET whom = ? WHERE cursor = 1", other["whom"])
    assert await store.kept_events.of("bob") == [b"word 2"]
    assert one["whom"] != other["whom"]
