"""A worker among workers: the `Neighbours` of its registry, answered from Redis."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ValidationError

from stream_verifier.calls.burial import last_word
from stream_verifier.calls.ending import EndReason
from stream_verifier.calls.neighbours import GONE, CallRecord
from stream_verifier.calls.past import Past
from stream_verifier.calls.summary import CallSummary
from stream_verifier.errors import CapacityError, FleetError, UnknownSessionError
from stream_verifier.events.log import EventLog
from stream_verifier.fleet import scripts
from stream_verifier.fleet.accounts import SharedOpenings, SharedTries
from stream_verifier.fleet.directory import Directory
from stream_verifier.fleet.link import Link, texts
from stream_verifier.fleet.records import About, digest, fields_of, record_of

_logger = logging.getLogger(__name__)
_LET_GO_S = 3.0
_END_S = 15.0
_ASK_AGAIN_S = 0.5
_LOOK_S = 0.05
_MOST_LEAVING = 10_000


class Order(BaseModel):
    """What one worker tells another over its channel: to end a call, or to let go of it."""

    session: str
    end: EndReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What holds over all workers.

    Attributes:
        openings_per_minute: with one token, or from one address.
        calls_per_identity: about one person at once.
    """

    openings_per_minute: int
    calls_per_identity: int


