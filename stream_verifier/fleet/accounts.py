"""Limits that hold over all workers: buckets in Redis, each with a copy here.

A call never waits for Redis: what it costs is counted here at once, and brought to the others
right after it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import deque
from dataclasses import dataclass

from stream_verifier.calls.places import Place
from stream_verifier.calls.tries import Tries
from stream_verifier.errors import FleetError, RateLimitedError
from stream_verifier.fleet.link import Link, texts
from stream_verifier.fleet.records import digest
from stream_verifier.fleet.scripts import TAKE

_logger = logging.getLogger(__name__)
_MOST_WAITING = 10_000
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class _Cost:
    place: Place
    token: float
    name: float


class SharedTries(Tries):
    """The account of tries of all workers.

    Args:
        link: to Redis.
        most: with one token, in one name.
        told: in one name, before it is guarded.
    """

    def __init__(self, link: Link, *, most: int, told: int) -> None:
        super().__init__(most=most, told=told)
        self._link = link
        self._unsaid: deque[_Cost] = deque(maxlen=_MOST_WAITING)
        self._one_at_a_time = asyncio.Lock()
        self._saying: asyncio.Task[None] | None = None

    def charge(self, place: Place, *, token: float = 0.0, name: float = 0.0) -> None:
        """Count here at once, and bring it to the others."""
        super().charge(place, token=token, name=name)
        if place.trusted or not (token or name):
            return
        if len(self._unsaid) == _MOST_WAITING:
            _logger.error("more than %d tries wait to be counted: the oldest goes", _MOST_WAITING)
        self._unsaid.append(_Cost(place, token, name))
        if self._saying is None or self._saying.done():
            self._saying = asyncio.get_running_loop().create_task(self.say())

    async def say(self) -> None:
        """Bring what waits to the others; what cannot be brought now waits on."""
        async with self._one_at_a_time:
            try:
                while self._unsaid:
                    cost = self._unsaid[0]
                    await self._exchange(cost)
                    if self._unsaid[0] is cost:  # not gone meanwhile for a newer one
                        self._unsaid.popleft()
            except FleetError as error:
                _logger.warning("%d tries wait to be counted: %s", len(self._unsaid), error)

    async def refresh(self, place: Place) -> None:
        """Learn what others have counted.

        Raises:
            FleetError: nobody can say now.
        """
        if not place.trusted:
            await self._exchange(_Cost(place, 0.0, 0.0))

    async def _exchange(self, cost: _Cost) -> None:
        keys = self.keys_of(cost.place)
        told = await self._link.run(
            TAKE,
            *(f"tries:{digest(keys[0])}", cost.token, self._tokens.burst, self._tokens.refill_s),
            *(f"names:{digest(keys[1])}", cost.name, self._names.burst, self._names.refill_s),
        )
        left, now_s = [float(part) for part in texts(told)], time.monotonic()
        # What waits behind this is counted here already, and there not yet.
        waiting = [one for one in self._unsaid if one is not cost and one.place == cost.place]
        self._tokens.put(keys[0], left[0] - sum(one.token for one in waiting), now_s)
        self._names.put(keys[1], left[1] - sum(one.name for one in waiting), now_s)


class SharedOpenings:
    """How often calls are opened and resumed, with one token or from one address.

    Args:
        link: to Redis.
        per_minute: so many in a minute, and at once.
    """

    def __init__(self, link: Link, *, per_minute: int) -> None:
        self._link = link
        self._per_minute = per_minute

    async def count(self, bearer: str) -> None:
        """Count one.

        Raises:
            RateLimitedError: too many were in the last minute.
            FleetError: nobody can count now.
        """
        refill_s = _MINUTE_S / self._per_minute
        # Holds one more than the gate's own, so that the last one taken leaves none below 1.
        key, burst = f"openings:{digest(bearer)}", self._per_minute + 1
        (left,) = texts(await self._link.run(TAKE, key, 1, burst, refill_s))
        if float(left) < 1.0:
            seconds = math.ceil((1.0 - float(left)) * refill_s)
            raise RateLimitedError(
                f"Too many calls were opened with this token: try again in {seconds} s.",
                retry_after_s=seconds,
            )
