"""One room of LiveKit, entered: who publishes, and what is heard of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from livekit import rtc

from stream_verifier.errors import RoomError, RoomHostError, RoomRefusedError, UnknownRoomError
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.source import SourceRequest
from stream_verifier.rooms.host import Publisher
from stream_verifier.rooms.livekit.participants import Participants
from stream_verifier.rooms.livekit.source import LiveKitSource, Reading
from stream_verifier.rooms.livekit.subscriptions import Subscriptions

_logger = logging.getLogger(__name__)
TOPIC = "stream-verifier.verdict"
_ATTEMPT_S = 5.0
_ENTER_S = 20.0
_TELL_S = 5.0
_LEAVE_S = 0.5
_WORD_S = 1.0
"""So long after the connection has ended it is still told why."""
_RECONNECT_S = 10.0
"""So long the package may make its connection anew; a new entry is no slower from then on."""
_THREADS = 2

_CHANGES: tuple[rtc.room.EventTypes, ...] = (
    "participant_connected",
    "participant_disconnected",
    "participant_active",
    "participant_name_changed",
    "track_published",
    "track_unmuted",
    "room_updated",
)
_CLOSED = {rtc.DisconnectReason.ROOM_DELETED, rtc.DisconnectReason.ROOM_CLOSED}
_PUT_OUT = {rtc.DisconnectReason.PARTICIPANT_REMOVED, rtc.DisconnectReason.DUPLICATE_IDENTITY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a room's media are read.

    Attributes:
        video_rate_hz: pictures per second of media that are scored.
        limits: of pictures.
    """

    video_rate_hz: float
    limits: MediaLimits


def warm() -> None:
    """Load the package's native library, which takes a moment; from any thread."""
    logger = logging.getLogger("livekit")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.WARNING)  # below, it tells of everybody who comes and goes
    rtc.AudioResampler(48_000, 16_000)


async def enter_room(url: str, token: str, shape: Shape, *, tells: bool) -> LiveKitRoom:
    """Connect and enter.

    Args:
        url: of LiveKit.
        token: that lets in.
        shape: how media are read.
        tells: whether words are sent.

    Raises:
        RoomError: there is no such room, the token is not taken, or nobody answers.
    """
    room = rtc.Room()
    entered = LiveKitRoom(room, shape, tells=tells)
    options = rtc.RoomOptions(auto_subscribe=False, dynacast=False, connect_timeout=_ATTEMPT_S)
    connecting = asyncio.create_task(room.connect(url, token, options))
    try:
        async with asyncio.timeout(_ENTER_S):
            await asyncio.shield(connecting)
    except BaseException as error:
        # The library goes on to connect whatever we do: who gets in late must go again.
        entered.give_up(connecting)
        if isinstance(error, TimeoutError):
            raise RoomHostError(f"LiveKit did not let us in within {_ENTER_S:g} s.") from None
        if isinstance(error, rtc.ConnectError):
            raise refusal_of(error.message) from error
        raise
    return entered


def refusal_of(message: str) -> RoomError:
    """What the package means when it could not connect; it tells it in words only."""
    if "401" in message or "403" in message:
        return RoomRefusedError(
            "LiveKit does not let us in: check the API key, its secret, and that both clocks agree."
        )
    if "404" in message:
        return UnknownRoomError("LiveKit has no such room, and makes none.")
    return RoomHostError("LiveKit does not answer. Check its address, and that it is up.")


