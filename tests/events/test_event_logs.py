"""Every event log holds to the contract: the one that serves, and one on another engine."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from stream_verifier.events.kept.log import KeptEventLog
from stream_verifier.events.log import EventLog, Limits
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.events.redis.log import RedisEventLog
from stream_verifier.fleet.link import Link
from tests.support.event_log_contract import EventLogContract
from tests.support.redis_server import RedisServer, needs_redis, redis_server
from tests.support.sqlite_event_log import SqliteEventLog
from tests.support.stores import store_at


class TestMemoryEventLog(EventLogContract):
    def make(self, folder: Path, limits: Limits) -> EventLog:
        return MemoryEventLog(limits=limits)


class TestKeptEventLog(EventLogContract):
    def make(self, folder: Path, limits: Limits) -> EventLog:
        store = store_at(folder / "identities.db")
        place = folder / "events.log-id"
        return KeptEventLog(store, store.kept_events, place=place, limits=limits)


class TestSqliteEventLog(EventLogContract):
    def make(self, folder: Path, limits: Limits) -> EventLog:
        return SqliteEventLog(folder / "events.db", limits=limits)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@needs_redis
class TestRedisEventLog(EventLogContract):
    @pytest.fixture(autouse=True)
    async def _links(self, redis: RedisServer) -> AsyncIterator[None]:
        self._redis = redis
        self._made: list[Link] = []
        yield
        for link in self._made:
            await link.close()

    def make(self, folder: Path, limits: Limits) -> EventLog:
        self._made.append(Link.to(self._redis.url, prefix=secrets.token_hex(4)))
        return RedisEventLog(self._made[-1], worker="w1", limits=limits)
