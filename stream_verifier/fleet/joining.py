"""Puts together what a worker of a fleet has beside one that is alone."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from stream_verifier.calls.repeats import AnswerSeal, LocalRepeats, Repeats
from stream_verifier.events.redis.log import RedisEventLog
from stream_verifier.fleet.duties import Calls, Duties
from stream_verifier.fleet.link import Link, reachable
from stream_verifier.fleet.member import Limits, Member
from stream_verifier.fleet.posting import RedisLaneLease
from stream_verifier.fleet.repeats import SharedRepeats
from stream_verifier.fleet.shelf import RedisShelf
from stream_verifier.settings import Settings

_ROOM_LEASE_S = 5.0
"""A room is followed anew within twice that: what is said in it waits for nobody."""
_POSTING_LEASE_S = 5.0


class Fleet:
    """A worker's part in a fleet; made by `join`.

    Args:
        link: to Redis; released with `serving`.
        settings: of the worker.

    Attributes:
        log: of events, not started yet.
        member: what the registry asks of others.
        shelf: rooms that are attached.
        repeats: requests that may be sent again.
    """

    def __init__(self, link: Link, settings: Settings) -> None:
        self._link = link
        self._settings = settings
        self._duties: Duties | None = None
        worker = Member.new_id()
        self.log = RedisEventLog(link, worker=worker, on_fenced=self._on_fenced)
        limits = Limits(
            openings_per_minute=settings.openings_per_minute,
            calls_per_identity=settings.max_calls_per_identity,
        )
        self.member = Member(link, worker=worker, log=self.log, limits=limits)
        self.shelf = RedisShelf(self.member, lease_s=_ROOM_LEASE_S)
        self.repeats = _repeats(link, settings)

    def lane_lease(self, lane: str) -> RedisLaneLease:
        """Who of the fleet posts a webhook's lane."""
        return RedisLaneLease(
            self._link, worker=self.member.id, lane=lane, lease_s=_POSTING_LEASE_S
        )

    @contextlib.asynccontextmanager
    async def serving(self, calls: Calls) -> AsyncIterator[None]:
        """Be there for the others while the block runs."""
        self._duties = Duties(
            self.member,
            calls,
            address=self._settings.own_address,
            lease_s=self._settings.lease_s,
        )
        async with self._duties.done():
            yield

    async def close(self) -> None:
        """Release the way to Redis."""
        await self._link.close()

    def _on_fenced(self, session: str) -> None:
        if self._duties is not None:
            self._duties.on_fenced(session)


async def try_out(settings: Settings) -> bool:
    """See whether what the settings say is shared can be reached; False where nothing is.

    Raises:
        SettingsError: the package is missing, or the URL of Redis is none.
        FleetError: it cannot be reached.
    """
    link = _link(settings)
    if link is None:
        return False
    try:
        with reachable():
            await link.redis.ping()
    finally:
        await link.close()
    return True


def join(settings: Settings) -> Fleet | None:
    """A worker's part in the fleet that the settings name; None where they name none.

    Raises:
        SettingsError: the package is missing, or the URL of Redis is none.
    """
    link = _link(settings)
    return None if link is None else Fleet(link, settings)


def _repeats(link: Link, settings: Settings) -> Repeats:
    """Without a key for tokens nobody but one's own machine asks, and nothing seals answers."""
    key = settings.token_key
    if key is None:
        return LocalRepeats()
    return SharedRepeats(link, AnswerSeal.of(key.get_secret_value()))


def _link(settings: Settings) -> Link | None:
    if settings.redis_url is None:
        return None
    return Link.to(settings.redis_url.get_secret_value(), prefix=settings.redis_prefix)
