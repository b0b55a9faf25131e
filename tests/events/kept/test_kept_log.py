"""What a server that comes back still has, and what it says of what it has not."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from stream_verifier.errors import StoreError
from stream_verifier.events.envelope import Envelope, Filter, Position
from stream_verifier.events.hub import Hub
from stream_verifier.events.kept import log as kept_logs
from stream_verifier.events.kept.log import KeptEventLog
from stream_verifier.events.log import Limits
from tests.support import killed_log
from tests.support.event_log_contract import EVERYTHING, Speaker, cursors
from tests.support.feed_media import changed, ended, score
from tests.support.forking import run_apart
from tests.support.killed_log import TOLD, kept_log
from tests.support.stores import CONSENT, change, made_reference, rows, store_at

WAIT_S = 60.0


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """With a store in which ada and bob are enrolled: of nobody else anything is kept."""
    store = store_at(tmp_path / "identities.db")
    for name in ("ada", "bob"):
        await store.add(name, made_reference(1), CONSENT)
    await store.close()
    return tmp_path


@asynccontextmanager
async def opened(folder: Path, limits: Limits | None = None) -> AsyncIterator[KeptEventLog]:
    log = kept_log(folder, limits)
    await log.start()
    try:
        yield log
    finally:
        await log.close()


def kept(folder: Path) -> list[Any]:
    return rows(folder / "identities.db", "kept_events")


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def everything(log: KeptEventLog, after: int = 0) -> tuple[list[Envelope], int | None]:
    stretch = await log.read(EVERYTHING, after=after, through=log.cursor)
    return stretch.envelopes, stretch.lost


async def test_a_log_comes_back_as_it_was(folder: Path) -> None:
    async with opened(folder) as log:
        epoch = log.epoch
        await log.append(Speaker("s1").say(score(), changed(), ended()))
        await log.append(Speaker("s2", "bob").say(score()))
        before = (await everything(log))[0]
    async with opened(folder) as log:
        assert (log.epoch, log.cursor, log.sessions()) == (epoch, 6, ["s1", "s2"])
        after, lost = await everything(log)
        assert lost == 0
        assert [(one.text, one.identity, one.event) for one in after] == [
            (one.text, one.identity, one.event) for one in before
        ]
        assert [one.event.untold for one in after] == [one.event.untold for one in before]
        await log.append(Speaker("s3").say())
        assert log.cursor == 7


async def test_a_subscriber_goes_on_over_a_restart_and_misses_nothing(folder: Path) -> None:
    async with opened(folder) as log:
        position = Position(log.epoch, 2)
        await log.append(Speaker("s1").say(score(), changed(), ended()))
    log = kept_log(folder)
    hub = Hub(log)
    await log.start()
    subscription = await hub.subscribe(after=position)
    await hub.close()
    got = []
    while (entry := await subscription.get()) is not None:
        got.append(entry.item.cursor)
    assert (got, subscription.lost) == ([3, 4], 0)


async def test_nothing_that_says_who_or_what_lies_there_in_the_clear(folder: Path) -> None:
    async with opened(folder) as log:
        await log.append(Speaker("s1").say(changed(), ended()))
    (row, *_) = kept(folder)
    assert {*row.keys()} == {"log", "cursor", "session", "whom", "at_s", "key", "sealed"}
    content = (folder / "identities.db").read_bytes()
    for word in (b"state_changed", b"session_ended", b"verified", b'"ada"', b"stopped"):
        assert word not in content


async def test_killed_at_any_moment_it_gives_no_number_twice(folder: Path) -> None:
    said = folder / "said"
    assert run_apart(killed_log.main, folder, said=said) == 0, said.read_text()
    told = [(line.split()[0], int(line.split()[1])) for line in said.read_text().splitlines()]
    assert len(told) == sum(TOLD)
    assert len({epoch for epoch, _ in told}) == 1
    assert len({cursor for _, cursor in told}) == len(told)
    async with opened(folder) as log:
        assert log.cursor > max(cursor for _, cursor in told)
        # What the kill took is told as unknown, also to one who had heard of it.
        assert (await everything(log, after=told[-1][1]))[1] is None
        found, lost = await everything(log)
        assert lost is None
        assert found
        assert {one.session for one in found} <= {"s0", "s1", "s2", "s3"}


async def test_a_full_disk_holds_up_nobody_and_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = kept_log(folder)
    add, full = log._kept.add, True

    async def adds(*args: Any) -> None:
        if full:
            raise StoreError("The identity store failed: the disk is full: free some space.")
        await add(*args)

    monkeypatch.setattr(log._kept, "add", adds)
    monkeypatch.setattr(kept_logs, "MOST_WAITING", 10)
    monkeypatch.setattr(kept_logs, "_LONGEST_RETRY_S", 0.05)
    await log.start()
    told: list[Envelope] = []
    log.follow(told.append)
    await log.append(Speaker("s1").say(*[changed()] * 11))
    assert cursors(told) == list(range(1, 13))
    await until(lambda: "cannot be kept" in caplog.text)
    assert "the disk is full" in caplog.text
    assert "more than 10 wait" in caplog.text
    await until(lambda: log.failing)
    full = False
    await until(lambda: len(kept(folder)) == 10)
    await until(lambda: "events are kept again; 2 are not" in caplog.text)
    assert caplog.text.count("cannot be kept") == 1
    await until(lambda: not log.failing)
    await log.close()
    async with opened(folder) as again:
        assert await everything(again) == (told[2:], None)
        # Numbers that may have been told are above those that were kept.
        assert again.cursor > 12


async def test_a_log_without_numbers_left_refuses_before_it_tells(folder: Path) -> None:
    async with opened(folder) as log:
        reserve, log._numbering.reserved = log._numbering.reserve, 2
        told: list[Envelope] = []
        log.follow(told.append)

        def full(through: int) -> None:
            raise StoreError("the disk is full")

        log._numbering.reserve = full  # type: ignore[method-assign]
        with pytest.raises(StoreError):
            await log.append(Speaker("s1").say(score(), score()))
        assert told == []
        log._numbering.reserve = reserve  # type: ignore[method-assign]
        await log.append(Speaker("s1").say(score(), score()))
        assert cursors(told) == [1, 2, 3]


async def test_a_person_who_is_deleted_takes_all_along(folder: Path) -> None:
    async with opened(folder) as log:
        speaker = Speaker("s3", "ada")
        await log.append(Speaker("s1", "ada").say(changed(), ended()))
        await log.append(Speaker("s2", "bob").say(changed(), ended()))
        await log.append(speaker.say(changed()))
        await until(lambda: len(kept(folder)) == 8)
        other = store_at(folder / "identities.db")
        await other.delete("ada")
        assert {row["session"] for row in kept(folder)} == {"s2"}  # in the same transaction
        await until(lambda: "s1" not in log.sessions())
        # A call that still runs goes on telling, and leaves nothing.
        told: list[Envelope] = []
        log.follow(told.append)
        await log.append(speaker.say(changed(), ended()))
        assert len(told) == 2
        await until(lambda: log.sessions() == ["s2"])
        await other.close()
    assert {row["session"] for row in kept(folder)} == {"s2"}


async def test_who_was_deleted_while_no_server_ran_does_not_come_back(folder: Path) -> None:
    async with opened(folder) as log:
        await log.append(Speaker("s1", "ada").say(ended()))
        await log.append(Speaker("s2", "carol").say(ended()))  # whom nobody has enrolled yet
    saved = [tuple(row) for row in kept(folder)]
    store = store_at(folder / "identities.db")
    await store.delete("ada")
    # As a crash between the deletion and a server's last write might leave it.
    for row in saved:
        change(folder / "identities.db", "DELETE FROM kept_events WHERE cursor = ?", row[1])
        change(
            folder / "identities.db", f"INSERT INTO kept_events VALUES ({','.join('?' * 7)})", *row
        )
    await store.close()
    async with opened(folder) as log:
        assert (log.sessions(), kept(folder)) == ([], [])


async def test_what_was_changed_or_exchanged_is_passed_over_and_told(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(folder) as log:
        await log.append(Speaker("s1").say(*[changed()] * 4))
    path = folder / "identities.db"
    change(path, "UPDATE kept_events SET sealed = x'00' WHERE cursor = 2")
    change(path, "UPDATE kept_events SET cursor = 99 WHERE cursor = 3")
    change(path, "UPDATE kept_events SET cursor = 3 WHERE cursor = 4")
    async with opened(folder) as log:
        found, lost = await everything(log)
        assert (cursors(found), lost) == ([1, 5], None)
        assert (await everything(log, after=4))[1] == 0
    assert "3 kept events are damaged or were changed" in caplog.text


async def test_a_log_holds_no_more_on_the_disk_than_in_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_logs, "_TIDY_EVERY", 0)
    async with opened(folder, Limits(scores=3, ended_sessions=2)) as log:
        for number in range(5):
            await log.append(Speaker(f"s{number}").say(*[score()] * 10, ended()))
        await until(lambda: len(kept(folder)) == 10)
        assert log.sessions() == ["s3", "s4"]
    store = store_at(folder / "identities.db")
    entries = [entry.fields for entry in await store.audit.page(limit=100)]
    told = [one["details"] for one in entries if one["kind"] == "events_deleted"]
    assert sum(int(one["calls"] or 0) for one in told) == 3
    assert {one["why"] for one in told} == {"too_many"}
    await store.close()


async def test_what_was_said_too_long_ago_is_not_held_after_a_restart(folder: Path) -> None:
    async with opened(folder) as log:
        speaker = Speaker("s1")
        old = [
            dataclasses.replace(event, wall="2020-01-01T00:00:00.000Z")
            for event in speaker.say(ended())
        ]
        await log.append(old)
    async with opened(folder) as log:
        assert log.sessions() == []
        assert await everything(log) == ([], None)


async def test_a_session_that_a_crash_cut_off_is_known(folder: Path) -> None:
    async with opened(folder) as log:
        await log.append(Speaker("s1").say(changed()))
    async with opened(folder) as log:
        assert log.sessions() == ["s1"]
        assert [event.type for event in await log.history("s1")] == [
            "session_started",
            "state_changed",
        ]
        wanted = Filter(identities=frozenset({"ada"}))
        assert len((await log.read(wanted, after=0, through=log.cursor)).envelopes) == 2


async def test_a_real_disk_without_room_is_named(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_logs, "_LONGEST_RETRY_S", 0.05)
    async with opened(folder) as log:
        await log.append(Speaker("s0").say())
        await until(lambda: len(kept(folder)) == 1)
        with sqlite3.connect(folder / "identities.db") as database:
            database.execute(
                "CREATE TRIGGER full BEFORE INSERT ON kept_events "
                "BEGIN SELECT RAISE(ABORT, 'no room'); END"
            )
        with caplog.at_level(logging.ERROR):
            await log.append(Speaker("s1").say(changed()))
            await until(lambda: "cannot be kept, and are told all the same" in caplog.text)
        with sqlite3.connect(folder / "identities.db") as database:
            database.execute("DROP TRIGGER full")
        await until(lambda: len(kept(folder)) == 3)
