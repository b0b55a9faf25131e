"""One VideoRoom, entered: who publishes, and what is heard of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from stream_verifier.errors import (
    RoomError,
    RoomHostError,
    RoomRefusedError,
    UnknownRoomError,
)
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceFactory, SourceRequest
from stream_verifier.rooms.host import Publisher
from stream_verifier.rooms.janus.connection import (
    Handle,
    JanusConnection,
    Keys,
    Message,
    said_by_plugin,
)
from stream_verifier.rooms.janus.publishers import Publishers
from stream_verifier.rooms.janus.refusals import (
    BAD_ELEMENT,
    BAD_TEXT_ELEMENT,
    MISSING_ELEMENT,
    JanusError,
)
from stream_verifier.rooms.janus.source import JanusSource, Subscription

_logger = logging.getLogger(__name__)
_PLUGIN = "janus.plugin.videoroom"
_TEXT_PLUGIN = "janus.plugin.textroom"
_MOST_EARLY = 1000
"""Events that may come before the answer to our joining was taken in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRoom:
    """Where words are announced, as a VideoRoom carries none.

    Attributes:
        room: id of a TextRoom of the same Janus.
        secret: that announcing there needs.
    """

    room: str
    secret: SecretStr | None = field(default=None, repr=False)

    def request(self, room: int | str, text: str) -> Message:
        """To say something to all who are in it."""
        secret = {} if self.secret is None else {"secret": self.secret.get_secret_value()}
        return {"request": "announcement", "room": room, "text": text, **secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class JanusHost:
    """A Janus and one of its VideoRooms; a `RoomHost`.

    Attributes:
        url: of its WebSocket transport.
        room: id; one of digits may be a number there or text, and both are tried.
        pin: what the room asks of those who enter.
        keys: what Janus asks for.
        text_room: where words go; none by default.
    """

    url: str
    room: str
    pin: SecretStr | None = field(default=None, repr=False)
    keys: Keys = field(default_factory=Keys)
    text_room: TextRoom | None = None

    async def enter(self, make_peer: SourceFactory) -> JanusRoom:
        """Connect and enter as a participant who never publishes and has no name."""
        connection = await JanusConnection.open(self.url, self.keys)
        try:
            handle = await connection.attach(_PLUGIN)
            return await self._join(connection, handle, make_peer)
        except BaseException:
            await connection.close()
            raise

    async def _join(
        self, connection: JanusConnection, handle: Handle, make_peer: SourceFactory
    ) -> JanusRoom:
        for room in _ids(self.room):
            entry: dict[str, int | str] = {"room": room}
            if self.pin is not None:
                entry["pin"] = self.pin.get_secret_value()
            entered = JanusRoom(connection, handle, entry, make_peer, self.text_room)
            # What comes right behind the answer must be heard.
            handle.hear = entered.hear
            try:
                entered.enter(await handle.ask({"request": "join", "ptype": "publisher", **entry}))
            except JanusError as error:
                if error.number == MISSING_ELEMENT and self.pin is None:
                    raise RoomRefusedError("The room wants its pin: give it.") from None
                if error.number != BAD_ELEMENT:
                    raise
                continue
            return entered
        raise UnknownRoomError("Janus can have no room of such an id.")


def _ids(room: str) -> list[int | str]:
    """What a room's id may be to Janus: a number unless it is configured to have text."""
    return [int(room), room] if room.isascii() and room.isdecimal() and len(room) < 19 else [room]


class JanusRoom:
    """A `Room`; made by `JanusHost.enter`.

    Args:
        connection: to Janus, which is the room's own.
        handle: by which it is entered.
        entry: what subscriptions have to say to get in.
        make_peer: makes what receives WebRTC.
        text_room: where words go, if anywhere.
    """

    def __init__(
        self,
        connection: JanusConnection,
        handle: Handle,
        entry: Mapping[str, object],
        make_peer: SourceFactory,
        text_room: TextRoom | None = None,
    ) -> None:
        self._text_room = text_room
        self._text_handle: Handle | None = None
        self._connection = connection
        self._handle = handle
        self._entry = dict(entry)
        self._make_peer = make_peer
        self._publishers = Publishers()
        self._early: list[Message] | None = []
        self._changed = asyncio.Event()
        self._over: RoomError | None = None

    @property
    def publishers(self) -> Mapping[str, Publisher]:
        """Who may send now, by feed."""
        return self._publishers.table

    @property
    def unseen(self) -> int:
        """So many publishers were beyond what is followed, or made no sense."""
        return self._publishers.unseen

    def enter(self, answer: Message) -> None:
        """Take in what Janus answered to our joining, then what was heard since we were in.

        Janus tells of a publisher who begins just then before its answer, or right behind it: both
        are read before whoever asked has a turn.

        Raises:
            RoomHostError: it is no answer to a joining.
        """
        said = said_by_plugin(answer)
        if said.get("videoroom") != "joined":
            raise RoomHostError("Janus did not say that the room was joined.")
        self._publishers = Publishers(own=said.get("id"))
        if isinstance(private_id := said.get("private_id"), int):
            # Some rooms let nobody subscribe who is not in them.
            self._entry["private_id"] = private_id
        early, self._early = self._early or [], None
        for one in (said, *early):
            self._publishers.take(one)
        self._changed.set()

    async def changed(self) -> None:
        """Wait until the publishers have changed since this returned last."""
        if self._over is None:
            await self._changed.wait()
        self._changed.clear()
        if self._over is not None:
            raise self._over

    def source(
        self, publisher: Publisher, request: SourceRequest, inbox: MediaInbox
    ) -> JanusSource:
        """Make a source of what a publisher sends, not started."""
        subscription = Subscription(
            connection=self._connection,
            plugin=_PLUGIN,
            entry=self._entry,
            feed=self._publishers.feed_of(publisher),
            streams=publisher.streams,
        )
        return JanusSource(subscription, request, inbox, self._make_peer)

    async def tell(self, text: str) -> bool:
        """Announce something in the TextRoom beside; False where there is none."""
        wanted = self._text_room
        if wanted is None:
            return False
        if self._text_handle is None:
            self._text_handle = await self._connection.attach(_TEXT_PLUGIN)
        for room in _ids(wanted.room):
            try:
                await self._text_handle.ask(wanted.request(room, text))
            except JanusError as error:
                if error.number != BAD_TEXT_ELEMENT:
                    raise
                continue
            return True
        return False

    async def leave(self) -> None:
        """Go, without waiting for a Janus that is gone."""
        self._over = self._over or RoomHostError("The room was left.")
        await self._connection.close()

    def hear(self, message: Message) -> None:
        """Take in an event of the handle by which the room was entered."""
        if message.get("janus") == "gone":
            self._end(RoomHostError("The connection to Janus is lost."))
            return
        if message.get("janus") == "detached":
            self._end(RoomHostError("Janus has ended our use of the room."))
            return
        said = said_by_plugin(message)
        if said.get("videoroom") == "destroyed":
            self._end(UnknownRoomError("The room was destroyed."))
        elif said.get("leaving") == "ok":
            self._end(RoomRefusedError("We were put out of the room."))
        elif self._early is not None:
            self._note_early(self._early, said)
        elif self._publishers.take(said):
            self._changed.set()

    def _note_early(self, early: list[Message], said: Message) -> None:
        if len(early) < _MOST_EARLY:
            early.append(said)
        else:
            self._end(RoomHostError("Janus tells of the room and does not let us in."))

    def _end(self, error: RoomError) -> None:
        if self._over is None:
            _logger.warning("a room of Janus is over: %s", error)
            self._over = error
        self._changed.set()
