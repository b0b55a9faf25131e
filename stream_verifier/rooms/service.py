"""The rooms that one server follows: attached, listed, detached, bounded."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

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
from stream_verifier.rooms.finding import host_of
from stream_verifier.rooms.host import Room, RoomHost
from stream_verifier.rooms.mapping import ByDisplay, ByFeed, ByTable, Rule
from stream_verifier.rooms.publisher_call import start_of
from stream_verifier.rooms.requests import (
    BackendRule,
    DisplayRule,
    FeedRule,
    RoomDescription,
    RoomRequest,
)
from stream_verifier.rooms.sealing import RoomRecord
from stream_verifier.rooms.terms import Terms
from stream_verifier.settings import Settings
from stream_verifier.webhooks.signature import read_secret

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A room that is followed here, and what it was attached by."""

    request: RoomRequest
    grant: Grant
    client: str
    since: str
    room: AttachedRoom


class Rooms:
    """The `RoomDesk` of a server that is alone; used from the event loop only.

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
        find_host: Callable[[RoomRequest, Settings], RoomHost] = host_of,
    ) -> None:
        self._calls = calls
        self._make_peer = make_peer
        self._settings = settings
        self._find_host = find_host
        self._backend = _backend(settings)
        self._kept: dict[str, _Kept] = {}
        self._entering: set[str] = set()
        self._closed = False

    @property
    def here(self) -> int:
        """So many does this server follow."""
        return len(self._kept)

    @property
    def ids(self) -> Sequence[str]:
        """Of those that it follows."""
        return [attachment for attachment, kept in self._kept.items() if kept.room.started]

    @property
    def publishers(self) -> Counter[str]:
        """How many publishers are in which state."""
        rooms = (kept.room for kept in self._kept.values())
        return Counter(call.state for room in rooms for call in room.calls.values())

    @property
    def closing(self) -> bool:
        """Whether no call is opened any more."""
        return self._closed or self._calls.closing

    def has(self, attachment: str) -> bool:
        """Whether that one is followed here."""
        return attachment in self._kept

    def is_over(self, attachment: str) -> bool:
        """Whether that one was given up."""
        return self._find(attachment).room.over.is_set()

    async def attach(self, request: RoomRequest, grant: Grant, client: str) -> RoomDescription:
        """Enter a room and follow it until it is detached; see `RoomDesk.attach`."""
        return self.follow(await self.enter(request, grant, client))

    async def enter(self, request: RoomRequest, grant: Grant, client: str) -> str:
        """Enter a room without keeping calls in it yet; returns the attachment's id."""
        place = self._check(request)
        attachment = uuid.uuid4().hex
        terms = self._terms(request, attachment, grant, client)
        self._calls.check_point(start_of("anybody", request.operating_point), grant)
        self._entering.add(place)
        try:
            host = self._find_host(request, self._settings)
            room = await host.enter(self._make_peer)
        finally:
            self._entering.discard(place)
        if self.closing:
            await room.leave()
            raise StoppingError
        since = datetime.now(UTC).isoformat()
        self._keep(request, host, terms, since, room)
        return attachment

    def follow(self, attachment: str) -> RoomDescription:
        """Keep calls in a room that was entered.

        Raises:
            StoppingError: it was left meanwhile, as the server stops.
        """
        if attachment not in self._kept:
            raise StoppingError
        self._kept[attachment].room.start()
        _logger.info("room %s is attached", attachment)
        return self.describe(attachment)

    def check(self, record: RoomRecord) -> None:
        """See whether a room of another server could be followed here.

        Raises:
            RoomAddressError, SettingsError: this server's settings do not allow it.
        """
        check_address(record.request.url, self._settings)
        self._rule(record.request, "")

    def take(self, attachment: str, record: RoomRecord) -> Terms:
        """Follow a room that another server followed, without entering it first.

        Args:
            attachment: its id.
            record: that `check` has let pass.

        Returns:
            Its terms, where calls can be noted that wait for their publishers.
        """
        terms = self._terms(record.request, attachment, record.grant, record.client)
        self._keep(
            record.request, self._find_host(record.request, self._settings), terms, record.since
        )
        self._kept[attachment].room.start()
        return terms

    def describe(self, attachment: str) -> RoomDescription:
        """What is told of a room; see `RoomDesk.show`."""
        kept = self._find(attachment)
        request, room = kept.request, kept.room
        return RoomDescription(
            id=attachment,
            host=request.host,
            url=request.url,
            room=request.room,
            state=room.state,
            code=room.code,
            since=kept.since,
            worker_here=True,
            unseen=room.unseen,
            publishers=[call.described for call in room.calls.values()],
        )

    def record(self, attachment: str) -> RoomRecord:
        """What another server needs to attach it anew; holds secrets."""
        kept = self._find(attachment)
        return RoomRecord.of(kept.request, kept.grant, kept.client, kept.since)

    def place(self, attachment: str) -> str:
        """Which room it is, the same at every attachment of it."""
        return _place(self._find(attachment).request)

    def sessions(self, attachment: str) -> Sequence[str]:
        """Ids of its calls that run here, or wait to be gone on with."""
        return self._find(attachment).room.sessions

    async def list(self) -> Sequence[RoomDescription]:
        """All that are attached here."""
        return [self.describe(attachment) for attachment in self._kept]

    async def show(self, attachment: str) -> RoomDescription:
        """One of them."""
        return self.describe(attachment)

    async def detach(self, attachment: str) -> RoomDescription:
        """Leave a room and end its calls; returns how it was."""
        kept, described = self._find(attachment), self.describe(attachment)
        del self._kept[attachment]
        await kept.room.detach("stopped")
        _logger.info("room %s is detached", attachment)
        return described

    async def run(self) -> None:
        """Nothing has to be done all the time."""

    async def hand_over(self, attachment: str) -> None:
        """Leave a room without ending its calls: another server goes on with them."""
        kept = self._find(attachment)
        del self._kept[attachment]
        await kept.room.hand_over()

    async def close(self) -> None:
        """Leave all rooms; their calls end as all others do when a server stops."""
        self._closed = True
        kept, self._kept = [*self._kept.values()], {}
        await asyncio.gather(*(one.room.detach("server_stopping") for one in kept))
        if self._backend is not None:
            await self._backend.close()

    def _keep(
        self,
        request: RoomRequest,
        host: RoomHost,
        terms: Terms,
        since: str,
        room: Room | None = None,
    ) -> None:
        attached = AttachedRoom(
            host, terms, self._make_peer, gone_s=self._settings.room_gone_s, room=room
        )
        self._kept[terms.attachment] = _Kept(
            request=request, grant=terms.grant, client=terms.client, since=since, room=attached
        )

    def _find(self, attachment: str) -> _Kept:
        kept = self._kept.get(attachment)
        if kept is None:
            raise UnknownAttachmentError(NOT_ATTACHED)
        return kept

    def _check(self, request: RoomRequest) -> str:
        """Refuse what is not to be attached; return which room it is."""
        check_address(request.url, self._settings)
        self._forget_what_is_over()
        place = _place(request)
        if place in self._entering or any(_place(k.request) == place for k in self._kept.values()):
            raise AttachedAlreadyError("That room is attached already: detach it first.")
        if len(self._kept) + len(self._entering) >= self._settings.max_rooms:
            most = self._settings.max_rooms
            raise CapacityError(f"{most} rooms are attached, as many as may be: detach one first.")
        if self.closing:
            raise StoppingError
        return place

    def _forget_what_is_over(self) -> None:
        for attachment in [one for one, kept in self._kept.items() if kept.room.over.is_set()]:
            del self._kept[attachment]

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
            tells=request.tells,
        )

    def _rule(self, request: RoomRequest, attachment: str) -> Rule:
        wanted = request.map
        if isinstance(wanted, FeedRule):
            return ByFeed(wanted.pattern)
        if isinstance(wanted, DisplayRule):
            return ByDisplay(wanted.pattern)
        if not isinstance(wanted, BackendRule):
            return ByTable(wanted.table)
        if self._backend is None:
            raise SettingsError("Nobody can be asked who publishers are: set room_map_url.")
        return ByBackend(self._backend, host=request.host, attachment=attachment, room=request.room)


def _place(request: RoomRequest) -> str:
    return json.dumps([request.host, *origin_of(request.url), request.room])


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
