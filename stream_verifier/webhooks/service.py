"""Webhooks of one server, from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx

from stream_verifier.client.backoff import Backoff
from stream_verifier.events.audience import Audience
from stream_verifier.events.envelope import Filter
from stream_verifier.events.hub import Hub
from stream_verifier.events.kinds import LASTING_TYPES
from stream_verifier.settings import Settings
from stream_verifier.webhooks.delivery import Delivery
from stream_verifier.webhooks.lane import Lane, run_lanes
from stream_verifier.webhooks.lease import LaneLease
from stream_verifier.webhooks.signature import read_secret

_logger = logging.getLogger(__name__)
_LANES = 4
_REQUEST_TIMEOUT_S = 10.0
# Ten attempts at these waits take some six minutes.
_ATTEMPTS = 10
_BACKOFF = Backoff(first_s=1.0, longest_s=120.0)
# What a stopping server leaves for the last messages; well below the five seconds it has.
_LAST_WORDS_S = 1.5


@dataclass(slots=True)
class Posting:
    """What a server's webhooks have done so far; nothing where there is no address for them.

    Attributes:
        lanes: those that post.
        delivery: sends for all of them.
        stopped: whether they post no more, though the server runs.
    """

    lanes: list[Lane] = field(default_factory=list)
    delivery: Delivery | None = None
    stopped: bool = False

    @property
    def delivered(self) -> int:
        """Events that were taken."""
        return sum(lane.delivered for lane in self.lanes)

    @property
    def lost(self) -> int:
        """Events other than scores that never arrived."""
        return sum(lane.lost for lane in self.lanes)

    @property
    def dropped(self) -> int:
        """Scores that were dropped as the receiver was slow."""
        return sum(lane.dropped for lane in self.lanes)

    @property
    def retrying(self) -> int:
        """Messages that were tried in vain and are tried again; all behind them wait."""
        return 0 if self.delivery is None else self.delivery.retrying


@contextlib.asynccontextmanager
async def webhooks(
    settings: Settings,
    hub: Hub,
    *,
    posting: Posting | None = None,
    lease: Callable[[str], LaneLease] | None = None,
    backoff: Backoff = _BACKOFF,
    last_words_s: float = _LAST_WORDS_S,
) -> AsyncIterator[None]:
    """Deliver the hub's events to the address in the settings, if there is one.

    Args:
        settings: where to, and what.
        hub: where events come from.
        posting: told what comes of it.
        lease: makes that of a lane, by what names the lane, where several servers post to one
            address; None where this one is alone.
        backoff: waits between attempts.
        last_words_s: what a stopping server leaves for the last messages.

    Leave it after `Hub.close`: what still waits gets a moment, then the server stops.

    Raises:
        SettingsError: the secret is none.
    """
    if settings.webhook_url is None or settings.webhook_secret is None:
        yield
        return
    key = read_secret(settings.webhook_secret.get_secret_value())
    # Reads certificates, which takes a moment.
    client = await asyncio.to_thread(
        httpx.AsyncClient, follow_redirects=False, timeout=_REQUEST_TIMEOUT_S
    )
    async with client:
        delivery = Delivery(
            client=client,
            url=settings.webhook_url,
            key=key,
            attempts=_ATTEMPTS,
            backoff=backoff,
        )
        lanes = _lanes(settings, hub, delivery, lease)
        posting = posting or Posting()
        posting.lanes, posting.delivery = lanes, delivery
        for lane in lanes:
            await lane.open()
        running = asyncio.create_task(_run(posting))
        try:
            yield
        finally:
            for lane in lanes:
                lane.close()
            await _finish(running, last_words_s)


def _lanes(
    settings: Settings,
    hub: Hub,
    delivery: Delivery,
    lease: Callable[[str], LaneLease] | None,
) -> list[Lane]:
    types = frozenset(settings.webhook_types) or LASTING_TYPES
    audience = Audience.ANALYST if settings.webhook_evidence else Audience.READER
    return [
        Lane(
            hub=hub,
            wanted=Filter(types=types, share=(number, _LANES)),
            delivery=delivery,
            audience=audience,
            lease=None if lease is None else lease(f"{settings.webhook_url} {number} of {_LANES}"),
        )
        for number in range(_LANES)
    ]


async def _run(posting: Posting) -> None:
    try:
        if await run_lanes(posting.lanes):
            posting.stopped = True
            _logger.error("webhooks stopped: the receiver answered 410 Gone")
    except Exception:
        posting.stopped = True
        _logger.exception("webhooks failed")
    finally:
        _logger.info(
            "webhooks: %d events delivered, %d lost, %d scores dropped",
            posting.delivered,
            posting.lost,
            posting.dropped,
        )


async def _finish(running: asyncio.Task[None], last_words_s: float) -> None:
    _, late = await asyncio.wait([running], timeout=last_words_s)
    for task in late:
        _logger.warning("webhooks: the receiver was too slow for the last events")
        task.cancel()
    await asyncio.gather(running, return_exceptions=True)
