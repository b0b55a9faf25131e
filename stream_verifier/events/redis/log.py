"""The event log of a fleet: streams in Redis, and a copy in each worker.

Why it is so, and why no cursor is given twice, is in ``docs/decisions/0021-fleet.md``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from stream_verifier.errors import FleetError
from stream_verifier.events.envelope import Filter
from stream_verifier.events.event import Event
from stream_verifier.events.log import HoleListener, Limits, Listener, Stretch
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.events.redis.entry import arguments_of, arguments_of_end
from stream_verifier.events.redis.reader import StreamReader
from stream_verifier.events.redis.script import APPEND
from stream_verifier.fleet.link import Link, stopped, texts

_logger = logging.getLogger(__name__)
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.05, 2.0
_CATCH_UP_S = 5.0
_KEPT_S = 30 * 3600
"""So long Redis keeps what nobody adds to: a call of hours, and a day after its end."""
_SAID_AGAIN_S = 30.0
"""What was written of late is written again to a Redis that may have lost it."""
_SAID_AGAIN = 4096


class RedisEventLog:
    """An `EventLog` that workers share.

    Args:
        link: to Redis; whoever made it closes it.
        worker: this worker's id, which calls' records name as their owner.
        limits: how much is kept here.
        max_scores: held by Redis, of all sessions, about.
        max_lasting: other events held by Redis, of all sessions, about.
        on_fenced: told of a session that another worker has taken over.

    Attributes:
        epoch: random name, given when the log was begun.
        failing: never: what Redis does not take waits in the `LogWriter`.
    """

    failing = False

    def __init__(
        self,
        link: Link,
        *,
        worker: str,
        limits: Limits | None = None,
        max_scores: int = 20_000,
        max_lasting: int = 100_000,
        on_fenced: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.epoch = ""
        self._link = link
        self._worker = worker
        self._limits = limits or Limits()
        self._bounds = (max_scores, max_lasting)
        self._on_fenced = on_fenced
        self._copy = MemoryEventLog(limits=self._limits)
        self._reader = StreamReader(link, self._copy)
        self._run = ""
        self._written_s = 0.0
        self._recent: deque[tuple[float, Event]] = deque(maxlen=_SAID_AGAIN)
        self._one_at_a_time = asyncio.Lock()
        self._moved_on = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    @property
    def cursor(self) -> int:
        """Number of the newest event that listeners were told of."""
        return self._copy.cursor

    async def start(self) -> None:
        """Learn what Redis holds, then follow it.

        Raises:
            FleetError: Redis cannot be reached.
        """
        await self._link.wait_until_there()
        await self._say([])
        await self._reader.load()
        self._reading = asyncio.create_task(self._read_for_ever())

    def follow(self, listener: Listener, on_hole: HoleListener | None = None) -> None:
        """Call back for every event from now on, whichever worker appended it."""
        self._copy.follow(listener, on_hole)

    def sessions(self) -> list[str]:
        """Ids of all that is held: ended sessions in the order of their ends, then running ones."""
        return self._copy.sessions()

    async def append(self, events: Sequence[Event]) -> None:
        """Number and keep these events, and return once listeners were told of each.

        Raises:
            FleetError: Redis cannot be asked now.
        """
        cursor = await self._say([[*arguments_of(event)] for event in events])
        self._written_s = time.monotonic()
        self._recent.extend((self._written_s, event) for event in events)
        await self._reach(cursor)

    async def end(self, session: str) -> None:
        """Count a session among the ended ones.

        Raises:
            FleetError: Redis cannot be asked now.
        """
        await self._reach(await self._say([[*arguments_of_end(session)]]))

    async def catch_up(self) -> None:
        """Tell listeners of all that any worker appended before.

        Raises:
            FleetError: Redis cannot be asked now.
        """
        try:
            async with asyncio.timeout(_CATCH_UP_S):
                await self._reach(await self._say([]))
        except TimeoutError:
            raise FleetError("events come too slowly") from None

    async def read(self, wanted: Filter, *, after: int, through: int) -> Stretch:
        """What is wanted of the events numbered above ``after`` and up to ``through``."""
        return await self._copy.read(wanted, after=after, through=through)

    async def history(self, session: str, after_seq: int = 0) -> list[Event]:
        """The held events of a session with a higher number in it, in order."""
        return await self._copy.history(session, after_seq)

    async def close(self) -> None:
        """Follow no more."""
        if self._reading is not None:
            await stopped(self._reading)
        await self._copy.close()

    async def _say(self, batch: list[list[str]]) -> int:
        """Have the script keep these; return the cursor that it has come to."""
        async with self._one_at_a_time:
            status, cursor, fenced = await self._append(batch)
            if status == "moved":
                again = self._said_of_late()
                _logger.warning("another Redis serves: %d events are said again", len(again))
                status, cursor, fenced = await self._append([*again, *batch])
        if status == "moved":
            raise FleetError("Redis is restarting again and again")
        for session in dict.fromkeys(fenced):
            self._on_fenced(session)
        return cursor

    async def _append(self, batch: Iterable[list[str]]) -> tuple[str, int, list[str]]:
        status, epoch, run, cursor, *fenced = texts(
            await self._link.run(
                APPEND,
                *(self._worker, self._run, secrets.token_hex(8), self._copy.cursor),
                *(*self._bounds, _KEPT_S),
                *chain.from_iterable(batch),
            )
        )
        if epoch != self.epoch:
            self._begin(epoch)
        self._run = run
        return status, int(cursor), fenced

    def _begin(self, epoch: str) -> None:
        """Go on with another log: that of this worker's start, or of a Redis that was emptied."""
        if self.epoch:
            _logger.error(
                "Redis has lost the event log, and another begins, as %s: was it emptied, or does "
                "its maxmemory-policy let it throw keys away?",
                epoch,
            )
            self._copy.begin_anew()
            self._reader.begin_anew()
        self.epoch = epoch

    def _said_of_late(self) -> list[list[str]]:
        since_s = self._written_s - _SAID_AGAIN_S
        return [[*arguments_of(event)] for said_s, event in self._recent if said_s >= since_s]

    async def _reach(self, cursor: int) -> None:
        """Wait until listeners were told of all up to a number."""
        epoch = self.epoch
        while self._reader.position < cursor and self.epoch == epoch:
            self._moved_on.clear()
            await self._moved_on.wait()

    async def _read_for_ever(self) -> None:
        delay_s = _FIRST_RETRY_S
        while True:
            try:
                await self._reader.read_some()
                delay_s = _FIRST_RETRY_S
                self._moved_on.set()
            except FleetError as error:
                if delay_s == _FIRST_RETRY_S:
                    _logger.warning("the event log cannot be followed: %s", error)
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, _LONGEST_RETRY_S)
                # Another may serve by now, to which what it lost is said again.
                with contextlib.suppress(FleetError):
                    await self._say([])
