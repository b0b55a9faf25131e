"""A slow or failing log costs nobody the order, and a loss is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest

from stream_verifier.errors import FleetError
from stream_verifier.events import hub as hub_module
from stream_verifier.events import writer
from stream_verifier.events.envelope import Position
from stream_verifier.events.event import Event
from stream_verifier.events.hub import Hub
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.events.schema import Payload
from stream_verifier.events.stamper import Stamper
from tests.support.event_log_contract import cursors, drain
from tests.support.feed_media import changed, ended, score, started


class Stubborn(MemoryEventLog):
    """Takes nothing while it is shut, and fails as often as it is told to."""

    def __init__(self, *, failures: int = 0, error: Exception | None = None) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.batches: list[int] = []
        self.failures = failures
        self.error = error or ConnectionError("the engine is away")

    async def append(self, events: Sequence[Event]) -> None:
        await self.open.wait()
        self.batches.append(len(events))
        if self.failures:
            self.failures -= 1
            raise self.error
        await super().append(events)


def say(hub: Hub, stamper: Stamper, *payloads: Payload) -> None:
    for payload in payloads:
        hub.publish(stamper.stamp(payload))


async def test_a_slow_log_catches_up_in_batches_and_in_order() -> None:
    log = Stubborn()
    hub, stamper = Hub(log, queue_events=2000), Stamper("s1")
    subscription = await hub.subscribe()
    say(hub, stamper, started())
    await asyncio.sleep(0)
    say(hub, stamper, *[score(), changed()] * 300)
    assert hub.cursor == 0
    assert hub.sessions() == ["s1"]
    assert [event.seq for event in await hub.history("s1", 598)] == [599, 600, 601]
    assert [event.seq for event in await hub.history("s1", 2, 4)] == [3, 4]
    log.open.set()
    await hub.close()
    assert [item.event.seq for item in await drain(subscription)] == list(range(1, 602))
    assert log.batches == [1, 256, 256, 88]


async def test_a_failing_log_gets_the_same_events_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "_FIRST_RETRY_S", 0.001)
    log = Stubborn(failures=3)
    log.open.set()
    hub, stamper = Hub(log), Stamper("s1")
    with caplog.at_level(logging.ERROR):
        say(hub, stamper, started(), score(), changed())
        await hub.flush()
    say(hub, stamper, ended())
    await hub.flush()
    assert [event.seq for event in await hub.history("s1")] == [1, 2, 3, 4]
    assert (hub.cursor, log.batches) == (4, [3, 3, 3, 3, 1])
    assert caplog.text.count("3 events wait") == 3


async def test_a_log_that_is_away_is_told_in_one_line_and_that_it_is_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "_FIRST_RETRY_S", 0.001)
    log = Stubborn(failures=5, error=FleetError("Redis is full"))
    log.open.set()
    hub, stamper = Hub(log), Stamper("s1")
    for _ in range(2):
        say(hub, stamper, score())
        await hub.flush()
        log.failures = 2
    failed, back = "the event log takes nothing, and events wait", "takes events again"
    assert [failed in one or back in one for one in caplog.messages] == [True] * 4
    assert caplog.text.count(failed) == caplog.text.count(back) == 2
    assert "Redis is full" in caplog.text
    assert "Traceback" not in caplog.text
    await hub.close()


async def test_scores_give_way_first_and_all_who_follow_learn_that_something_is_missing() -> None:
    log = Stubborn()
    hub, stamper = Hub(log, unwritten_events=6), Stamper("s1")
    follower = await hub.subscribe()
    say(hub, stamper, started())
    await asyncio.sleep(0)
    say(hub, stamper, *[score(), changed()] * 4)
    assert follower.overflowed
    during = await hub.subscribe()
    assert during.lost is None
    log.open.set()
    await hub.flush()
    assert [event.seq for event in await hub.history("s1")] == [1, 3, 5, 7, 8, 9]
    say(hub, stamper, changed())
    await hub.flush()
    for after, lost in ((0, None), (5, None), (6, 0), (7, 0)):
        assert (await hub.subscribe(after=Position(hub.epoch, after))).lost == lost
    assert (await hub.subscribe()).lost == 0
    await hub.close()
    assert cursors(await drain(during)) == list(range(1, 8))
    assert await drain(follower) == []


async def test_where_no_score_waits_the_oldest_event_goes_but_none_on_its_way() -> None:
    log = Stubborn()
    hub, stamper = Hub(log, unwritten_events=3), Stamper("s1")
    say(hub, stamper, started(), changed())
    await asyncio.sleep(0)
    say(hub, stamper, *[changed()] * 4)
    log.open.set()
    await hub.flush()
    assert [event.seq for event in await hub.history("s1")] == [1, 2, 6]


async def test_a_stopping_server_waits_a_moment_for_a_slow_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hub_module, "_LAST_WORDS_S", 0.01)
    hub, stamper = Hub(Stubborn()), Stamper("s1")
    subscription = await hub.subscribe()
    say(hub, stamper, started(), ended())
    await hub.close()
    assert await subscription.get() is None
    assert "2 events were not written" in caplog.text


async def test_a_calls_client_waits_until_what_it_is_told_is_written() -> None:
    log = Stubborn()
    hub, stamper = Hub(log), Stamper("s1")
    say(hub, stamper, started())
    told = asyncio.create_task(hub.written())
    await asyncio.sleep(0)
    say(hub, stamper, *[changed()] * 300)
    await asyncio.sleep(0.01)
    assert not told.done()
    log.open.set()
    await told
    assert hub.cursor >= 1
    await hub.flush()
    await hub.written()
    assert hub.cursor == 301


async def test_nobody_waits_for_a_log_that_fails_until_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "_FIRST_RETRY_S", 0.001)
    log = Stubborn(failures=1)
    hub, stamper = Hub(log), Stamper("s1")
    say(hub, stamper, started())
    told = asyncio.create_task(hub.written())
    await asyncio.sleep(0)
    log.open.set()
    await told
    log.open.clear()
    assert hub.cursor == 0
    say(hub, stamper, changed())
    await hub.written()
    assert hub.cursor == 0
    log.open.set()
    await hub.flush()
    log.open.clear()
    say(hub, stamper, changed())
    again = asyncio.create_task(hub.written())
    await asyncio.sleep(0.01)
    assert not again.done()
    log.open.set()
    await again
    assert hub.cursor == 3


async def test_a_log_that_hangs_keeps_a_client_waiting_once_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "_WRITTEN_S", 0.01)
    log = Stubborn()
    hub, stamper = Hub(log), Stamper("s1")
    say(hub, stamper, started())
    await hub.written()
    say(hub, stamper, changed())
    monkeypatch.setattr(hub_module, "_WRITTEN_S", 1e9)
    await hub.written()
    assert (hub.cursor, hub.unwritten) == (0, 2)
    log.open.set()
    await hub.flush()
    assert hub.cursor == 2


async def test_one_who_waits_no_more_keeps_nobody_else_waiting() -> None:
    log = Stubborn()
    hub, stamper = Hub(log), Stamper("s1")
    say(hub, stamper, started())
    one, other = (asyncio.create_task(hub.written()) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()
    await asyncio.sleep(0)
    log.open.set()
    await other
    assert one.cancelled()
    assert hub.cursor == 1
