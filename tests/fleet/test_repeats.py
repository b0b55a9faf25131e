"""A request that is sent again to another server of a fleet."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from stream_verifier.calls.repeats import KEPT_S, UNDER_WAY_S, Answer, AnswerSeal
from stream_verifier.errors import FleetError, RequestUnderWayError
from stream_verifier.fleet.link import Link
from stream_verifier.fleet.repeats import SharedRepeats
from tests.support.redis_server import RedisServer, needs_redis

pytestmark = needs_redis
DONE = Answer(fingerprint="f", status=201, media_type="application/json", body='{"name": "ada"}')


@contextlib.asynccontextmanager
async def server(
    redis: RedisServer, *, token_key: bytes = bytes(32), most: int = 9
) -> AsyncIterator[SharedRepeats]:
    link = Link.to(redis.url, prefix="test")
    yield SharedRepeats(link, AnswerSeal(token_key), most=most)
    await link.close()


async def test_a_request_is_done_by_one_server_and_answered_alike_by_all(
    redis: RedisServer,
) -> None:
    async with server(redis) as one, server(redis) as other:
        assert await one.begin("k") is None
        with pytest.raises(RequestUnderWayError):
            await other.begin("k")
        assert await other.begin("another") is None
        await one.keep("k", DONE)
        assert await other.begin("k") == DONE


async def test_what_came_to_nothing_may_be_tried_anew_elsewhere(redis: RedisServer) -> None:
    async with server(redis) as one, server(redis) as other:
        await one.begin("k")
        await one.forget("k")
        assert await other.begin("k") is None
        await other.keep("k", DONE)
        await one.forget("k")  # too late: it is done
        assert await one.begin("k") == DONE


async def test_redis_reads_nothing_and_forgets_in_time(redis: RedisServer) -> None:
    link = Link.to(redis.url, prefix="test")
    async with server(redis) as one, server(redis, token_key=bytes(31) + b"x") as stranger:
        await one.begin("k")
        name = link.key("repeat", "k")
        assert 0 < await link.redis.pttl(name) <= 1000 * UNDER_WAY_S
        await one.keep("k", DONE)
        assert 1000 * UNDER_WAY_S < await link.redis.pttl(name) <= 1000 * KEPT_S
        assert b"ada" not in (await link.redis.get(name) or b"")
        with pytest.raises(RequestUnderWayError):
            await stranger.begin("k")
    await link.close()


async def test_so_many_are_remembered_and_the_newest_of_them(redis: RedisServer) -> None:
    async with server(redis, most=2) as one:
        for key in "abc":
            assert await one.begin(key) is None
            await one.keep(key, DONE)
        assert [await one.begin(key) for key in "bc"] == [DONE, DONE]
        assert await one.begin("a") is None


async def test_without_redis_nothing_is_begun(redis: RedisServer) -> None:
    async with server(redis) as one:
        redis.kill()
        with pytest.raises(FleetError):
            await one.begin("k")
