"""What is owed to the trail, and what is counted instead of written each time."""

from __future__ import annotations

import asyncio

import pytest

from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.audit.journal import EVERY_S, MOST_KINDS, Journal
from stream_verifier.errors import StoreError

ENDED = Deed(Kind.CALL_ENDED, Actor("0123", "call:publish"), "ada")


def refused(address: str, outcome: str = "invalid_token") -> Deed:
    return Deed(Kind.ACCESS_REFUSED, Actor("none", "", address), outcome=outcome)


class Trail:
    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.full = False

    async def append(self, *deeds: Deed) -> None:
        await asyncio.sleep(0)
        if self.full:
            raise StoreError("the disk is full")
        self.deeds += deeds

    def times(self) -> list[tuple[str, object]]:
        return [(deed.actor.address, deed.details.get("times")) for deed in self.deeds]


class Written(Journal):
    def __init__(self) -> None:
        self.to, self.clock_s = Trail(), 0.0
        super().__init__(self.to, now_s=lambda: self.clock_s)  # type: ignore[arg-type]


async def test_a_flood_of_refusals_is_counted() -> None:
    journal = Written()
    for _ in range(1000):
        journal.count(refused("192.0.2.0/24"))
    await journal.settle()
    assert journal.to.times() == [("192.0.2.0/24", 1000)]
    for _ in range(7):
        journal.count(refused("192.0.2.0/24"))
    journal.count(refused("198.51.100.0/24"))
    await journal.settle()
    assert journal.to.times()[1:] == [("198.51.100.0/24", 1)]
    journal.clock_s = EVERY_S
    await journal.settle()
    assert journal.to.times()[2:] == [("192.0.2.0/24", 7)]


async def test_from_everywhere_at_once_they_are_told_as_one() -> None:
    journal = Written()
    for number in range(3 * MOST_KINDS):
        journal.count(refused(f"10.{number // 256}.{number % 256}.0/24"))
    await journal.settle()
    assert len(journal.to.deeds) == MOST_KINDS + 1
    assert sum(times for _, times in journal.to.times()) == 3 * MOST_KINDS  # type: ignore[misc]
    # Once it is quiet, all are kept apart again.
    journal.clock_s = 2 * EVERY_S
    await journal.settle()
    journal.count(refused("203.0.113.0/24"))
    await journal.settle()
    assert journal.to.times()[-1] == ("203.0.113.0/24", 1)


async def test_what_the_trail_does_not_take_is_owed() -> None:
    journal = Written()
    journal.to.full = True
    journal.owe(ENDED)
    journal.count(refused("192.0.2.0/24"))
    for _ in range(2):
        with pytest.raises(StoreError, match="the disk is full"):
            await journal.settle()
    journal.to.full = False
    journal.owe(ENDED)
    await asyncio.gather(journal.settle(), journal.settle())
    # What was tried goes first and as it was: the trail knows by that what it has of it.
    assert [deed.kind for deed in journal.to.deeds] == [
        "call_ended",
        "access_refused",
        "call_ended",
    ]


async def test_whoever_is_cancelled_writes_nothing_twice() -> None:
    journal = Written()
    journal.owe(ENDED)
    task = asyncio.create_task(journal.settle())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await journal.settle()
    assert len(journal.to.deeds) == 1


async def test_at_the_end_everything_is_written() -> None:
    journal = Written()
    journal.count(refused("192.0.2.0/24"))
    await journal.settle()
    journal.count(refused("192.0.2.0/24"))
    journal.owe(ENDED)
    await journal.close()
    assert journal.to.times() == [("192.0.2.0/24", 1), ("", None), ("192.0.2.0/24", 1)]


async def test_it_writes_by_itself() -> None:
    journal = Written()
    task = asyncio.create_task(journal.run())
    journal.owe(ENDED)
    async with asyncio.timeout(30):
        while not journal.to.deeds:  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.01)
    task.cancel()
    assert journal.to.deeds == [ENDED]


async def until(journal: Journal, *, failing: bool) -> None:
    async with asyncio.timeout(30):
        while journal.failing is not failing:  # noqa: ASYNC110 - it has no event of its own
            await asyncio.sleep(0.01)


async def test_it_says_while_the_trail_takes_nothing_and_when_it_does_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_verifier.audit.journal._LOOK_EVERY_S", 0.01)
    caplog.set_level("INFO", "stream_verifier.audit.journal")
    journal = Written()
    task = asyncio.create_task(journal.run())
    journal.to.full = True
    journal.count(refused("192.0.2.0/24"))
    await until(journal, failing=True)
    journal.to.full = False
    await until(journal, failing=False)
    journal.to.full = True
    journal.count(refused("192.0.2.0/24"), now=True)  # within the same minute
    await until(journal, failing=True)
    task.cancel()
    fails = "the audit trail takes nothing, and no call begins: the disk is full"
    assert [record.message for record in caplog.records] == [
        fails,
        "the audit trail takes entries again, and calls begin",
        fails,
    ]
