"""Attaches rooms of LiveKit when its webhooks tell that they begin; detaches them at their end."""

from __future__ import annotations

import asyncio
import fnmatch
import logging
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError

from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.errors import (
    AttachedAlreadyError,
    CapacityError,
    SettingsError,
    StreamVerifierError,
    UnknownAttachmentError,
)
from stream_verifier.rooms.desk import RoomDesk
from stream_verifier.rooms.livekit.keys import Keys
from stream_verifier.rooms.livekit.news import (
    FINISHED,
    NEW_S,
    STARTED,
    News,
    read_digest,
    read_news,
)
from stream_verifier.rooms.requests import LiveKitRoomRequest, RoomDescription
from stream_verifier.settings import Settings

_logger = logging.getLogger(__name__)
_MOST_WAITING = 256
_MOST_KNOWN = 10_000
_ACTOR = Actor("livekit", "webhook")
_GRANT = Grant(
    scopes=frozenset({Scope.ROOMS}),
    identity=None,
    session=None,
    token_id="livekit-webhook",
    expires_at=math.inf,
)


class FollowedLiveKit:
    """Does what the settings say with news of rooms; used from the event loop only.

    News are done one after the other, so that a room's end never overtakes its beginning.

    Args:
        desk: attaches and detaches.
        note: writes an entry of the audit trail.
        keys: of LiveKit's API.
        settings: which rooms, and how.

    Raises:
        SettingsError: they say nothing that can be done.
    """

    def __init__(
        self,
        desk: RoomDesk,
        note: Callable[[Deed], Awaitable[Any]],
        keys: Keys,
        settings: Settings,
    ) -> None:
        self._desk, self._note, self._keys = desk, note, keys
        self._rooms = settings.livekit_follow_rooms
        self._fields = {
            "host": "livekit",
            "url": settings.livekit_follow_url,
            "map": settings.livekit_follow_map,
            "tells": settings.livekit_follow_tells,
        }
        try:
            self._request("any")
        except ValidationError as error:
            raise SettingsError(f"livekit_follow_map: {error.errors()[0]['msg']}.") from None
        self._known: OrderedDict[str, float] = OrderedDict()
        self._waiting: asyncio.Queue[News] = asyncio.Queue(_MOST_WAITING)

    def identify(self, token: str | None) -> None:
        """See whether LiveKit may have sent something, before it is read.

        Raises:
            InvalidTokenError: it has signed no webhook so.
        """
        read_digest(token, self._keys)

    def hear(self, body: bytes, token: str | None, now_s: float) -> None:
        """Take what was posted; what was told already is not done again.

        Args:
            body: as it came.
            token: of the header Authorization.
            now_s: since the epoch.

        Raises:
            InvalidTokenError: LiveKit has not signed this, or not just now.
            ProtocolError: it signed what makes no sense.
            CapacityError: there is more to do than can wait; LiveKit tells it again.
        """
        news = read_news(body, token, self._keys, now_s)
        while self._known and next(iter(self._known.values())) < now_s - 2 * NEW_S:
            self._known.popitem(last=False)
        if news.id in self._known or not self._concerns(news):
            return
        if self._waiting.full() or len(self._known) >= _MOST_KNOWN:
            raise CapacityError("There is more news than can be kept.")
        self._known[news.id] = now_s
        self._waiting.put_nowait(news)

    async def run(self) -> None:
        """Do what was heard, until cancelled."""
        while True:
            news = await self._waiting.get()
            try:
                await (self._attach if news.event == STARTED else self._detach)(news.room)
            except AttachedAlreadyError:
                pass
            except StreamVerifierError as error:
                _logger.warning("a room of LiveKit could not be followed: %s", error)
            except Exception:
                _logger.exception("news of LiveKit were not done")

    def _concerns(self, news: News) -> bool:
        wanted = bool(news.room) and fnmatch.fnmatchcase(news.room, self._rooms)
        return wanted and news.event in (STARTED, FINISHED)

    async def _attach(self, room: str) -> None:
        try:
            request = self._request(room)
        except ValidationError:
            _logger.warning("a room of LiveKit has a name that none may have here")
            return
        attached = await self._desk.attach(request, _GRANT, "")
        try:
            await self._note(_deed(Kind.ROOM_ATTACHED, attached))
        except BaseException:
            await self._desk.detach(attached.id)
            raise

    async def _detach(self, name: str) -> None:
        for room in await self._desk.list():
            if (room.host, room.url, room.room) == ("livekit", self._fields["url"], name):
                try:
                    detached = await self._desk.detach(room.id)
                except UnknownAttachmentError:
                    continue
                await self._note(_deed(Kind.ROOM_DETACHED, detached))

    def _request(self, room: str) -> LiveKitRoomRequest:
        return LiveKitRoomRequest.model_validate({**self._fields, "room": room})


def _deed(kind: Kind, room: RoomDescription) -> Deed:
    return Deed(kind, _ACTOR, details={"attachment": room.id, "host": room.host})


def followed_livekit(
    desk: RoomDesk, note: Callable[[Deed], Awaitable[Any]], settings: Settings
) -> FollowedLiveKit | None:
    """What follows LiveKit's news; None where the settings do not want it.

    Raises:
        SettingsError: they contradict each other.
    """
    key, secret = settings.livekit_api_key, settings.livekit_api_secret
    if settings.livekit_follow_url is None or key is None or secret is None:
        return None
    return FollowedLiveKit(desk, note, Keys(key, secret), settings)
