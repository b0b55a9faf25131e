"""The rooms that one server follows: attached, listed, detached, bounded."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Callable

from stream_verifier.access.grant import Grant
from stream_verifier.access.urls import is_loopback, origin_of
from stream_verifier.calls.registry import SessionRegistry
from stream_verifier.errors import (
    AttachedAlreadyError,
    CapacityError,
    RoomAddressError,
    SettingsError,
    StoppingError,
    UnknownAttachmentError,
)
from stream_verifier.media.source import SourceFactory
from stream_verifier.rooms.asking import Backend, ByBackend
from stream_verifier.rooms.attached import AttachedRoom
from stream_verifier.rooms.desk import NOT_ATTACHED
from stream_verifier.rooms.host import Room, RoomHost
from stream_verifier.rooms.mapping import ByDisplay, ByTable, Rule
from stream_verifier.rooms.publisher_call import start_of
from stream_verifier.rooms.requests import (
    BackendRule,
    DisplayRule,
    RoomDescription,
    RoomRequest,
)
from stream_verifier.rooms.terms import Terms
from stream_verifier.settings import Settings
from stream_verifier.webhooks.signature import read_secret

_logger = logging.getLogger(__name__)


def host_of(request: RoomRequest) -> RoomHost:
    """The host that a request names; what speaks to it is imported here and not before."""
    from stream_verifier.rooms.janus.connection import Keys
    from stream_verifier.rooms.janus.room import JanusHost, TextRoom

    text_room = None
    if request.text_room is not None:
        text_room = TextRoom(room=request.text_room, secret=request.text_room_secret)
    return JanusHost(
        url=request.url,
        room=request.room,
        pin=request.pin,
        keys=Keys(api_secret=request.api_secret, token=request.host_token),
        text_room=text_room,
    )


class Rooms:
    """One a server; used from the event loop only.

    Args:
        calls: where calls are opened.
        make_peer: makes what receives WebRTC.
        settings: which hosts, how many, who is asked.
        find_host: makes a host of a request.
    """

    def __init__(
        self,
        calls: SessionRegistry,
        make_peer: SourceFactory,
        settings: Settings,
        *,
        find_host: Callable[[RoomRequest], RoomHost] = host_of,
    ) -> None:
        self._calls = calls
        self._make_peer = make_peer
        self._settings = settings
        self._find_host = find_host
        self._backend = _backend(settings)
        self._rooms: dict[str, tuple[RoomRequest, AttachedRoom]] = {}
        self._entering: set[tuple[object, ...]] = set()
        self._closing = False

    @property
    def here(self) -> int:
        """So many does this server follow."""
        return len(self._rooms)

    @property
    def publishers(self) -> Counter[str]:
        """How many publishers are in which state."""
        return Counter(
            call.state for _, room in self._rooms.values() for call in room.calls.values()
        )

    async def attach(self, request: RoomRequest, grant: Grant, client: str) -> RoomDescription:
        """Enter a room and follow it until it is detached; see `RoomDesk.attach`."""
        what = self._check(request)
        attachment = uuid.uuid4().hex
        terms = self._terms(request, attachment, grant, client)
        self._calls.check_point(start_of("anybody", request.operating_point), grant)
        self._entering.add(what)
        try:
            host = self._find_host(request)
            room = await host.enter(self._make_peer)
            if self._closing:
                await room.leave()
                raise StoppingError
        finally:
            self._entering.discard(what)
        self._keep(request, host, terms, room)
        _logger.info("room %s is attached", attachment)
        return self.describe(attachment)

    def describe(self, attachment: str) -> RoomDescription:
        """What is told of a room.

        Raises:
            UnknownAttachmentError: none of that id is attached here.
        """
        request, room = self._find(attachment)
        return RoomDescription(
            id=attachment,
            host=request.host,
            url=request.url,
            room=request.room,
            state=room.state,
            code=room.code,
            since=room.since,
            worker_here=True,
            unseen=room.unseen,
            publishers=[call.described for call in room.calls.values()],
        )

    async def list(self) -> list[RoomDescription]:
        """All that are attached here."""
        return [self.describe(attachment) for attachment in self._rooms]

    async def show(self, attachment: str) -> RoomDescription:
        """One of them."""
        return self.describe(attachment)

    async def detach(self, attachment: str) -> RoomDescription:
        """Leave a room and end its calls; returns how it was."""
        _, room = self._find(attachment)
        described = self.describe(attachment)
        del self._rooms[attachment]
        await room.detach("stopped")
        _logger.info("room %s is detached", attachment)
        return described

    async def close(self) -> None:
        """Leave all rooms; their calls end as all others do when a server stops."""
        self._closing = True
        rooms, self._rooms = [*self._rooms.values()], {}
        await asyncio.gather(*(room.detach("server_stopping") for _, room in rooms))
        if self._backend is not None:
            await self._backend.close()

    def _keep(self, request: RoomRequest, host: RoomHost, terms: Terms, room: Room) -> None:
        attached = AttachedRoom(
            host,
            terms,
            self._make_peer,
            gone_s=self._settings.room_gone_s,
            room=room,
        )
        self._rooms[terms.attachment] = (request, attached)

    def _find(self, attachment: str) -> tuple[RoomRequest, AttachedRoom]:
        found = self._rooms.get(attachment)
        if found is None:
            raise UnknownAttachmentError(NOT_ATTACHED)
        return found

    def _check(self, request: RoomRequest) -> tuple[object, ...]:
        """Refuse what is not to be attached; return what tells a room from others."""
        self._forget_what_is_over()
        what = (request.host, *check_address(request.url, self._settings), request.room)
        there = [self._place(one) for one, _ in self._rooms.values()]
        if what in there or what in self._entering:
            raise AttachedAlreadyError("That room is attached already: detach it first.")
        if len(there) + len(self._entering) >= self._settings.max_rooms:
            raise CapacityError(f"{self._settings.max_rooms} rooms are attached: detach one first.")
        if self._closing or self._calls.closing:
            raise StoppingError
        return what

    def _forget_what_is_over(self) -> None:
        for attachment in [one for one, (_, room) in self._rooms.items() if room.over.is_set()]:
            del self._rooms[attachment]

    def _place(self, request: RoomRequest) -> tuple[object, ...]:
        return (request.host, *origin_of(request.url), request.room)

    def _terms(self, request: RoomRequest, attachment: str, grant: Grant, client: str) -> Terms:
        return Terms(
            attachment=attachment,
            host=request.host,
            room=request.room,
            rule=self._rule(request, attachment),
            operating_point=request.operating_point,
            grant=grant,
            client=client,
            calls=self._calls,
            away_s=self._settings.room_away_s,
            tells=request.text_room is not None,
        )

    def _rule(self, request: RoomRequest, attachment: str) -> Rule:
        wanted = request.map
        if isinstance(wanted, DisplayRule):
            return ByDisplay(wanted.pattern)
        if not isinstance(wanted, BackendRule):
            return ByTable(wanted.table)
        if self._backend is None:
            raise SettingsError("Nobody can be asked who publishers are: set room_map_url.")
        return ByBackend(self._backend, host=request.host, attachment=attachment, room=request.room)


def check_address(url: str, settings: Settings) -> tuple[str, str, int]:
    """Where a room's host is, if it is one of the settings'.

    Raises:
        RoomAddressError: it is none of them, or no address.
    """
    try:
        origin = origin_of(url)
    except ValueError as error:
        raise RoomAddressError(f"That is no address of a room's host: {error}.") from None
    allowed = {origin_of(one) for one in settings.room_hosts}
    own_machine = not settings.room_hosts and is_loopback(settings.host) and is_loopback(origin[1])
    if origin not in allowed and not own_machine:
        raise RoomAddressError(
            "Rooms of that host may not be attached: name it in STREAM_VERIFIER_ROOM_HOSTS."
        )
    return origin


def _backend(settings: Settings) -> Backend | None:
    url, secret = settings.room_map_url, settings.room_map_secret
    if url is None or secret is None:
        return None
    return Backend(url, read_secret(secret.get_secret_value()))