class Member:
    """One a worker; used from one event loop.

    Args:
        link: to Redis.
        worker: its name; see `new_id`.
        log: of events, not started yet.
        limits: what holds over all workers.

    Attributes:
        id: random name of this worker in its run.
        answered: whether Redis answered of late.
        listens: whether orders of other workers are heard.
    """

    def __init__(self, link: Link, *, worker: str, log: EventLog, limits: Limits) -> None:
        self.id = worker
        self.answered = self.listens = True
        self.link = link
        self._leaving: deque[tuple[str, bool]] = deque(maxlen=_MOST_LEAVING)
        self._one_at_a_time = asyncio.Lock()
        self.wake = asyncio.Event()
        self._log = log
        self._limits = limits
        self._directory = Directory(log)
        self._openings = SharedOpenings(link, per_minute=limits.openings_per_minute)
        self._tries: SharedTries | None = None

    @staticmethod
    def new_id() -> str:
        """A name for a worker."""
        return secrets.token_hex(8)

    def tries(self, *, most: int, told: int) -> SharedTries:
        """The account of tries of all workers."""
        self._tries = self._tries or SharedTries(self.link, most=most, told=told)
        return self._tries

    @property
    def account(self) -> SharedTries | None:
        """The account of tries, once it was asked for."""
        return self._tries

    @property
    def reachable(self) -> bool:
        """Whether the others can be asked, and heard; else no call is opened here."""
        return self.answered and self.listens

    @property
    def clock_ahead_s(self) -> float:
        """See ``Link.clock_ahead_s``."""
        return self.link.clock_ahead_s

    def calls(self) -> Sequence[CallSummary]:
        """Calls that any worker runs or ran whose events are held, newest first."""
        return self._directory.calls()

    async def count_opening(self, bearer: str) -> None:
        """Count that a call is opened or resumed, over all workers."""
        await self._openings.count(bearer)

    async def join(self, record: CallRecord, *, counted: bool = True) -> None:
        """Take a call's place among all, and end those that it supersedes.

        Args:
            record: of the call.
            counted: whether it may be refused; one that runs already may not.

        Raises:
            CapacityError: so many calls run for that name already.
            FleetError: Redis cannot be asked now, or what others say is not heard here.
        """
        if counted and not self.reachable:
            raise FleetError("this server does not hear the others")
        place = record.place
        most = self._limits.calls_per_identity if counted and not place.trusted else 0
        status, *superseded = texts(
            await self.link.run(
                scripts.JOIN,
                *(self.id, record.session, digest(place.identity)),
                *(digest(place.token_id) if place.bound else "", most),
                *fields_of(record),
            )
        )
        if status == "full":
            raise CapacityError(f"{most} calls run for that name already: end one of them first.")
        for session in superseded if counted else ():
            await self.end(session, "superseded")

    def leave(self, session: str, *, comes_back: bool = False) -> None:
        """Give a call's place back, as soon as that can be written."""
        self._leaving.append((session, comes_back))
        self.wake.set()

    async def say_leaving(self) -> None:
        """Write which calls gave their places back.

        Raises:
            FleetError: Redis cannot be asked now; they wait on.
        """
        async with self._one_at_a_time:
            while self._leaving:
                session, comes_back = self._leaving[0]
                await self.link.run(scripts.LEAVE, self.id, session, int(comes_back))
                self._leaving.popleft()

    async def find(self, session: str) -> CallRecord | None:
        """What is known of a call that runs somewhere, or could go on."""
        fields, about = await self.link.run(scripts.FIND, session)
        return record_of(session, fields, about)

    async def catch_up(self) -> None:
        """Learn of all that was said anywhere; see `EventLog.catch_up`."""
        await self._log.catch_up()

    async def workers(self) -> list[About]:
        """All workers whose leases hold.

        Raises:
            FleetError: Redis cannot be asked now.
        """
        found = await self.link.run(scripts.WORKERS)
        return [About.model_validate_json(about) for about in found]

    async def peer(self) -> str | None:
        """The address of the emptiest other worker that takes calls."""
        others = [one for one in await self.workers() if one.worker != self.id and not one.leaving]
        return max(others, key=lambda one: one.room).address if others else None

    async def take_over(self, session: str, *, gone: bool = False) -> None:
        """Have its owner let go of a call, and own it."""
        loop = asyncio.get_running_loop()
        until_s, asked_s = loop.time() + _LET_GO_S, -_ASK_AGAIN_S
        while True:
            # An owner that does not let go in time cannot say anything more: the log refuses it.
            forced = gone or loop.time() >= until_s
            status, owner = texts(
                await self.link.run(scripts.TAKE_OVER, self.id, session, int(forced))
            )
            if status == "taken":
                _logger.info("session %s goes on here", session)
                return
            if status == "gone":
                raise UnknownSessionError(GONE)
            if loop.time() - asked_s >= _ASK_AGAIN_S:
                asked_s = loop.time()
                await self._order(owner, Order(session=session))
            await asyncio.sleep(_LOOK_S)

    async def end(self, session: str, reason: EndReason) -> None:
        """Have a call ended, whoever has it, and wait until it is."""
        loop = asyncio.get_running_loop()
        until_s, asked_s = loop.time() + _END_S, -_ASK_AGAIN_S
        while not self._has_ended(session):
            if loop.time() > until_s:
                raise FleetError("the server that has the call does not end it")
            if loop.time() - asked_s >= _ASK_AGAIN_S:
                asked_s = loop.time()
                status, owner = texts(await self.link.run(scripts.TAKE_OVER, self.id, session, 0))
                if status == "gone":
                    return
                if status == "taken":
                    await self.bury(session, reason)
                    self.leave(session)
                    return
                await self._order(owner, Order(session=session, end=reason))
            await asyncio.sleep(_LOOK_S)

    async def bury(self, session: str, reason: EndReason) -> CallSummary:
        """Say the last word of a call whose worker is gone; this one has claimed it.

        Raises:
            FleetError: Redis cannot be asked now.
        """
        await self.catch_up()
        events = await self._log.history(session)
        past = Past.of(session, events, now=datetime.now(UTC))
        event = last_word(session, past, reason)
        await self._log.append([event])
        _logger.warning("session %s ended for its server: %s", session, reason)
        return past.summary.after(event)

    def _has_ended(self, session: str) -> bool:
        call = self._directory.get(session)
        return call is not None and call.ended_at is not None

    async def _order(self, worker: str, order: Order) -> None:
        channel = self.channel_of(worker)
        await self.link.publish(channel, order.model_dump_json())

    def channel_of(self, worker: str) -> str:
        """Where a worker listens for orders."""
        return self.link.key("to", worker)


def read_order(data: bytes) -> Order | None:
    """An order as it came; None where it is none."""
    try:
        return Order.model_validate_json(data)
    except ValidationError:
        _logger.warning("an order that cannot be read: %d bytes", len(data))
        return None
