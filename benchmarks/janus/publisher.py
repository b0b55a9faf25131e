"""Somebody in a VideoRoom who plays a recording; talks to Janus alone."""

from __future__ import annotations

import os
from typing import Any

from stream_verifier.media.webrtc.publisher import Publisher
from stream_verifier.rooms.janus.connection import (
    Handle,
    JanusConnection,
    Keys,
    said_by_plugin,
)

_PLUGIN = "janus.plugin.videoroom"


class JanusPublisher:
    """Joins and publishes a file, without encoding anything.

    Args:
        url: of Janus.
        room: to join.
        display: name to show.
        address: local address that media is sent by.
        keys: what Janus itself asks for; nothing by default.
        entry: whatever else the room wants.
    """

    def __init__(
        self,
        url: str,
        room: int | str,
        *,
        display: str | None,
        address: str,
        keys: Keys | None = None,
        **entry: Any,
    ) -> None:
        self.feed: int | str | None = None
        self._url, self._room, self._display = url, room, display
        self._address, self._keys, self._entry = address, keys or Keys(), entry
        self._connection: JanusConnection | None = None
        self._handle: Handle | None = None
        self.media: Publisher | None = None

    async def join(self) -> None:
        """Be in the room, without sending anything."""
        self._connection = await JanusConnection.open(self._url, self._keys)
        self._handle = await self._connection.attach(_PLUGIN)
        entry = {**self._entry, **({"display": self._display} if self._display else {})}
        joined = await self._handle.ask(
            {"request": "join", "ptype": "publisher", "room": self._room, **entry}
        )
        feed = said_by_plugin(joined)["id"]
        assert isinstance(feed, int | str)
        self.feed = feed

    async def publish(self, path: str | os.PathLike[str], **fields: Any) -> None:
        """Play a file in a loop."""
        assert self._handle is not None
        self.media = Publisher(path, loop=True, host_addresses=[self._address])
        jsep = {"type": "offer", "sdp": await self.media.offer(), "trickle": False}
        answer = await self._handle.ask({"request": "publish", **fields}, jsep)
        answered = answer["jsep"]
        assert isinstance(answered, dict)
        await self.media.accept(answered["sdp"])

    async def ask(self, **body: Any) -> dict[str, Any]:
        """Ask the VideoRoom something."""
        assert self._handle is not None
        return {**said_by_plugin(await self._handle.ask(body))}

    async def unpublish(self) -> None:
        """Send nothing any more, and stay."""
        await self.ask(request="unpublish")
        await self.stop()

    async def stop(self) -> None:
        """Stop playing, without a word to Janus."""
        if self.media is not None:
            await self.media.close()
            self.media = None

    async def leave(self) -> None:
        """Go."""
        await self.stop()
        if self._connection is not None:
            await self._connection.close()
