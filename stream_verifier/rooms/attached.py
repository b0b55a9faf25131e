"""One attached room: entered, followed, come back to, left."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Literal

from stream_verifier.calls.ending import EndReason
from stream_verifier.client.backoff import Backoff
from stream_verifier.errors import RoomError, RoomRefusedError
from stream_verifier.media.source import SourceFactory
from stream_verifier.rooms.giving_up import give_up
from stream_verifier.rooms.host import Publisher, Room, RoomHost
from stream_verifier.rooms.publisher_call import PublisherCall
from stream_verifier.rooms.terms import Terms

_logger = logging.getLogger(__name__)
_AGAIN = Backoff(first_s=0.5, longest_s=10.0)
_LOOK_S = 0.1
"""Between two comparisons: whoever changes more often costs no more for it."""


class AttachedRoom:
    """Keeps a call for each publisher of a room who maps to somebody, once started, in a task.

    Args:
        host: where it is.
        terms: what holds for its calls.
        make_peer: makes what receives WebRTC.
        gone_s: so long it is tried for while its host is away.
        room: where it was entered already.

    Attributes:
        state: entering, followed, away or over.
        code: why it is away or over, as errors are named.
        over: set when it was given up, or left.
    """

    def __init__(
        self,
        host: RoomHost,
        terms: Terms,
        make_peer: SourceFactory,
        *,
        gone_s: float,
        room: Room | None = None,
    ) -> None:
        self.state: Literal["entering", "followed", "away", "over"] = (
            "entering" if room is None else "followed"
        )
        self.code: str | None = None
        self.over = asyncio.Event()
        self.terms = terms
        self._host = host
        self._make_peer = make_peer
        self._gone_s = gone_s
        self._room = room
        self._calls: dict[str, PublisherCall] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def started(self) -> bool:
        """Whether calls are kept, or were."""
        return self._task is not None

    def start(self) -> None:
        """Begin to keep calls; once only."""
        self._task = asyncio.create_task(self._run(), name=f"room-{self.terms.attachment}")

    @property
    def calls(self) -> Mapping[str, PublisherCall]:
        """What is kept for each publisher, by feed."""
        return self._calls

    @property
    def sessions(self) -> Sequence[str]:
        """Ids of its calls that run, or wait to be gone on with."""
        running = [call.session for call in self._calls.values()]
        here = [one.id for one in (*running, *self.terms.lost) if one is not None]
        return [*here, *self.terms.lost.of_others]

    @property
    def unseen(self) -> int:
        """So many publishers were beyond what is followed, or made no sense."""
        return 0 if self._room is None else self._room.unseen

    async def detach(self, reason: EndReason) -> None:
        """End its calls and leave. Idempotent."""
        await self._stop()
        calls, self._calls = [*self._calls.values()], {}
        await asyncio.gather(*(call.end(reason) for call in calls))
        for session in self.terms.lost:
            session.request_end(reason)
        await self._leave()

    async def hand_over(self) -> None:
        """Leave without ending its calls: another server goes on with them."""
        await self._stop()
        calls, self._calls = [*self._calls.values()], {}
        sessions = [await call.leave() for call in calls]
        running = [*self.terms.lost, *(one for one in sessions if one is not None)]
        await asyncio.gather(*(self.terms.calls.let_go(one.id) for one in running))
        await self._leave()

    async def _stop(self) -> None:
        if self._task is not None:
            await give_up(self._task)
        self.over.set()

    async def _run(self) -> None:
        failures, heard_s = 0, time.monotonic()
        while True:
            try:
                if self._room is None:
                    self._room = await self._host.enter(self._make_peer)
                self.state, self.code, failures = "followed", None, 0
                await self._follow(self._room)
            except RoomError as error:
                if self.state == "followed":
                    heard_s = time.monotonic()
                put_out = self.state == "followed" and isinstance(error, RoomRefusedError)
                if put_out or time.monotonic() - heard_s > self._gone_s:
                    await self._give_up(error)
                    return
                self._lose(error)
            except Exception:
                _logger.exception("room %s is not followed as it should", self.terms.attachment)
                self._lose(RoomError("internal error"))
            await self._leave()
            failures += 1
            await asyncio.sleep(_AGAIN.delay_s(failures))

    async def _follow(self, room: Room) -> None:
        """Compare who is there with the calls that run, whenever something has changed.

        Raises:
            RoomError: the room or its host is gone.
        """
        came_back = True
        while True:
            await room.changed()
            await self._compare(room, came_back=came_back)
            came_back = False
            await asyncio.sleep(_LOOK_S)

    async def _compare(self, room: Room, *, came_back: bool) -> None:
        publishers = dict(room.publishers)
        for feed in self._calls.keys() - publishers.keys():
            call = self._calls.pop(feed)
            if came_back:  # ids change when a host is started anew: he may be another one now
                await self._keep_waiting(call)
            else:
                await call.end("peer_closed")
        for feed, publisher in publishers.items():
            await self._see(feed, publisher, room)

    async def _see(self, feed: str, publisher: Publisher, room: Room) -> None:
        call = self._calls.get(feed)
        if call is not None and call.display != publisher.display:
            # He may claim to be another one now.
            await self._calls.pop(feed).end("peer_closed")
            call = None
        if call is None:
            self._calls[feed] = PublisherCall(publisher, room, self.terms)
        else:
            call.see(publisher, room)

    async def _keep_waiting(self, call: PublisherCall) -> None:
        session = await call.leave()
        if session is not None:
            session.lose(session.connection, "media_stopped")
            self.terms.lost.add(session)

    def _lose(self, error: RoomError) -> None:
        if self.state != "away":
            _logger.warning("room %s is away: %s", self.terms.attachment, error)
        self.state, self.code = "away", error.code
        for call in self._calls.values():
            call.lose_room()

    async def _leave(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            with contextlib.suppress(RoomError):
                await room.leave()

    async def _give_up(self, error: RoomError) -> None:
        _logger.error("room %s is given up: %s", self.terms.attachment, error)
        self.state, self.code = "over", error.code
        calls, self._calls = [*self._calls.values()], {}
        await asyncio.gather(*(call.end("peer_closed") for call in calls))
        await self._leave()
        self.over.set()