class LiveKitRoom:
    """A `Room`; made by `enter_room`.

    Args:
        room: of the package, about to be connected.
        shape: how media are read.
        tells: whether words are sent.
    """

    def __init__(self, room: rtc.Room, shape: Shape, *, tells: bool) -> None:
        self._room = room
        self._tells = tells
        self._participants = Participants()
        self._subscriptions = Subscriptions()
        self._lookers = ThreadPoolExecutor(_THREADS, thread_name_prefix="livekit-pictures")
        self._reading = Reading(
            lookers=self._lookers, video_rate_hz=shape.video_rate_hz, limits=shape.limits
        )
        self._stale = True
        self._changed = asyncio.Event()
        self._changed.set()
        self._over: RoomError | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._listen()

    @property
    def publishers(self) -> Mapping[str, Publisher]:
        """Who may send now, by feed, which is LiveKit's identity of a participant."""
        if self._stale:
            self._stale = False
            self._participants.look(self._room.remote_participants)
        return self._participants.table

    @property
    def unseen(self) -> int:
        """So many publishers were beyond what is followed, or made no sense."""
        return self._participants.unseen

    async def changed(self) -> None:
        """Wait until the publishers have changed since this returned last."""
        if self._over is None:
            await self._changed.wait()
        self._changed.clear()
        if self._over is not None:
            raise self._over

    def source(
        self,
        publisher: Publisher,
        request: SourceRequest,  # noqa: ARG002 - of an offer; the package makes its own
        inbox: MediaInbox,
    ) -> LiveKitSource:
        """Make a source of what a publisher sends, not started."""
        chosen = self._participants.chosen(publisher)
        tracks = {} if chosen is None or self._over is not None else chosen.tracks
        return LiveKitSource(tracks, inbox, self._subscriptions, self._reading)

    async def tell(self, text: str) -> bool:
        """Send a data packet to all in the room; False where none is to be sent."""
        if not self._tells:
            return False
        try:
            async with asyncio.timeout(_TELL_S):
                await self._room.local_participant.publish_data(text, reliable=True, topic=TOPIC)
        except Exception as error:  # of a native library, or that we are not in any more
            raise RoomError(f"LiveKit did not take a word ({type(error).__name__}).") from error
        return True

    async def leave(self) -> None:
        """Go, without waiting for a LiveKit that is gone."""
        self._end(RoomHostError("The room was left."))
        try:
            async with asyncio.timeout(_LEAVE_S):
                await asyncio.shield(self._in_background(self._room.disconnect()))
        except TimeoutError:
            _logger.info("a room of LiveKit was left without a word")
        finally:
            self._lookers.shutdown(wait=False, cancel_futures=True)

    def give_up(self, connecting: asyncio.Task[None]) -> None:
        """Go as soon as we are in, if that should ever be."""
        self._end(RoomHostError("The room was not entered."))
        self._lookers.shutdown(wait=False, cancel_futures=True)

        async def go_again() -> None:
            await asyncio.wait({connecting})
            if connecting.cancelled() or connecting.exception() is not None:
                return
            await self._room.disconnect()

        self._in_background(go_again())

    def _in_background(self, going: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(going)
        self._leaving.add(task)
        task.add_done_callback(self._gone)
        return task

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._leaving.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.info("a room of LiveKit was not left as it should: %s", type(error).__name__)

    def _listen(self) -> None:
        room = self._room
        for event in _CHANGES:
            room.on(event, self._touch)
        room.on("track_unpublished", self._hear_unpublished)
        room.on("track_muted", self._hear_muted)
        room.on("track_subscribed", self._hear_subscribed)
        room.on("track_unsubscribed", self._hear_unsubscribed)
        room.on("track_subscription_failed", self._hear_failed)
        room.on("reconnecting", self._hear_reconnecting)
        room.on("reconnected", self._hear_reconnected)
        room.on("connection_state_changed", self._hear_state)
        room.on("disconnected", self._hear_disconnected)
        room.on("moved", self._hear_moved)

    def _touch(self) -> None:
        self._stale = True
        self._changed.set()

    def _hear_unpublished(self, publication: rtc.RemoteTrackPublication) -> None:
        self._subscriptions.unpublished(publication.sid)
        self._touch()

    def _hear_muted(self, _participant: rtc.Participant, publication: rtc.TrackPublication) -> None:
        self._subscriptions.muted(publication.sid)
        self._touch()

    def _hear_subscribed(self, track: rtc.Track, publication: rtc.RemoteTrackPublication) -> None:
        self._subscriptions.came(publication.sid, track)

    def _hear_unsubscribed(
        self, _track: rtc.Track, publication: rtc.RemoteTrackPublication
    ) -> None:
        self._subscriptions.went(publication.sid)

    def _hear_failed(self, _participant: rtc.RemoteParticipant, sid: str, _error: str) -> None:
        _logger.warning("LiveKit gives us no track %s", sid)
        self._subscriptions.went(sid)

    def _hear_reconnecting(self) -> None:
        _logger.info("the connection to LiveKit is made anew")
        if self._patience is None:
            gone = RoomHostError("The connection to LiveKit is lost.")
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(_RECONNECT_S, self._end, gone)

    def _hear_reconnected(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        for participant in [*self._room.remote_participants.values()]:
            self._subscriptions.insist([*participant.track_publications.values()])
        self._touch()

    def _hear_state(self, state: int) -> None:
        if state == rtc.ConnectionState.CONN_DISCONNECTED:
            gone = RoomHostError("The connection to LiveKit is lost.")
            asyncio.get_running_loop().call_later(_WORD_S, self._end, gone)

    def _hear_disconnected(self, reason: int) -> None:
        if reason in _CLOSED:
            self._end(UnknownRoomError("The room was closed."))
        elif reason in _PUT_OUT:
            self._end(RoomRefusedError("We were put out of the room."))
        else:
            self._end(RoomHostError("The connection to LiveKit is lost."))

    def _hear_moved(self) -> None:
        # Those in another room have not asked for it.
        self._end(RoomRefusedError("We were moved to another room."))

    def _end(self, error: RoomError) -> None:
        if self._over is None:
            self._over = error
            self._subscriptions.end()
        self._changed.set()
