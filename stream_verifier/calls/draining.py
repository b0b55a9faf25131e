"""A worker that is about to stop: its calls finish, or go on elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator

from stream_verifier.calls.neighbours import Neighbours
from stream_verifier.calls.running import RunningCalls
from stream_verifier.calls.session import Session
from stream_verifier.errors import FleetError
from stream_verifier.events.call_messages import GoingAway

_logger = logging.getLogger(__name__)
_LONGEST_SPREAD_S = 10.0
"""Within which calls leave: those who take them have other work as well."""
_BALANCERS_S = 3.0
"""So long calls are not told yet, until balancers have heard that this worker is not ready."""
_LOOK_S = 0.2


class Draining:
    """Used from the event loop only.

    Args:
        calls: that run here.
        neighbours: other workers.

    Attributes:
        begun: whether no more calls are opened.
    """

    def __init__(self, calls: RunningCalls, neighbours: Neighbours) -> None:
        self.begun = False
        self._calls = calls
        self._neighbours = neighbours
        self._passing = 0

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        """Be needed while a call's signalling is passed on to another worker inside."""
        self._passing += 1
        try:
            yield
        finally:
            self._passing -= 1

    async def run(self, within_s: float) -> None:
        """Open no more, tell all calls, and wait until nobody needs this worker or time is up."""
        self.begun = True
        _logger.info("draining: %d calls have %.0f s to end", len(self._calls), within_s)
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + within_s
        elsewhere = await self._is_another_there()
        if elsewhere and len(self._calls):
            await asyncio.sleep(min(_BALANCERS_S, within_s / 10))
        for session in self._calls:
            session.tell_leaving(_notice(session, deadline_s - loop.time(), elsewhere))
        # Those that were being opened when it began may still come to run, and are turned away.
        while (len(self._calls) or self._passing) and loop.time() < deadline_s:  # noqa: ASYNC110
            await asyncio.sleep(min(_LOOK_S, max(0.0, deadline_s - loop.time())))

    async def _is_another_there(self) -> bool:
        try:
            return await self._neighbours.peer() is not None
        except FleetError:
            return False


def _notice(session: Session, left_s: float, elsewhere: bool) -> GoingAway:
    movable = elsewhere and not session.enrols and session.resume_within_s > 0
    return GoingAway(
        ends_in_s=round(left_s, 1),
        come_back_within_s=round(min(_LONGEST_SPREAD_S, left_s / 3), 1) if movable else None,
    )
