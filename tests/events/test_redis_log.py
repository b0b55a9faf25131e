"""What the shared log keeps beyond the contract: two workers, and a Redis that dies or forgets."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from stream_verifier.errors import FleetError, ProtocolError, SettingsError
from stream_verifier.events.envelope import Envelope, Filter, Position
from stream_verifier.events.event import Event
from stream_verifier.events.hub import Hub
from stream_verifier.events.redis.log import RedisEventLog
from stream_verifier.fleet.link import Link
from tests.support.event_log_contract import EVERYTHING, Speaker, until
from tests.support.feed_media import changed, ended, score
from tests.support.redis_server import RedisServer, needs_redis, redis_server

pytestmark = needs_redis
JUMP = 2**20


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


class Worker:
    """One worker's log, and what its listeners were told."""

    def __init__(self, log: RedisEventLog, link: Link) -> None:
        self.log, self.link = log, link
        self.told: list[Envelope] = []
        self.holes = 0
        log.follow(self.told.append, self._on_hole)

    def _on_hole(self) -> None:
        self.holes += 1

    @property
    def numbers(self) -> list[tuple[str, int]]:
        """Session and number in it, as they came."""
        return [(item.session, item.event.seq) for item in self.told]

    async def append(self, events: list[Event]) -> None:
        """Try until it is heard, as the writer does."""
        while True:
            with contextlib.suppress(FleetError):
                await self.log.append(events)
                return
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def worker(redis: RedisServer, name: str = "w1", **more: Any) -> AsyncIterator[Worker]:
    link = Link.to(redis.url, prefix="test")
    fenced: list[str] = []
    log = RedisEventLog(link, worker=name, on_fenced=fenced.append, **more)
    await log.start()
    made = Worker(log, link)
    made.fenced = fenced  # type: ignore[attr-defined]
    try:
        yield made
    finally:
        await log.close()
        await link.close()


async def test_each_worker_hears_of_all_under_the_same_numbers(redis: RedisServer) -> None:
    async with worker(redis) as one, worker(redis, "w2") as two:
        await one.append(Speaker("s1").say(score(), changed()))
        await two.append(Speaker("s2", "bob").say(*[score()] * 20))
        await until(lambda: len(one.told) == len(two.told) == 24)
        assert [(e.cursor, e.text) for e in one.told] == [(e.cursor, e.text) for e in two.told]
        assert one.log.epoch == two.log.epoch
        assert await one.log.history("s2") == await two.log.history("s2")
    async with worker(redis, "w3") as late:
        assert (late.log.cursor, late.log.sessions()) == (24, ["s1", "s2"])
        stretch = await late.log.read(Filter(identities=frozenset({"bob"})), after=0, through=24)
        assert (len(stretch.envelopes), stretch.lost) == (21, 0)


