"""One publisher of a room, and the call that is kept for him."""

from __future__ import annotations

import asyncio
import logging
import time

from pydantic import ValidationError

from stream_verifier.calls.ending import EndReason
from stream_verifier.calls.neighbours import CallRecord
from stream_verifier.calls.session import Session
from stream_verifier.calls.via import Via
from stream_verifier.client.backoff import Backoff
from stream_verifier.errors import (
    IdentityError,
    MappingError,
    MediaError,
    PassingError,
    RoomError,
    StreamVerifierError,
    UnknownSessionError,
)
from stream_verifier.events.call_messages import Start
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import MediaSource, SourceRequest
from stream_verifier.rooms.giving_up import give_up
from stream_verifier.rooms.going_on import go_on_with
from stream_verifier.rooms.host import Publisher, Room
from stream_verifier.rooms.reading import CallReader, Seat, picture_px_of
from stream_verifier.rooms.requests import PublisherDescription, PublisherState
from stream_verifier.rooms.terms import Terms

_logger = logging.getLogger(__name__)
_AGAIN = Backoff(first_s=2.0, longest_s=60.0)
_AFTER = Backoff(first_s=2.0, longest_s=300.0)
"""Before another call is opened for somebody whose last one ended, as when he sends nothing."""
_LASTED_S = 60.0
"""A call that lasted so long was none that failed."""


