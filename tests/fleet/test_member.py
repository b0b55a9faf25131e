"""Workers that share a Redis: places, leases, orders, and what becomes of calls of those gone."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from stream_verifier.calls.neighbours import CallRecord, hash_of
from stream_verifier.calls.places import Place
from stream_verifier.calls.running import RunningCalls
from stream_verifier.calls.session import Session
from stream_verifier.calls.summary import CallSummary
from stream_verifier.errors import (
    CapacityError,
    FleetError,
    IdentityLockedError,
    RateLimitedError,
    ResumeKeyError,
    UnknownSessionError,
)
from stream_verifier.events.hub import Hub
from stream_verifier.events.redis import log as redis_log
from stream_verifier.events.redis.log import RedisEventLog
from stream_verifier.fleet.duties import Duties
from stream_verifier.fleet.link import Link
from stream_verifier.fleet.member import Limits, Member
from tests.support.event_log_contract import Speaker, until
from tests.support.feed_media import changed, ended, score
from tests.support.redis_server import RedisServer, needs_redis
from tests.support.session_media import make_session

pytestmark = needs_redis
LEASE_S = 0.6
ADA = Place("ada", "t1", bound=False, subject="oidc-sub-1")


class Calls:
    """What a registry is to its fleet."""

    room, closing = 3, False

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.here = RunningCalls(lambda *_: None)
        self.let: list[str] = []
        self.buried: list[CallSummary] = []

    async def let_go(self, session_id: str) -> None:
        self.let.append(session_id)
        session = self.here.get(session_id)
        if session is not None:
            session.let_go()
            await self.here.wait(lambda one: one.id == session_id)
        await self.hub.flush()

    def note_buried(self, summary: CallSummary) -> None:
        self.buried.append(summary)


class Worker:
    def __init__(self, redis: RedisServer, name: str, **limits: int) -> None:
        self.link = Link.to(redis.url, prefix="test")
        self.log = RedisEventLog(self.link, worker=name, on_fenced=self._fenced)
        both = {"openings_per_minute": 3, "calls_per_identity": 2} | limits
        self.member = Member(self.link, worker=name, log=self.log, limits=Limits(**both))
        self.hub = Hub(self.log)
        self.calls = Calls(self.hub)
        address = f"http://{name}"
        self.duties = Duties(self.member, self.calls, address=address, lease_s=LEASE_S)

    def _fenced(self, session: str) -> None:
        self.duties.on_fenced(session)

    async def open(self, name: str, place: Place = ADA, **more: Any) -> Session:
        """A call that runs here."""
        record = record_of(name, place, **more)
        await self.member.join(record)
        session = make_session(store=None, on_event=self.hub.publish, session_id=name)
        self.calls.here.run(session, record)
        for payload in (Speaker(name).say()[0].payload, score(), changed()):
            session.emit(payload)
        await self.hub.flush()
        return session


@contextlib.asynccontextmanager
async def worker(redis: RedisServer, name: str, **limits: int) -> AsyncIterator[Worker]:
    made = Worker(redis, name, **limits)
    await made.log.start()
    try:
        async with made.duties.done():
            await made.duties.renew()
            yield made
            for session in made.calls.here:
                session.request_end("stopped")
            await made.calls.here.wait()
    finally:
        with contextlib.suppress(FleetError):
            await made.hub.close()
        await made.link.close()


async def test_how_long_events_are_kept_goes_by_one_clock_for_all(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with worker(redis, "a") as first:
        await first.log.append(Speaker("s1").say(ended()))
        assert abs(first.member.clock_ahead_s) < 1
        assert not caplog.messages
    # All of this process have the clock that is set now: the first one has gone by then.
    really = time.time
    monkeypatch.setattr(time, "time", lambda: really() + 3 * 24 * 3600)
    async with worker(redis, "b") as second:
        assert second.log.sessions() == ["s1"], "ended a moment ago"
        assert second.member.clock_ahead_s == pytest.approx(3 * 24 * 3600, abs=1)
        await second.duties.renew()
        assert caplog.text.count("+259200 s from that of Redis") == 1


async def allow(worker: Worker, rule: str) -> None:
    """Change what Redis lets all do, in the words of its access lists."""
    redis: Any = worker.link.redis
    await redis.execute_command("ACL SETUSER", "default", rule)


async def die(worker: Worker) -> None:
    """Go without a word: nothing is renewed or written any more."""
    worker.link.prefix = "{nowhere}"


async def until_found(at: Worker, fits: Callable[[CallRecord], bool]) -> CallRecord:
    """Wait until a worker knows s1 as it should."""
    async with asyncio.timeout(30):
        while True:
            found = await at.member.find("s1")
            if found is not None and fits(found):
                return found
            await asyncio.sleep(0.02)


def record_of(session: str, place: Place = ADA, **more: Any) -> CallRecord:
    about: dict[str, Any] = {
        "mode": "verify",
        "operating_point": "alarm_2h",
        "key_hash": hash_of("key"),
        "challenges": ("turn_head",),
        "followed": True,
        "resume_within_s": 0.4,
    }
    return CallRecord(session=session, place=place, **about | more)


async def test_all_know_of_a_call_and_who_has_it(redis: RedisServer) -> None:
    async with worker(redis, "w1") as one, worker(redis, "w2") as two:
        await one.open("s1")
        found = await two.member.find("s1")
        assert found is not None
        assert found == record_of("s1", address="http://w1")
        found.check_key("key")
        with pytest.raises(ResumeKeyError):
            found.check_key("another")
        assert await two.member.find("unknown") is None
        assert {about.worker for about in await two.member.workers()} == {"w1", "w2"}
        assert await one.member.peer() == "http://w2"
        await until(lambda: [call.session for call in two.member.calls()] == ["s1"])
        (call,) = two.member.calls()
        assert (call.identity, call.seq, call.ended_at) == ("ada", 3, None)
        for key in await two.link.redis.keys():
            assert isinstance(key, bytes)
            assert not re.search(rb"\bada\b", key)


async def test_places_are_counted_over_all_workers(redis: RedisServer) -> None:
    async with worker(redis, "w1") as one, worker(redis, "w2") as two:
        await one.open("s1")
        await two.open("s2")
        with pytest.raises(CapacityError, match="2 calls run for that name already"):
            await two.member.join(record_of("s3"))
        await two.member.join(record_of("s4", Place("ada", "root", bound=False, trusted=True)))
        await two.member.join(record_of("s5", Place("bob", "t1", bound=False)))
        one.member.leave("s1")
        two.member.leave("s4")
        await one.member.say_leaving()
        await two.member.say_leaving()
        await two.member.join(record_of("s6"))
        assert await two.member.find("s1") is None


async def test_a_rush_passes_no_limit(redis: RedisServer) -> None:
    async with worker(redis, "w1") as one, worker(redis, "w2") as two:
        told = await asyncio.gather(
            *(
                at.member.join(record_of(f"{name}{number}"))
                for name, at in (("a", one), ("b", two))
                for number in range(5)
            ),
            return_exceptions=True,
        )
        assert sum(answer is None for answer in told) == 2
        assert sum(isinstance(answer, CapacityError) for answer in told) == 8


async def test_a_bound_token_holds_one_call_over_all_workers(redis: RedisServer) -> None:
    bound = Place("ada", "t9", bound=True)
    async with worker(redis, "w1") as one, worker(redis, "w2") as two:
        old = await one.open("s1", bound)
        await two.open("s2", bound)
        assert old.summary.end_reason == "superseded"
        assert len(one.calls.here) == 0


async def test_a_call_is_ended_by_whichever_worker_is_asked(redis: RedisServer) -> None:
    async with worker(redis, "w1") as one, worker(redis, "w2") as two:
        session = await one.open("s1")
        await two.member.end("s1", "ended_by_admin")
        assert session.summary.end_reason == "ended_by_admin"
        await two.member.end("s1", "ended_by_admin")
        await two.member.end("unknown", "ended_by_admin")


async def test_an_owner_that_hears_of_it_lets_go_before_another_takes_over(
    redis: RedisServer,
) -> None:
    async with worker(redis, "w1") as one, worker(redis, "w2") as two:
        session = await one.open("s1")
        session.emit(changed())
        await two.member.take_over("s1")
        assert (one.calls.let, session.moved) == (["s1"], True)
        # All that it said is there, and no end.
        await two.log.catch_up()
        assert [event.seq for event in await two.log.history("s1")] == [1, 2, 3, 4]
        session.emit(changed())
        await one.hub.flush()
        assert len(await two.log.history("s1")) == 4
        found = await one.member.find("s1")
        assert found is not None
        assert found.address == "http://w2"


async def test_a_call_of_a_worker_that_is_gone_may_be_taken_over_once(redis: RedisServer) -> None:
    async with (
        worker(redis, "w1") as gone,
        worker(redis, "w2") as two,
        worker(redis, "w3") as three,
    ):
        await gone.open("s1", resume_within_s=30.0)
        await die(gone)
        found = await until_found(two, lambda record: record.address is None)
        assert not found.address
        await two.member.take_over("s1")
        await until_found(three, lambda record: record.address == "http://w2")
        two.member.leave("s1")
        await two.member.say_leaving()
        with pytest.raises(UnknownSessionError):
            await three.member.take_over("s1")


async def test_one_worker_ends_a_call_that_nobody_has_and_nobody_came_back_to(
    redis: RedisServer,
) -> None:
    async with (
        worker(redis, "w1") as gone,
        worker(redis, "w2") as two,
        worker(redis, "w3") as three,
    ):
        await gone.open("s1")
        await die(gone)
        buried = [two.calls.buried, three.calls.buried]
        await until(lambda: len(sum(buried, [])) == 1)
        (summary,) = sum(buried, [])
        assert (summary.session, summary.identity, summary.seq) == ("s1", "ada", 4)
        assert summary.end_reason == "server_lost"
        for each in (two, three):
            await each.log.catch_up()
            last = (await each.log.history("s1"))[-1]
            assert (last.seq, last.type) == (4, "session_ended")
        assert await two.member.find("s1") is None
        # No name is held by a call that is no more.
        await two.member.join(record_of("s2"))
        await two.member.join(record_of("s3"))


async def test_an_administrator_need_not_wait_for_a_worker_that_is_gone(redis: RedisServer) -> None:
    async with worker(redis, "w1") as gone, worker(redis, "w2") as two:
        await gone.open("s1", resume_within_s=60.0)
        await die(gone)
        await two.member.end("s1", "ended_by_admin")
        last = (await two.log.history("s1"))[-1].payload
        assert (last.type, last.reason) == ("session_ended", "ended_by_admin")  # type: ignore[union-attr]


async def test_a_worker_that_was_cut_off_leaves_calls_that_moved(redis: RedisServer) -> None:
    async with worker(redis, "w1") as cut_off, worker(redis, "w2") as two:
        session = await cut_off.open("s1", resume_within_s=60.0)
        await die(cut_off)
        await asyncio.sleep(LEASE_S * 1.5)
        await two.member.take_over("s1")
        cut_off.link.prefix = "{test}"
        await cut_off.duties.renew()
        await until(lambda: session.moved)
        await cut_off.calls.here.wait()
        assert session.summary.end_reason is None


async def test_calls_outlive_a_redis_that_forgets_everything(redis: RedisServer) -> None:
    async with worker(redis, "w1") as one, worker(redis, "w2") as two:
        session = await one.open("s1")
        redis.kill()
        redis.forget()
        await until(lambda: not one.member.answered)
        redis.start()
        await until(lambda: one.member.reachable and two.member.reachable)
        await until_found(two, lambda record: record.address == "http://w1")
        session.emit(changed())
        await one.hub.flush()
        assert not session.ending
        assert two.calls.buried == []


async def test_a_worker_that_says_nothing_learns_that_redis_was_emptied(redis: RedisServer) -> None:
    async with worker(redis, "a") as one, worker(redis, "b") as idle:
        for number in range(3):
            await one.log.append(Speaker(f"s{number}").say(ended()))
        await idle.log.catch_up()
        told: list[str] = []
        idle.log.follow(lambda envelope: told.append(envelope.session))
        await one.link.redis.flushall()
        await one.log.append(Speaker("s9").say(ended()))
        await until(lambda: "s9" in told)
        assert idle.log.epoch == one.log.epoch


async def test_a_worker_that_cannot_follow_the_log_is_not_ready_and_opens_no_call(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(redis_log, "_CATCH_UP_S", 0.3)
    async with worker(redis, "a") as one:
        await allow(one, "-xread")
        saying = asyncio.create_task(one.log.append(Speaker("s1").say(ended())))
        await until(lambda: not one.member.reachable)
        assert "no new calls: " in caplog.text
        with pytest.raises(FleetError, match="does not hear the others"):
            await one.member.join(record_of("s2", ADA))
        await one.member.join(record_of("s1", ADA), counted=False)  # it runs already
        await allow(one, "+@all")
        await until(lambda: one.member.reachable)
        await saying
        await one.member.join(record_of("s2", ADA))


async def test_a_worker_that_hears_no_orders_says_so_once_and_opens_no_call(
    redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with worker(redis, "a") as one:
        await allow(one, "resetchannels")
        await until(lambda: "orders of other servers are not heard" in caplog.text)
        await asyncio.sleep(0.4)
        assert caplog.text.count("are not heard") == 1
        assert not one.member.reachable
        with pytest.raises(FleetError, match="does not hear the others"):
            await one.member.join(record_of("s1", ADA))
        await allow(one, "allchannels")
        await until(lambda: one.member.reachable)


async def test_openings_are_counted_over_all_workers(redis: RedisServer) -> None:
    async with worker(redis, "w1") as one, worker(redis, "w2") as two:
        for at in (one, two, one):
            await at.member.count_opening("token t1")
        with pytest.raises(RateLimitedError) as refused:
            await two.member.count_opening("token t1")
        assert 0 < refused.value.retry_after_s <= 20
        await two.member.count_opening("token t2")


async def test_tries_are_counted_over_all_workers(redis: RedisServer) -> None:
    async with worker(redis, "w1") as one, worker(redis, "w2") as two:
        first, second = (at.member.tries(most=2, told=3) for at in (one, two))
        first.charge(ADA, token=1.0, name=1.0)
        second.charge(ADA, token=1.0, name=1.0)
        await first.say()
        await second.say()
        for account in (first, second):
            await account.refresh(ADA)  # whose count came first is chance
            with pytest.raises(IdentityLockedError):
                account.refuse_if_spent(ADA)
        other = Place("ada", "t2", bound=False)
        second.charge(other, name=1.0)
        await second.say()
        assert not first.guards(ADA)
        await one.open("s1")
        await one.duties.renew()
        assert first.guards(ADA)
        # What is given back is so for all.
        second.charge(ADA, token=-1.0, name=-1.0)
        await second.say()
        await first.refresh(ADA)
        first.refuse_if_spent(ADA)
        assert not first.guards(ADA)


async def test_tries_are_counted_while_redis_is_away_and_told_later(redis: RedisServer) -> None:
    async with worker(redis, "w1") as one, worker(redis, "w2") as two:
        first, second = (at.member.tries(most=2, told=3) for at in (one, two))
        redis.kill()
        for _ in range(2):
            first.charge(ADA, token=1.0)
        with pytest.raises(IdentityLockedError):
            first.refuse_if_spent(ADA)
        with pytest.raises(FleetError):
            await second.refresh(ADA)
        redis.start()
        await until(lambda: one.member.reachable and not first._unsaid)
        await second.refresh(ADA)
        with pytest.raises(IdentityLockedError):
            second.refuse_if_spent(ADA)


async def test_a_call_that_ended_in_the_log_only_is_listed_as_ended(redis: RedisServer) -> None:
    async with worker(redis, "w1") as one, worker(redis, "w2") as two:
        await one.log.append(Speaker("s1").say(ended()))
        await until(lambda: len(two.member.calls()) == 1)
        assert two.member.calls()[0].ended_at is not None
