"""A client that can lose its network and come back, and the network that it loses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import websockets
from websockets.asyncio.client import ClientConnection

from benchmarks.wire import Wire as Wire
from stream_verifier.media.webrtc import aiortc_patches
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.publisher import Publisher
from tests.support.calls import Event


def go_dead(publisher: Publisher) -> None:
    """Let nothing leave a publisher any more, no goodbye either."""
    assert publisher._connection is not None
    for connection in aiortc_patches.ice_connections(publisher._connection):
        for protocol in connection._protocols:
            protocol.transport.sendto = lambda *_: None  # type: ignore[method-assign]


class ResumingClient:
    """One call over connections that follow each other.

    Args:
        url: of the call's WebSocket.
        media: what to play, from its start over every connection.
    """

    def __init__(self, url: str, media: Path) -> None:
        self.answer: Event = {}
        self.events: list[Event] = []
        self.socket: ClientConnection | None = None
        self.publisher: Publisher | None = None
        self._url = url
        self._media = media
        self._old: list[Any] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.part()
        for old in self._old:
            await old.close()

    async def start(self, **fields: Any) -> Event:
        return await self._connect({"type": "start", "mode": "verify", **fields})

    async def resume(self, **changes: Any) -> Event:
        """Come back over new connections; the old ones stay as they are."""
        return await self._connect(self._resume_message(**changes))

    async def refused_resume(self, **changes: Any) -> Event:
        """Try to, and stay with the present connections."""
        publisher = Publisher(self._media, host_addresses=LOOPBACK)
        async with websockets.connect(self._url) as socket:
            message = {"sdp": await publisher.offer(), **self._resume_message(**changes)}
            await socket.send(json.dumps(message))
            answer: Event = json.loads(await socket.recv())
        await publisher.close()
        assert answer["type"] == "error"
        return answer

    def _resume_message(self, **changes: Any) -> Event:
        return {
            "type": "resume",
            "session": self.answer["session"],
            "resume_key": self.answer["resume_key"],
            "after": self.events[-1]["seq"] if self.events else 0,
            "untold": self.events[-1]["untold"] if self.events else 0,
            **changes,
        }

    def part(self) -> None:
        """Leave the present connections open and unused."""
        self._old += [part for part in (self.publisher, self.socket) if part is not None]
        self.publisher = self.socket = None

    async def follow(self) -> AsyncIterator[Event]:
        """Yield events of the present connection, and keep them."""
        assert self.socket is not None
        async for message in self.socket:
            self.events.append(json.loads(message))
            yield self.events[-1]

    async def until(self, kind: str, /, **fields: Any) -> Event:
        """Follow until an event fits, and return it."""
        async for event in self.follow():
            if event["type"] == kind and fields.items() <= event.items():
                return event
        raise AssertionError(f"no {kind} came: {[e['type'] for e in self.events[-5:]]}")

    async def stop(self) -> None:
        assert self.socket is not None
        await self.socket.send(json.dumps({"type": "stop"}))

    async def _connect(self, message: Event) -> Event:
        self.part()
        self.publisher = Publisher(self._media, host_addresses=LOOPBACK)
        self.socket = await websockets.connect(self._url)
        await self.socket.send(json.dumps({**message, "sdp": await self.publisher.offer()}))
        answer: Event = json.loads(await self.socket.recv())
        if answer["type"] == "answer":
            self.answer = answer
            await self.publisher.accept(answer["sdp"])
        return answer