class PublisherCall:
    """Keeps a call for one publisher while he is there; used from the event loop only.

    Args:
        publisher: as he is seen first.
        room: that he is in.
        terms: of the room.
    """

    def __init__(self, publisher: Publisher, room: Room, terms: Terms) -> None:
        self.state: PublisherState = "mapping"
        self.identity: str | None = None
        self.code: str | None = None
        self._seat = Seat(publisher, room)
        self._terms = terms
        self._session: Session | None = None
        self._served = -1
        self._failures = 0
        self._reader = CallReader(self._seat, terms)
        self._woken = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    @property
    def display(self) -> str | None:
        """The name by which he is mapped."""
        return self._seat.publisher.display

    @property
    def described(self) -> PublisherDescription:
        """As it is told."""
        call = self._session
        return PublisherDescription(
            feed=self._seat.publisher.feed,
            display=self._seat.publisher.display,
            state=self.state,
            identity=self.identity,
            session=None if call is None else call.id,
            code=self.code,
            picture_px=None if call is None else picture_px_of(call.connection.source),
            unread=self._seat.publisher.unread,
        )

    @property
    def session(self) -> Session | None:
        """The call that runs for him now."""
        return self._session

    def see(self, publisher: Publisher, room: Room) -> None:
        """Note how he is now."""
        self._seat.publisher, self._seat.room = publisher, room
        self._woken.set()

    def lose_room(self) -> None:
        """Note that the room's host is gone; his call waits."""
        self._seat.room, self._served = None, -1  # the next room counts stints anew
        self._woken.set()

    async def leave(self) -> Session | None:
        """Stop keeping a call for him; return the one that runs, if one does."""
        await give_up(self._task)
        session, self._session = self._session, None
        return None if session is None or session.ending else session

    async def end(self, reason: EndReason) -> None:
        """End his call, if one runs."""
        session = await self.leave()
        if session is not None:
            session.request_end(reason)

    async def _run(self) -> None:
        try:
            self.identity = await self._who()
            if self.identity is None:
                self._be("unmapped")
                return
            while True:
                session = await self._open(self.identity)
                began_s = time.monotonic()
                await self._keep(session)
                self._session = None
                if session.summary.end_reason == "ended_by_admin":
                    self._be("ended", "ended_by_admin")
                    await self._begun_anew()
                self._failures = 0 if time.monotonic() - began_s > _LASTED_S else self._failures + 1
                await self._wait(_AFTER.delay_s(max(1, self._failures)))
        except Exception:
            self._be("refused", "internal_error")
            _logger.exception("a publisher's call in room %s failed", self._terms.attachment)

    def _be(self, state: PublisherState, code: str | None = None) -> None:
        self.state, self.code = state, code

    async def _who(self) -> str | None:
        failures = 0
        while True:
            try:
                return await self._terms.rule.who(self._seat.publisher)
            except MappingError as error:
                failures += 1
                self._be("mapping", error.code)
                await asyncio.sleep(_AGAIN.delay_s(failures))

    async def _open(self, identity: str) -> Session:
        """Go on with a call that waits for that person, or open one, once there is a place."""
        failures = 0
        while True:
            if self._seat.room is None or not self._seat.publisher.streams:
                self._be("silent")
                await self._wait()
                continue
            await self._terms.pace.turn(identity)
            try:
                session = await self._begin(identity)
            except UnknownSessionError:
                continue  # it ended before we came; there may be another
            except StreamVerifierError as error:
                failures += 1
                self._be("refused", error.code)
                _logger.info("room %s: no call (%s)", self._terms.attachment, error.code)
                await self._wait(_delay_s(error, failures), least_s=1.0)
                continue
            self._session = session
            self._be("called")
            return session

    async def _begin(self, identity: str) -> Session:
        terms, via = self._terms, self._via()
        if (waiting := terms.lost.take(identity)) is not None:
            await self._fetch(waiting, via)
            return waiting
        if (record := terms.lost.take_of_others(identity)) is not None:
            return await self._take_over(record, via)
        start = start_of(identity, terms.operating_point)
        session, _ = await terms.calls.open(start, grant=terms.grant, client=terms.client, via=via)
        return session

    async def _take_over(self, record: CallRecord, via: Via) -> Session:
        """Go on with a call of a server that is gone; one that cannot be had now waits on."""
        try:
            return await go_on_with(record, self._terms, via)
        except UnknownSessionError:
            raise
        except BaseException:
            self._terms.lost.add_of_others(record)
            raise

    async def _fetch(self, session: Session, via: Via) -> None:
        """Fetch media anew for a call that runs; one that cannot be had now waits on."""
        try:
            await self._terms.calls.fetch_anew(session, via)
        except BaseException:
            self._terms.lost.add(session)
            raise

    def _via(self) -> Via:
        publisher, room = self._seat.publisher, self._seat.room
        assert room is not None
        self._served = publisher.stint

        def make_source(request: SourceRequest, inbox: MediaInbox) -> MediaSource:
            source = room.source(publisher, request, inbox)
            self._seat.source = source
            return source

        return Via(
            make_source=make_source,
            origin=self._terms.origin(publisher.feed),
            waits_s=self._terms.away_s,
        )

    async def _keep(self, session: Session) -> None:
        """Keep a call in media until it ends."""
        reading = asyncio.create_task(self._reader.read(session))
        failures = 0
        try:
            while not session.ending:
                delay_s = None
                if await self._fit(session):
                    failures = 0
                else:
                    failures += 1
                    delay_s = _AGAIN.delay_s(failures)
                await self._wait(delay_s, reading, session)
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _fit(self, session: Session) -> bool:
        """Have the call's media be what the publisher sends now; False to try again later."""
        publisher, lost = self._seat.publisher, session.connection.source.closed.is_set()
        if self._seat.room is None or not publisher.streams:
            self._be("away")
            self._served = -1
            session.lose(session.connection, "media_stopped")
            return True
        if publisher.stint == self._served and not lost:
            return True
        self._be("away" if lost else "called")
        await self._terms.pace.turn(f"feed {publisher.feed}")
        if self._seat.room is None or session.ending:
            return True
        try:
            await self._terms.calls.fetch_anew(session, self._via())
        except (MediaError, RoomError, UnknownSessionError) as error:
            self.code, self._served = error.code, -1
            return False
        self._be("called")
        return True

    async def _wait(
        self,
        within_s: float | None = None,
        reading: asyncio.Task[None] | None = None,
        session: Session | None = None,
        *,
        least_s: float = 0.0,
    ) -> None:
        """Wait until something has changed, or that time is over."""
        if least_s:
            await asyncio.sleep(least_s)
        waiting: list[asyncio.Task[object]] = [asyncio.create_task(_set(self._woken))]
        if session is not None and not session.connection.source.closed.is_set():
            waiting.append(asyncio.create_task(_set(session.connection.source.closed)))
        watched: list[asyncio.Future[object]] = [*waiting, *([reading] if reading else [])]  # type: ignore[list-item]
        try:
            await asyncio.wait(watched, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        self._woken.clear()

    async def _begun_anew(self) -> None:
        """Wait until the publisher begins anew to send."""
        stint = self._seat.publisher.stint
        while self._seat.publisher.stint == stint:
            await self._wait()


async def _set(event: asyncio.Event) -> object:
    return await event.wait()


def start_of(identity: str, operating_point: str | None) -> Start:
    """What a call is opened by.

    Raises:
        IdentityError: nobody can be enrolled under that name.
    """
    try:
        return Start(
            type="start",
            mode="verify",
            identity=identity,
            sdp="",
            operating_point=operating_point,
        )
    except ValidationError:
        raise IdentityError("A name has 1 to 64 characters.") from None


def _delay_s(error: StreamVerifierError, failures: int) -> float:
    """How long to wait before a call is tried again that was refused."""
    delay_s = _AGAIN.delay_s(failures)
    if isinstance(error, PassingError):
        return max(delay_s, float(error.retry_after_s))
    return delay_s
