"""What a member does all the time: renews its lease, hears orders, ends calls of those gone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Protocol

from stream_verifier.calls.running import RunningCalls
from stream_verifier.calls.summary import CallSummary
from stream_verifier.errors import FleetError
from stream_verifier.fleet import scripts
from stream_verifier.fleet.link import stopped, texts
from stream_verifier.fleet.member import Member, read_order
from stream_verifier.fleet.records import About

_logger = logging.getLogger(__name__)
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.1, 1.0
_TOLD_AGAIN_S = 60.0
"""What fails again sooner is one failure to the log."""
_MOST_APART_S = 5.0
"""Clocks that run by NTP are milliseconds apart."""


class Calls(Protocol):
    """What is asked of a worker's own calls; `SessionRegistry` is one."""

    @property
    def here(self) -> RunningCalls:
        """Calls that run here."""
        ...

    @property
    def room(self) -> int:
        """So many more may be opened here."""
        ...

    @property
    def closing(self) -> bool:
        """Whether none is opened any more."""
        ...

    async def let_go(self, session_id: str) -> None:
        """Leave one to another worker."""
        ...

    def note_buried(self, summary: CallSummary) -> None:
        """Note a call that was ended here for a worker that is gone."""
        ...


class Duties:
    """The tasks of one member.

    Args:
        member: this worker.
        calls: that run here.
        address: where other workers reach this one.
        lease_s: for so long it counts as there without a word.
    """

    def __init__(self, member: Member, calls: Calls, *, address: str, lease_s: float) -> None:
        self._member = member
        self._calls = calls
        self._address = address
        self._lease_s = lease_s
        self._busy: set[asyncio.Task[None]] = set()
        self._clock_is_off = False

    @contextlib.asynccontextmanager
    async def done(self) -> AsyncIterator[None]:
        """Do them while the block runs; then give the lease back."""
        tasks = [asyncio.create_task(self._renew_for_ever()), asyncio.create_task(self._listen())]
        try:
            yield
        finally:
            for task in [*tasks, *self._busy]:
                await stopped(task)
            with contextlib.suppress(FleetError):
                await self._member.say_leaving()
                await self._member.link.run(scripts.RETIRE, self._member.id)

    def on_fenced(self, session_id: str) -> None:
        """Another worker has a call that runs here: leave it."""
        self._start(self._let_go(session_id))

    async def renew(self) -> None:
        """Renew the lease, and see whose calls are whose.

        Raises:
            FleetError: Redis cannot be asked now.
        """
        member, calls = self._member, self._calls
        await member.say_leaving()
        running = {session.id: session for session in calls.here}
        about = About(
            worker=member.id,
            address=self._address,
            calls=len(calls.here),
            room=calls.room,
            leaving=calls.closing,
        )
        lease_ms = round(1000 * self._lease_s)
        unknown, lost = await member.link.run(
            scripts.RENEW, member.id, lease_ms, about.model_dump_json(), *running
        )
        for session_id in texts(lost):
            self.on_fenced(session_id)
        for session_id in texts(unknown):
            # A Redis that forgot: the calls are what they are.
            await member.join(calls.here.record(session_id), counted=False)
        if member.account is not None:
            await member.account.say()
            for place in {session.place for session in running.values()}:
                await member.account.refresh(place)
        # Who says nothing hears by this that Redis has lost the log, or that it cannot be used.
        await member.catch_up()
        await self._bury_the_lost()
        await self._compare_clocks()

    async def _compare_clocks(self) -> None:
        link = self._member.link
        await link.compare_clocks()
        was_off, self._clock_is_off = self._clock_is_off, abs(link.clock_ahead_s) > _MOST_APART_S
        if self._clock_is_off and not was_off:
            _logger.warning(
                "this machine's clock is %+.0f s from that of Redis: have both set by NTP, as "
                "tokens and consents end by it",
                link.clock_ahead_s,
            )

    async def _bury_the_lost(self) -> None:
        grace_s = max(1.0, self._lease_s / 3)
        member = self._member
        for session_id in texts(await member.link.run(scripts.LAPSED, member.id, grace_s)):
            self._calls.note_buried(await member.bury(session_id, "server_lost"))

    async def _renew_for_ever(self) -> None:
        every_s, retry_s = self._lease_s / 3, _FIRST_RETRY_S
        while True:
            self._member.wake.clear()
            try:
                await self._renew_safely()
                if not self._member.answered:
                    _logger.warning("the fleet is reachable again")
                self._member.answered, retry_s = True, _FIRST_RETRY_S
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(every_s):
                        await self._member.wake.wait()
            except FleetError as error:
                if self._member.answered:
                    _logger.warning("no new calls: %s", error)
                self._member.answered = False
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, _LONGEST_RETRY_S)

    async def _renew_safely(self) -> None:
        """Renew; a fault of ours must not end the lease of all calls here."""
        try:
            await self.renew()
        except FleetError:
            raise
        except Exception:
            _logger.exception("the lease was not renewed as it should")

    async def _listen(self) -> None:
        """Hear orders, over a connection of their own."""
        channel, retry_s = self._member.channel_of(self._member.id), _FIRST_RETRY_S
        failed_s = -math.inf
        while True:
            try:
                async for data in self._member.link.messages(channel):
                    retry_s, self._member.listens = _FIRST_RETRY_S, True
                    order = None if data is None else read_order(data)
                    if order is None:
                        continue
                    if order.end is None:
                        self._start(self._let_go(order.session))
                    else:
                        self._calls.here.ask_to_end(order.session, order.end)
            except FleetError as error:
                now_s = time.monotonic()
                if now_s - failed_s > _TOLD_AGAIN_S:
                    _logger.warning("orders of other servers are not heard: %s", error)
                failed_s, self._member.listens = now_s, False
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, _LONGEST_RETRY_S)

    async def _let_go(self, session_id: str) -> None:
        await self._calls.let_go(session_id)
        with contextlib.suppress(FleetError):  # whoever wants it takes it without being told
            await self._member.link.run(scripts.LET_GO, self._member.id, session_id)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
