"""What LiveKit posts, signed as it signs, and a server's rooms that follow it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from google.protobuf.json_format import MessageToJson
from livekit import api
from livekit.protocol.models import Room
from livekit.protocol.webhook import WebhookEvent
from pydantic import SecretStr

from stream_verifier.access.grant import Grant
from stream_verifier.audit.deed import Deed
from stream_verifier.rooms.desk import NoRooms
from stream_verifier.rooms.livekit.following import FollowedLiveKit, followed_livekit
from stream_verifier.rooms.livekit.keys import Keys
from stream_verifier.rooms.requests import RoomDescription, RoomRequest
from stream_verifier.settings import Settings

URL = "wss://livekit.example"
SECRET = "secret of the key of livekit, long"
KEYS = Keys("APIkey", SecretStr(SECRET))


def now_s() -> int:
    """The wall's time, by which tokens and bodies are judged when they come."""
    return int(time.time())


def posted(event: str = "room_started", room: str = "meeting", **more: Any) -> bytes:
    fields = {"id": "EV_1", "created_at": now_s(), **more}
    told = WebhookEvent(event=event, room=Room(sid="RM_1", name=room), **fields)
    return MessageToJson(told).encode()


def signed(body: bytes, *, key: str = "APIkey", secret: str = SECRET, ttl_s: float = 300) -> str:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    token = api.AccessToken(key, secret).with_sha256(digest)
    return token.with_ttl(datetime.timedelta(seconds=ttl_s)).to_jwt()


class Desk(NoRooms):
    """Keeps what is attached in a table."""

    def __init__(self) -> None:
        self.rooms: dict[str, RoomDescription] = {}
        self.asked: list[RoomRequest] = []
        self.done: list[str] = []
        self.error: Exception | None = None

    async def attach(self, request: RoomRequest, grant: Grant, client: str) -> RoomDescription:
        self.asked.append(request)
        self.done.append(f"+{request.room}")
        if self.error is not None:
            raise self.error
        told = described(request.room, len(self.asked))
        self.rooms[told.id] = told
        return told

    async def list(self) -> Sequence[RoomDescription]:
        return [*self.rooms.values()]

    async def detach(self, attachment: str) -> RoomDescription:
        told = self.rooms.pop(attachment)
        self.done.append(f"-{told.room}")
        return told


def described(room: str, number: int, url: str = URL, host: str = "livekit") -> RoomDescription:
    return RoomDescription(
        id=f"a{number}",
        host=host,
        url=url,
        room=room,
        state="followed",
        code=None,
        since="2026-01-02T03:04:05+00:00",
        worker_here=True,
        unseen=0,
        publishers=[],
    )


def settings(**more: Any) -> Settings:
    fields: dict[str, Any] = {
        "livekit_api_key": "APIkey",
        "livekit_api_secret": SecretStr(SECRET),
        "livekit_follow_url": URL,
    }
    return Settings(**{**fields, **more})


class Followed:
    """What follows LiveKit, with all around it."""

    def __init__(self, **more: Any) -> None:
        self.desk, self.deeds = Desk(), list[Deed]()
        self.error: Exception | None = None
        followed = followed_livekit(self.desk, self._note, settings(**more))
        assert followed is not None
        self.livekit: FollowedLiveKit = followed

    async def _note(self, deed: Deed) -> None:
        if self.error is not None:
            raise self.error
        self.deeds.append(deed)

    def post(self, event: str, room: str, number: int) -> None:
        body = posted(event, room, id=f"EV_{number}")
        self.livekit.hear(body, signed(body), now_s())

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.livekit.run())
        yield
        for _ in range(50):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
