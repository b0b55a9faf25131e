"""What goes when its time is over, and what stays."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from stream_verifier.audit.deed import UNKNOWN, Deed, Kind
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.retention import Retention, Rules
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.places import EVERYWHERE, place, url_of
from tests.support.stores import AUDIT_KEY, CONSENT, change, ledger_of, made_reference, ring, rows

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
YEAR = Rules(unused=timedelta(days=365), audit=timedelta(days=1000))
CALL = Deed(Kind.CALL_STARTED, UNKNOWN, "ada")
GIVEN = dataclasses.replace(CONSENT, given_at=BEGAN)


class Clock:
    def __init__(self) -> None:
        self.now = BEGAN
        self._runs_since_s: float | None = None

    def __call__(self) -> datetime:
        if self._runs_since_s is None:
            return self.now
        return self.now + timedelta(seconds=time.monotonic() - self._runs_since_s)

    def run(self) -> None:
        """Go on from now as real clocks do, however long a busy machine takes."""
        self._runs_since_s = time.monotonic()

    def forward(self, days: float) -> None:
        self.now += timedelta(days=days)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=EVERYWHERE)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return place(request, tmp_path / "identities.db")


@pytest.fixture
async def store(path: Path, clock: Clock) -> AsyncIterator[SqliteIdentityStore]:
    made = SqliteIdentityStore(
        url_of(path),
        ring(),
        ledger=ledger_of(path),
        audit_key=AUDIT_KEY,
        now=clock,
    )
    yield made
    await made.close()


def _used(path: Path) -> list[str]:
    return [row["id"] for row in rows(path, "identity_last_used")]


async def names(store: SqliteIdentityStore) -> list[str]:
    return [one.name for one in await store.list()]


async def went(clock: Retention) -> list[tuple[str, str]]:
    return [(one.identity.name, one.why) for one in (await clock.run()).references]


@pytest.mark.parametrize(
    ("days", "used", "until", "withdrawn", "why"),
    [
        (365, None, None, False, None),
        (366, None, None, False, "unused"),
        (366, 1, None, False, None),
        (730, 365, None, False, None),
        (731, 365, None, False, "unused"),
        (29, None, 30, False, None),
        (30, None, 30, False, "consent_expired"),
        (0, 0, 30, True, "consent_withdrawn"),
    ],
)
def test_a_reference_goes_when_it_was_not_used_or_its_consent_ends(
    days: int, used: int | None, until: int | None, withdrawn: bool, why: str | None
) -> None:
    consent = dataclasses.replace(
        GIVEN,
        expires_at=None if until is None else BEGAN + timedelta(days=until),
        withdrawn_at=BEGAN if withdrawn else None,
    )
    identity = Identity("1", "ada", BEGAN, consent, "m", 5, 9.0)
    day = None if used is None else (BEGAN + timedelta(days=used)).date()
    assert YEAR.why(identity, day, BEGAN + timedelta(days=days)) == why


def test_by_choice_nothing_goes_for_want_of_use() -> None:
    never = Rules(unused=None, audit=None)
    identity = Identity("1", "ada", BEGAN, GIVEN, "m", 5, 9.0)
    assert never.why(identity, None, BEGAN + timedelta(days=10_000)) is None


async def test_the_clock_deletes_and_tells(store: SqliteIdentityStore, clock: Clock) -> None:
    for name, days in (("ada", None), ("grace", None), ("linus", 100)):
        end = None if days is None else BEGAN + timedelta(days=days)
        consent = dataclasses.replace(GIVEN, expires_at=end)
        await store.add(name, made_reference(1), consent)
    clock.forward(101)
    await store.note_use("ada", CALL)
    retention = store.retention(YEAR)
    preview = await retention.preview()
    assert [(one.identity.name, one.why) for one in preview.references] == [
        ("linus", "consent_expired")
    ]
    assert await names(store) == ["ada", "grace", "linus"]
    assert await went(retention) == [("linus", "consent_expired")]
    assert await went(retention) == []
    clock.forward(265)
    assert (await retention.preview()).references[0].last_used is None
    assert await went(retention) == [("grace", "unused")]
    assert await names(store) == ["ada"]
    clock.forward(101)
    assert (await retention.preview()).references[0].last_used == date(2026, 6, 10)
    assert await went(retention) == [("ada", "unused")]

    entries = await store.audit.page(limit=100)
    told = [entry.fields for entry in entries if entry.fields["kind"] == "retention_deleted"]
    assert [one["details"]["why"] for one in told] == ["consent_expired", "unused", "unused"]
    assert [one["whom"] for one in told] == [
        store.audit.pseudonym(name) for name in ("linus", "grace", "ada")
    ]
    assert told[0]["actor"]["token"] == "server"


async def test_agreeing_anew_keeps_a_reference(store: SqliteIdentityStore, clock: Clock) -> None:
    await store.add("ada", made_reference(1), GIVEN)
    clock.forward(364)
    await store.renew_consent("ada", dataclasses.replace(GIVEN, given_at=clock.now))
    clock.forward(364)
    assert await went(store.retention(YEAR)) == []


async def test_the_day_of_last_use_goes_with_the_reference(
    store: SqliteIdentityStore, clock: Clock, path: Path
) -> None:
    first = await store.add("ada", made_reference(1), GIVEN)
    await store.note_use("ada", CALL)
    second = await store.add("ada", made_reference(2), GIVEN, replace=True)
    await store.note_use("ada", CALL)
    change(path, "INSERT INTO identity_last_used VALUES ('orphan', '2026-03-01')")
    await store.retention(YEAR).run()
    assert first.id != second.id
    assert _used(path) == [second.id]
    await store.delete("ada")
    assert _used(path) == []


async def test_what_is_refused_stays_for_somebody_to_decide(
    store: SqliteIdentityStore, clock: Clock, path: Path
) -> None:
    for name in ("ada", "grace"):
        await store.add(name, made_reference(1), GIVEN)
    (row,) = [row for row in rows(path) if row["id"] == (await store.get("ada")).id]
    change(path, "UPDATE identities SET sealed_profile = x'00' WHERE id = ?", row["id"])
    clock.forward(500)
    done = await store.retention(YEAR).run()
    assert ([one.identity.name for one in done.references], done.refused) == (["grace"], 1)
    assert len(rows(path)) == 1


async def test_old_entries_give_way_to_a_checkpoint(
    store: SqliteIdentityStore, clock: Clock
) -> None:
    rules = Rules(unused=None, audit=timedelta(days=10))
    await store.add("ada", made_reference(1), GIVEN)
    clock.forward(11)
    await store.audit.append(CALL)
    retention = store.retention(rules)
    assert (await retention.preview()).entries.count == 1
    assert (await retention.run()).entries.count == 1
    assert [entry.fields["kind"] for entry in await store.audit.page(limit=9)] == [
        "call_started",
        "checkpoint",
    ]


async def test_it_runs_by_itself_and_goes_on_after_a_failure(
    store: SqliteIdentityStore, clock: Clock, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await store.add("ada", made_reference(1), GIVEN)
    clock.forward(400)
    change(path, "ALTER TABLE audit_head RENAME TO gone")
    task = asyncio.create_task(store.retention(YEAR).run_for_ever(first_after_s=0, every_s=0.01))
    async with asyncio.timeout(60):
        while "retention failed" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        change(path, "ALTER TABLE gone RENAME TO audit_head")
        while await names(store):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while "1 references" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    task.cancel()
    assert "the audit trail ends at 2 " in caplog.text
    assert not re.search(r"\bada\b", caplog.text)


async def test_a_clock_that_was_set_deletes_nothing_before_the_next_round(
    store: SqliteIdentityStore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A day in another year, which somebody mends at once, would have deleted everybody."""
    caplog.set_level(logging.INFO)
    clock.run()
    await store.add("ada", made_reference(1), GIVEN)
    task = asyncio.create_task(store.retention(YEAR).run_for_ever(first_after_s=0, every_s=0.01))
    async with asyncio.timeout(60):
        while "retention: 0 references" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        clock.forward(400)
        while await names(store):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while "1 references" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    task.cancel()
    told = [record.getMessage() for record in caplog.records if record.name.endswith("retention")]
    gone = next(number for number, text in enumerate(told) if "1 references" in text)
    assert "was set by +34560000 s" in told[gone - 1]
