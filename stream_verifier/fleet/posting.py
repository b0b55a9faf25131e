"""A webhook of a fleet: each lane is posted by one worker, and by another when that one is gone."""

from __future__ import annotations

import asyncio
import logging

from stream_verifier.errors import FleetError
from stream_verifier.events.envelope import Position
from stream_verifier.fleet import posting_scripts
from stream_verifier.fleet.link import Link, texts
from stream_verifier.fleet.records import digest

_logger = logging.getLogger(__name__)
_RENEWALS = 3
"""So often is a lease renewed before it would lapse."""


class RedisLaneLease:
    """A `LaneLease` of `webhooks`, under a lease with how far its events were posted.

    Args:
        link: to Redis.
        worker: id of this one.
        lane: names what is posted and where to; digested.
        lease_s: so long the others wait for a worker that says nothing.
    """

    def __init__(self, link: Link, *, worker: str, lane: str, lease_s: float) -> None:
        self._link = link
        self._worker = worker
        self._lane = digest(lane)
        self._lease_ms = round(1000 * lease_s)
        self._lease_s = lease_s
        self._held = False

    async def take(self, now: Position) -> Position | None:
        """Take the lease if nobody has it; while Redis is away nobody takes it."""
        try:
            found = await self._link.run(
                posting_scripts.TAKE, *self._own, self._lease_ms, now.epoch or "", now.cursor
            )
        except FleetError as error:
            _logger.info("webhooks wait for the fleet: %s", error)
            return None
        if not found:
            return None
        self._held = True
        epoch, cursor = texts(found)
        return Position(epoch, int(cursor))

    async def note(self, position: Position) -> None:
        """Keep how far it was posted, as long as it is this worker's."""
        try:
            await self._link.run(
                posting_scripts.NOTE, *self._own, position.epoch or "", position.cursor
            )
        except FleetError as error:
            _logger.info("webhooks: how far they came is not kept: %s", error)

    async def lost(self) -> None:
        """Renew the lease until another worker has it."""
        while True:
            await asyncio.sleep(self._lease_s / _RENEWALS)
            try:
                if not await self._link.run(posting_scripts.RENEW, *self._own, self._lease_ms):
                    break
            except FleetError:
                continue  # nobody else can take it either
        self._held = False
        _logger.warning("webhooks: another server posts a lane that was this one's")

    async def release(self) -> None:
        """Give the lease back; where Redis is away it lapses."""
        if not self._held:
            return
        self._held = False
        try:
            await self._link.run(posting_scripts.RELEASE, *self._own)
        except FleetError as error:
            _logger.info("webhooks: a lane is left to lapse: %s", error)

    @property
    def _own(self) -> tuple[str, str]:
        return self._worker, self._lane
