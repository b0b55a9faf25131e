"""The way to the Redis that workers share; without the package nothing else is missing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from stream_verifier.errors import FleetError, SettingsError

if TYPE_CHECKING:
    from redis.asyncio import Redis

_CONNECT_S = 5.0
_ANSWER_S = 5.0
_START_S = 10.0
_LISTEN_S = 2.0
_AGAIN_S = 0.2
_CANCEL_AGAIN_S = 0.1
_MOST_CONNECTIONS = 16


class Link:
    """One a worker; used from one event loop.

    Args:
        redis: the client, whose answers are bytes.
        prefix: begins every key.
    """

    def __init__(self, redis: Redis, *, prefix: str) -> None:
        self.redis = redis
        self.prefix = prefix
        self._since_s = time.time() - time.monotonic()

    @classmethod
    def to(cls, url: str, *, prefix: str) -> Self:
        """Make one that is not connected yet.

        Raises:
            SettingsError: the package is missing, or the URL is none.
        """
        try:
            from redis.asyncio import BlockingConnectionPool, Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError as error:
            raise SettingsError(
                "redis_url is set, but the package is missing: pip install 'stream-verifier[fleet]'"
            ) from error
        try:
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=_MOST_CONNECTIONS,
                timeout=_ANSWER_S,
                socket_connect_timeout=_CONNECT_S,
                socket_timeout=_ANSWER_S,
                socket_keepalive=True,
                # Whoever asks knows whether asking again is harmless; nothing is repeated here.
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise SettingsError(f"redis_url: {error}") from error
        return cls(Redis.from_pool(pool), prefix=f"{{{prefix}}}")

    def key(self, *parts: str) -> str:
        """The name of a key."""
        return ":".join((self.prefix, *parts))

    async def run(self, script: str, *arguments: str | bytes | float) -> Any:
        """Run a Lua script, whose first argument is the prefix.

        Raises:
            FleetError: Redis cannot be asked now.
        """
        with reachable():
            return await self.redis.register_script(script)(args=[self.prefix, *arguments])

    async def publish(self, channel: str, message: str) -> None:
        """Say something to whoever listens now.

        Raises:
            FleetError: Redis cannot be asked now.
        """
        with reachable():
            await self.redis.publish(channel, message)

    async def messages(self, channel: str) -> AsyncIterator[bytes | None]:
        """What is said on a channel from now on, over a connection of its own.

        Yields:
            None each time when from now on it is heard; then what is said.

        Raises:
            FleetError: the connection is lost; what is said meanwhile is not heard.
        """
        with reachable():
            async with self.redis.pubsub() as pubsub:
                await pubsub.subscribe(channel)
                while True:
                    heard = await pubsub.get_message(timeout=_LISTEN_S)
                    if heard is not None:
                        yield heard["data"] if heard["type"] == "message" else None

    async def wait_until_there(self) -> None:
        """Wait until Redis answers, as it may be started together with this worker.

        Raises:
            FleetError: it did not in time; the message says where it was looked for.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _START_S
        while True:
            try:
                await self.compare_clocks()
                return
            except FleetError:
                if loop.time() > until_s:
                    raise
            await asyncio.sleep(_AGAIN_S)

    @property
    def now_s(self) -> float:
        """Unix time by Redis' clock, whatever this machine's says; see `compare_clocks`."""
        return self._since_s + time.monotonic()

    @property
    def clock_ahead_s(self) -> float:
        """Seconds by which this machine's clock is ahead of that; negative: behind."""
        return time.time() - self.now_s

    async def compare_clocks(self) -> None:
        """Read Redis' clock, by which all workers can date alike.

        Raises:
            FleetError: Redis cannot be asked now.
        """
        asked_s = time.monotonic()
        with reachable():
            whole, micros = await self.redis.time()
        self._since_s = whole + micros / 1e6 - (asked_s + time.monotonic()) / 2

    async def close(self) -> None:
        """Release all connections."""
        await self.redis.aclose()


@contextlib.contextmanager
def reachable() -> Iterator[None]:
    """Turn whatever Redis cannot do into one error.

    Raises:
        FleetError: it cannot be asked now.
    """
    from redis.exceptions import RedisError

    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise FleetError(f"{type(error).__name__}: {error}") from error


async def stopped(task: asyncio.Task[None]) -> None:
    """Cancel a task that talks to Redis, until it has stopped.

    Once is not enough: before Python 3.12 what waits with a timeout may take a cancellation for
    its own and go on.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_CANCEL_AGAIN_S)


def texts(answer: Sequence[bytes | int | None]) -> list[str]:
    """Parts of an answer as text; nothing is the empty text."""
    return [
        part.decode() if isinstance(part, bytes) else "" if part is None else str(part)
        for part in answer
    ]
