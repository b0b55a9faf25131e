"""Several servers post to one address: each event by one of them, and none left out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from stream_verifier.client.backoff import Backoff
from stream_verifier.events.hub import Hub
from stream_verifier.events.redis.log import RedisEventLog
from stream_verifier.fleet.link import Link
from stream_verifier.fleet.posting import RedisLaneLease
from stream_verifier.webhooks import lane
from stream_verifier.webhooks.service import webhooks
from tests.support.feed_media import Call, changed, ended
from tests.support.hosts import hosted
from tests.support.redis_server import RedisServer, needs_redis, redis_server
from tests.webhooks.test_webhooks import SOON, Receiver, settings_for

pytestmark = needs_redis
LEASE_S = 0.3
LAST_WORDS_S = 1.0
LATE = Backoff(first_s=600, longest_s=600)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "_LOOK_S", 0.02)


class MortalLease(RedisLaneLease):
    """Gives nothing back once its server was killed."""

    killed = False

    async def release(self) -> None:
        if not self.killed:
            await super().release()


class Server:
    """One of a fleet that posts to a webhook, as far as events go."""

    def __init__(self, redis: RedisServer, worker: str) -> None:
        self.link = Link.to(redis.url, prefix="sv")
        self.log = RedisEventLog(self.link, worker=worker, on_fenced=lambda _: None)
        self.hub = Hub(self.log)
        self.leases: list[MortalLease] = []
        self._worker = worker
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def lease(self, name: str) -> RedisLaneLease:
        lease = MortalLease(self.link, worker=self._worker, lane=name, lease_s=LEASE_S)
        self.leases.append(lease)
        return lease

    async def start(self, folder: Path, address: str, backoff: Backoff = SOON) -> None:
        await self.log.start()
        began = asyncio.Event()

        async def run() -> None:
            settings = settings_for(folder, f"{address}/hook")
            async with webhooks(
                settings, self.hub, lease=self.lease, backoff=backoff, last_words_s=LAST_WORDS_S
            ):
                began.set()
                await self._stop.wait()
                await self.hub.close()

        self._task = asyncio.create_task(run())
        await began.wait()

    async def stop(self) -> None:
        self._stop.set()
        assert self._task is not None
        await self._task
        await self.link.close()

    async def kill(self) -> None:
        """It posts and gives back nothing any more."""
        for lease in self.leases:
            lease.killed = True
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.hub.close()
        await self.link.close()


@contextlib.asynccontextmanager
async def two_servers(
    folder: Path, receiver: Receiver, first: Backoff = SOON
) -> AsyncIterator[tuple[Server, Server, str, RedisServer]]:
    """Two that post, of which the first one tries again when that says."""
    app = Starlette(routes=[Route("/hook", receiver.handle, methods=["POST"])])
    (folder / "redis").mkdir()
    with redis_server(folder / "redis") as redis:
        async with hosted(app) as address:
            one, other = Server(redis, "one"), Server(redis, "other")
            await one.start(folder, address, first)
            await other.start(folder, address)
            yield one, other, address, redis


def all_of(receiver: Receiver, *sessions: str) -> list[list[int]]:
    return [receiver.seqs(session) for session in sessions]


SESSIONS = ("a", "b", "c", "d", "e", "f")


async def test_each_event_is_posted_once_whichever_server_said_it(tmp_path: Path) -> None:
    receiver = Receiver()
    async with two_servers(tmp_path, receiver) as (one, other, _, _):
        for number, session in enumerate(SESSIONS):
            Call((one, other)[number % 2].hub, session).say(changed(), ended())
        await receiver.until(lambda: len(receiver.taken) >= 3 * len(SESSIONS))
        await other.stop()
        await one.stop()
    assert all_of(receiver, *SESSIONS) == [[1, 2, 3]] * len(SESSIONS)
    assert len(receiver.tried) == len({*receiver.tried}) == 3 * len(SESSIONS)


async def test_another_goes_on_where_a_server_stopped(tmp_path: Path) -> None:
    receiver = Receiver()
    async with two_servers(tmp_path, receiver) as (one, other, _, _):
        for session in SESSIONS:
            Call(one.hub, session).say(changed())
        await one.stop()
        for session in SESSIONS:
            Call(other.hub, f"{session}2").say(changed(), ended())
        await receiver.until(lambda: len(receiver.taken) >= 5 * len(SESSIONS))
        await other.stop()
    assert all_of(receiver, *SESSIONS) == [[1, 2]] * len(SESSIONS)
    assert all_of(receiver, *(f"{one}2" for one in SESSIONS)) == [[1, 2, 3]] * len(SESSIONS)
    assert len(receiver.tried) == len({*receiver.tried})


async def test_what_a_killed_server_had_not_posted_is_posted_by_another_under_the_same_id(
    tmp_path: Path,
) -> None:
    shut = True

    def answer(message: dict[str, Any], attempt: int) -> Response:
        return Response(status_code=503 if shut else 204)

    receiver = Receiver(answer)
    async with two_servers(tmp_path, receiver, LATE) as (one, other, _, _):
        for session in SESSIONS:
            Call(other.hub, session).say(changed(), ended())
        await receiver.until(lambda: len(receiver.tried) >= 1)
        await one.kill()
        tried, shut = {*receiver.tried}, False
        await receiver.until(lambda: len(receiver.taken) >= 3 * len(SESSIONS))
        await other.stop()
    assert all_of(receiver, *SESSIONS) == [[1, 2, 3]] * len(SESSIONS)
    assert tried < {*receiver.tried}
    assert len({*receiver.tried}) == 3 * len(SESSIONS)


async def test_a_server_that_starts_anew_posts_what_it_missed(tmp_path: Path) -> None:
    receiver = Receiver()
    async with two_servers(tmp_path, receiver) as (one, other, address, redis):
        await one.stop()
        Call(other.hub, "a").say(changed())
        await receiver.until(lambda: len(receiver.taken) >= 2)
        await other.stop()
        silent = Server(redis, "silent")
        await silent.log.start()
        Call(silent.hub, "b").say(changed(), ended())
        await silent.hub.close()
        await silent.link.close()
        assert receiver.seqs("b") == []
        again = Server(redis, "again")
        await again.start(tmp_path, address)
        await receiver.until(lambda: len(receiver.taken) >= 5)
        await again.stop()
    assert all_of(receiver, "a", "b") == [[1, 2], [1, 2, 3]]


async def test_a_log_that_was_lost_is_told_as_such(tmp_path: Path) -> None:
    receiver = Receiver()
    async with two_servers(tmp_path, receiver) as (one, other, address, redis):
        await other.stop()
        Call(one.hub, "a").say(changed())
        await receiver.until(lambda: len(receiver.taken) >= 2)
        link = one.link.redis
        kept = [key for key in await link.keys("*") if b"posted" in key]
        assert len(kept) == 4
        for key in kept:
            await link.hset(key, "cursor", "999")
        await one.stop()
        again = Server(redis, "again")
        await again.start(tmp_path, address)
        Call(again.hub, "b").say(changed())
        await receiver.until(lambda: len(receiver.taken) >= 5)
        await again.stop()
    assert receiver.taken[2] == {"type": "lost", "events": None}
    assert receiver.seqs("b") == [1, 2]
