"""One of several lines of messages: those of one session are in one line, and so in order."""

from __future__ import annotations

import asyncio

from stream_verifier.events.audience import Audience
from stream_verifier.events.envelope import Envelope, Filter, Position
from stream_verifier.events.feed_messages import Dropped, Lost
from stream_verifier.events.hub import Hub
from stream_verifier.events.outbox import Entry
from stream_verifier.events.subscription import Subscription
from stream_verifier.webhooks.delivery import Delivery, Message, Outcome


class GoneError(Exception):
    """The receiver wants no more messages, ever."""


class Lane:
    """Follows its share of the sessions and delivers one message after another.

    Made by `Lane.open`.
    When more waits than may, it goes back to the hub's history as a subscriber would that was
    too slow. What even that does not hold any more, and what was given up, is told to the
    receiver before the next event.

    Args:
        hub: where events come from.
        wanted: this lane's share.
        delivery: sends messages.
        subscription: to that share.
        audience: how much the receiver is told.

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
        subscription: Subscription,
        audience: Audience,
    ) -> None:
        self.delivered = self.dropped = self.lost = 0
        self._hub = hub
        self._wanted = wanted
        self._delivery = delivery
        self._cursor = subscription.cursor
        self._untold_lost: int | None = 0
        self._untold_dropped = 0
        self._subscription = subscription
        self._audience = audience

    @classmethod
    async def open(
        cls, *, hub: Hub, wanted: Filter, delivery: Delivery, audience: Audience = Audience.READER
    ) -> Lane:
        """Follow from now on."""
        subscription = await hub.subscribe(wanted, limited=False)
        return cls(
            hub=hub,
            wanted=wanted,
            delivery=delivery,
            subscription=subscription,
            audience=audience,
        )

    async def run(self) -> None:
        """Deliver until the hub closes.

        Raises:
            GoneError: the receiver wants no more.
        """
        try:
            while True:
                await self._follow()
                if not self._subscription.overflowed or self._hub.closed:
                    return
                self._hub.unsubscribe(self._subscription)
                self._subscription = await self._subscribe()
                self._count_lost(self._subscription.lost)
        finally:
            self._hub.unsubscribe(self._subscription)

    async def _subscribe(self) -> Subscription:
        position = Position(self._hub.epoch, self._cursor)
        return await self._hub.subscribe(self._wanted, after=position, limited=False)

    async def _follow(self) -> None:
        while (entry := await self._subscription.get()) is not None:
            self._cursor = entry.item.cursor
            await self._deliver_entry(entry)

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
