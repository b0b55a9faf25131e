"""A LiveKit and one of its rooms, and how to get in."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stream_verifier.errors import RoomError
from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.source import SourceFactory
from stream_verifier.rooms.livekit.asking import check_room
from stream_verifier.rooms.livekit.keys import Keys, needed

if TYPE_CHECKING:
    from stream_verifier.rooms.livekit.room import LiveKitRoom

_IDENTITY = "stream-verifier-"
Check = Callable[[str, str, Keys], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveKitHost:
    """A LiveKit and one of its rooms; a `RoomHost`.

    Attributes:
        url: as clients have it.
        room: its name.
        keys: of LiveKit's API; None where the settings have none.
        tells: whether words are sent into the room.
        video_rate_hz: pictures per second of media that are scored.
        limits: of pictures.
        check: raises where the room is not there.
    """

    url: str
    room: str
    keys: Keys | None
    tells: bool = False
    video_rate_hz: float = 2.0
    limits: MediaLimits
    check: Check = check_room

    async def enter(self, make_peer: SourceFactory) -> LiveKitRoom:  # noqa: ARG002
        """Enter as a participant whom nobody sees; ``make_peer`` is not needed."""
        keys = needed(self.keys)
        await asyncio.to_thread(_load)
        await self.check(self.url, self.room, keys)
        from stream_verifier.rooms.livekit.room import Shape, enter_room

        # Another one each time: two of the same identity put each other out.
        identity = _IDENTITY + secrets.token_hex(8)
        token = keys.entry(self.room, identity, tells=self.tells, now_s=time.time())
        shape = Shape(video_rate_hz=self.video_rate_hz, limits=self.limits)
        return await enter_room(self.url, token, shape, tells=self.tells)


def _load() -> None:
    """Load what speaks to LiveKit.

    Raises:
        RoomError: it is not installed.
    """
    try:
        from stream_verifier.rooms.livekit.room import warm

        warm()
    except ImportError as error:
        raise RoomError(
            "Rooms of LiveKit need its package: pip install 'stream-verifier[livekit]'."
        ) from error
