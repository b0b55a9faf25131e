"""One of several lines of messages: those of one session are in one line, and so in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from stream_verifier.errors import CapacityError, NotReadyError, ProtocolError
from stream_verifier.events.audience import Audience
from stream_verifier.events.envelope import Envelope, Filter, Position
from stream_verifier.events.feed_messages import Dropped, Lost
from stream_verifier.events.hub import Hub
from stream_verifier.events.outbox import Entry
from stream_verifier.events.subscription import Subscription
from stream_verifier.webhooks.delivery import Delivery, Message, Outcome
from stream_verifier.webhooks.lease import LaneLease, OnlyServer

_logger = logging.getLogger(__name__)
_LOOK_S = 1.0
"""Between two looks whether the server that posts is gone."""


class GoneError(Exception):
    """The receiver wants no more messages, ever."""


class Lane:
    """Follows its share of the sessions and delivers one message after another.

    When more waits than may, it goes back to the hub's history as a subscriber would that was
    too slow. What even that does not hold any more, and what was given up, is told to the
    receiver before the next event.

    Args:
        hub: where events come from.
        wanted: this lane's share.
        delivery: sends messages.
        audience: how much the receiver is told.
        lease: who posts, where several servers may.

    Attributes:
        delivered: events that were taken.
        dropped: scores that were dropped because the receiver was slow.
        lost: other events that never arrived, as far as known.
    """

    def __init__(
        self,
        *,
        hub: Hub,
        wanted: Filter,
        delivery: Delivery,
        audience: Audience = Audience.READER,
        lease: LaneLease | None = None,
    ) -> None:
        self.delivered = self.dropped = self.lost = 0
        self._hub = hub
        self._wanted = wanted
        self._delivery = delivery
        self._position = Position(hub.epoch, hub.cursor)
        self._untold_lost: int | None = 0
        self._untold_dropped = 0
        self._audience = audience
        self._lease = lease or OnlyServer()
        self._subscription: Subscription | None = None
        self._closing = asyncio.Event()

    async def open(self) -> None:
        """Follow, if it is this server's turn; `run` does it again and again."""
        position = await self._lease.take(self._position)
        if position is None:
            return
        self._position = position
        try:
            self._subscription = await self._subscribe()
        except (CapacityError, NotReadyError) as error:
            _logger.info("webhooks wait: %s", error)
            await self._lease.release()

    def close(self) -> None:
        """Wait for no turn any more: the hub closes."""
        self._closing.set()

    async def run(self) -> None:
        """Deliver until the hub closes, whenever it is this server's turn.

        Raises:
            GoneError: the receiver wants no more.
        """
        while self._subscription is not None or await self._turn():
            try:
                await self._deliver_until_lost()
            finally:
                await self._lease.release()

    async def _turn(self) -> bool:
        """Wait until it is this server's turn; False once the hub closes."""
        while not self._closing.is_set():
            await self.open()
            if self._subscription is not None:
                return True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _LOOK_S)
        return False

    async def _deliver_until_lost(self) -> None:
        subscription, self._subscription = self._subscription, None
        assert subscription is not None
        delivering = asyncio.create_task(self._follow(subscription))
        losing = asyncio.create_task(self._lease.lost())
        try:
            await asyncio.wait({delivering, losing}, return_when=asyncio.FIRST_COMPLETED)
            if delivering.done():
                delivering.result()
        finally:
            for task in (delivering, losing):
                task.cancel()
            await asyncio.gather(delivering, losing, return_exceptions=True)
            self._hub.unsubscribe(subscription)

    async def _subscribe(self) -> Subscription:
        """Follow from where the last one stopped.

        A position beyond the log's end, as the log has lost its newest events, is as good as none:
        what is missing is told as a number that nobody knows.
        """
        try:
            subscription = await self._hub.subscribe(
                self._wanted, after=self._position, limited=False
            )
            self._count_lost(subscription.lost)
        except ProtocolError:
            subscription = await self._hub.subscribe(self._wanted, limited=False)
            self._count_lost(None)
        return subscription

    async def _follow(self, subscription: Subscription) -> None:
        while (entry := await subscription.get()) is not None:
            await self._deliver_entry(entry)
            self._position = Position(self._hub.epoch, entry.item.cursor)
            await self._lease.note(self._position)

    async def _deliver_entry(self, entry: Entry[Envelope]) -> None:
        self.dropped += entry.dropped
        self._untold_dropped += entry.dropped
        await self._tell_what_is_missing(entry.item)
        if await self._send(f"{entry.item.cursor}", entry.item.text_for(self._audience)):
            self.delivered += 1
        else:
            self._count_lost(1)

    async def _tell_what_is_missing(self, before: Envelope) -> None:
        if self._untold_lost != 0:
            notice = Lost(events=self._untold_lost).model_dump_json()
            if await self._send(f"{before.cursor}_lost", notice):
                self._untold_lost = 0
        if self._untold_dropped:
            notice = Dropped(scores=self._untold_dropped).model_dump_json()
            if await self._send(f"{before.cursor}_dropped", notice):
                self._untold_dropped = 0

    async def _send(self, name: str, text: str) -> bool:
        outcome = await self._delivery.deliver(Message(f"msg_{self._hub.epoch}_{name}", text))
        if outcome is Outcome.GONE:
            raise GoneError
        return outcome is Outcome.TAKEN

    def _count_lost(self, count: int | None) -> None:
        if count is None or self._untold_lost is None:
            self._untold_lost = None
        else:
            self._untold_lost += count
        self.lost += count or 0


async def run_lanes(lanes: list[Lane]) -> bool:
    """Run all until the hub closes; return whether the receiver is gone, which ends them all."""
    tasks = [asyncio.create_task(lane.run()) for lane in lanes]
    try:
        await asyncio.gather(*tasks)
    except GoneError:
        return True
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return False