async def test_a_worker_reads_pages_of_both_streams_in_order(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_verifier.events.redis.reader._PAGE", 7)
    async with worker(redis) as one:
        for _ in range(10):
            await one.append(Speaker(secrets.token_hex(4)).say(*[score()] * 9, changed()))
    async with worker(redis, "w2") as late:
        held = await late.log.read(EVERYTHING, after=0, through=110)
        assert [item.cursor for item in held.envelopes] == list(range(1, 111))
        assert held.lost == 0


async def test_what_a_caller_is_spared_is_still_known(redis: RedisServer) -> None:
    events = Speaker("s1").say(*[score(at / 2) for at in range(10)])
    async with worker(redis) as one, worker(redis, "w2") as two:
        await one.append(events)
        await until(lambda: len(two.told) == 11)
        known = [(event.spared_caller, event.untold) for event in await two.log.history("s1")]
    assert known == [(event.spared_caller, event.untold) for event in events]
    assert any(spared for spared, _ in known)


async def test_a_redis_that_is_killed_loses_and_doubles_nothing(redis: RedisServer) -> None:
    speaker = Speaker("s1")
    async with worker(redis) as one, worker(redis, "w2") as two:
        await one.append(speaker.say(score()))
        redis.kill()
        with pytest.raises(FleetError):
            await one.log.append(Speaker("s2").say())
        waiting = asyncio.create_task(one.append(speaker.say(changed(), score())))
        await asyncio.sleep(0.1)
        redis.start()
        await waiting
        await until(lambda: len(two.told) == 4)
        for each in (one, two):
            assert each.numbers == [("s1", 1), ("s1", 2), ("s1", 3), ("s1", 4)]
            assert each.holes == 0
        cursors = [item.cursor for item in two.told]
        assert cursors[:2] == [1, 2]
        assert cursors[2] > 2
        assert cursors[3] == cursors[2] + 1


async def test_a_redis_that_forgot_the_newest_events_gives_no_number_twice(
    redis: RedisServer,
) -> None:
    speaker = Speaker("s1")
    async with worker(redis) as one, worker(redis, "w2") as two:
        await one.append(speaker.say(score()))
        redis.kill()
        redis.keep_as("behind")
        redis.start()
        await one.append(speaker.say(score(), changed()))
        await two.append(Speaker("s2", "bob").say())
        await until(lambda: len(one.told) == len(two.told) == 5)
        before = {(item.cursor, item.session, item.event.seq) for item in one.told}
        redis.kill()
        redis.put_back("behind")
        redis.start()
        await one.append(speaker.say(score()))
        await until(lambda: len(one.told) == len(two.told) == 6)
        # Nobody heard anything twice, though what was lost was said again,
        assert len(set(two.numbers)) == len(two.numbers)
        assert two.numbers[-1] == ("s1", 5)
        assert (one.holes, two.holes) == (0, 0)
        # so that who comes later misses nothing.
        async with worker(redis, "w3") as late:
            held = await late.log.read(EVERYTHING, after=0, through=late.log.cursor)
            assert {(e.session, e.event.seq) for e in held.envelopes} == {*two.numbers}
            again = {(e.cursor, e.session, e.event.seq) for e in held.envelopes} - before
        highest = max(cursor for cursor, _, _ in before)
        assert all(cursor > highest for cursor, _, _ in again)
        assert {*two.numbers[2:]} == {(session, seq) for _, session, seq in again}


async def test_a_redis_that_forgot_everything_begins_another_log(redis: RedisServer) -> None:
    speaker = Speaker("s1")
    async with worker(redis) as one, worker(redis, "w2") as two:
        await one.append(speaker.say(score()))
        await until(lambda: len(two.told) == 2)
        epoch = two.log.epoch
        redis.kill()
        redis.forget()
        redis.start()
        await one.append(speaker.say(changed()))
        await until(lambda: len(two.told) == 5)
        assert one.log.epoch == two.log.epoch != epoch
        assert two.holes == 1
        # It was written of late, so it is there again, for subscribers who begin anew.
        assert two.numbers[2:] == [("s1", 1), ("s1", 2), ("s1", 3)]


async def test_what_redis_let_go_before_a_worker_read_it_is_told(redis: RedisServer) -> None:
    async with worker(redis, max_scores=5) as one:
        await one.append(Speaker("s1").say(*[score()] * 1000, changed()))
        async with worker(redis, "w2", max_scores=5) as late:
            assert late.holes == 0
            stretch = await late.log.read(EVERYTHING, after=0, through=late.log.cursor)
            assert stretch.lost is None
            assert stretch.envelopes[0].type == "session_started"
            assert (await late.log.read(EVERYTHING, after=1001, through=1002)).lost == 0
            # A worker that stood still while others spoke.
            reader = late.log._reader
            late.log._reading.cancel()  # type: ignore[union-attr]
            await one.append(Speaker("s2").say(*[score()] * 1000))
            await reader.read_some()
            assert late.holes >= 1


async def test_nobody_speaks_for_a_call_that_another_worker_has(redis: RedisServer) -> None:
    speaker = Speaker("s1")
    async with worker(redis) as one, worker(redis, "w2") as two:
        await one.append(speaker.say(score()))
        await two.link.redis.hset(two.link.key("call", "s1"), "worker", "w2")
        late, moved = speaker.say(changed()), speaker.say(score())
        await one.log.append(late)
        assert one.fenced == ["s1"]  # type: ignore[attr-defined]
        await two.append(moved)
        await until(lambda: len(one.told) == 3)
        assert one.numbers == [("s1", 1), ("s1", 2), ("s1", 4)]


async def test_an_end_without_a_word_is_told_to_all(redis: RedisServer) -> None:
    async with worker(redis) as one, worker(redis, "w2") as two:
        await one.append(Speaker("s1").say(score()))
        await one.append(Speaker("s2").say(ended()))
        for _ in range(2):
            await one.log.end("s1")
            await one.log.end("s2")
        assert one.log.sessions() == ["s2", "s1"]
        await two.log.catch_up()
        assert two.log.sessions() == ["s2", "s1"]
        assert two.log.cursor == one.log.cursor == 5


async def test_a_subscriber_goes_on_at_another_worker(redis: RedisServer) -> None:
    async with worker(redis) as one, worker(redis, "w2") as two:
        hub = Hub(two.log)
        two.log._reader._redis = stalled = Stalled(two.link.redis)  # type: ignore[assignment]
        await asyncio.sleep(1.1)  # the read that waits already
        await one.append(Speaker("s1").say(score(), changed()))
        assert two.log.cursor == 0
        after = Position(epoch=one.log.epoch, cursor=2)
        subscribing = asyncio.create_task(hub.subscribe(after=after))
        await asyncio.sleep(0.05)
        stalled.on.set()
        subscription = await subscribing
        entry = await subscription.get()
        assert entry is not None
        assert (entry.item.cursor, subscription.lost) == (3, 0)
        with pytest.raises(ProtocolError, match="events go to 3"):
            await hub.subscribe(after=Position(epoch=None, cursor=4))


class Stalled:
    """Answers no reader until it may."""

    def __init__(self, redis: object) -> None:
        self.on = asyncio.Event()
        self._redis = redis

    async def xread(self, *args: object, **more: object) -> object:
        await self.on.wait()
        return await self._redis.xread(*args, **more)  # type: ignore[attr-defined]


async def test_many_subscribers_share_one_connection(redis: RedisServer) -> None:
    async with worker(redis) as one:
        await one.append(Speaker("s1").say())
        before = len(await one.link.redis.client_list())
        hub = Hub(one.log)
        followers = [await hub.subscribe() for _ in range(200)]
        await one.append(Speaker("s2").say(score()))
        for follower in followers:
            entry = await follower.get()
            assert entry is not None
            assert entry.item.session == "s2"
        assert len(await one.link.redis.client_list()) == before <= 3


async def test_nothing_stays_longer_than_it_may(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_verifier.events.redis.log._KEPT_S", 1)
    speaker = Speaker("s1")
    async with worker(redis) as one:
        await one.append(speaker.say(*[score()] * 9, *[changed()] * 9))
        for _ in range(8):
            await asyncio.sleep(0.4)
            await one.append(speaker.say(score(), changed()))
        for stream in ("scores", "lasting"):
            found: Any = await one.link.redis.xrange(one.link.key(stream), count=1)
            assert int(found[0][0].partition(b"-")[0]) > 19
        # Of what is gone a worker that starts later says that nobody knows.
        async with worker(redis, "w2") as late:
            stretch = await late.log.read(EVERYTHING, after=0, through=late.log.cursor)
            assert stretch.lost is None
            assert stretch.envelopes


async def test_what_waited_too_long_for_redis_is_told_as_lost(redis: RedisServer) -> None:
    speaker = Speaker("s1")
    async with worker(redis) as one:
        hub = Hub(one.log, unwritten_events=5)
        follower = await hub.subscribe()
        hub.publish(speaker.say()[0])
        await hub.flush()
        position = Position(epoch=hub.epoch, cursor=hub.cursor)
        redis.kill()
        for event in speaker.say(*[changed()] * 9):
            hub.publish(event)
        assert follower.overflowed
        assert (hub.unwritten, hub.lost) == (5, 4)
        redis.start()
        await hub.flush()
        again = await hub.subscribe(after=position)
        assert again.lost is None
        assert [event.seq for event in await hub.history("s1")] == [1, 6, 7, 8, 9, 10]


async def test_a_log_closes_while_redis_is_away(redis: RedisServer) -> None:
    async with worker(redis):
        redis.kill()
        await asyncio.sleep(0.1)


async def test_a_redis_that_is_not_there_is_told(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_verifier.fleet.link._START_S", 0.1)
    redis.kill()
    with pytest.raises(FleetError, match="cannot be reached"):
        async with worker(redis):
            pass
    with pytest.raises(SettingsError, match="redis_url"):
        Link.to("nonsense", prefix="test")


def test_who_lacks_the_package_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(SettingsError, match=r"pip install 'stream-verifier\[fleet\]'"):
        Link.to("redis://127.0.0.1:6379/0", prefix="test")
