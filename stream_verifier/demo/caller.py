"""A client of a call without a browser: plays a file into a server and follows the events."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import websockets
from websockets.asyncio.client import ClientConnection

from stream_verifier.errors import CallRefusedError
from stream_verifier.events.event import Event
from stream_verifier.events.reading import read_line
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.publisher import Publisher


class Caller:
    """One call: an async context manager that is also an async iterator of its events.

    Args:
        address: the server's http address.
        media: a WebM file with VP8 and Opus, or what publishes one in its own way.
        start: fields of the start message but its type and SDP.
    """

    def __init__(self, address: str, media: Path | Publisher, **start: Any) -> None:
        self.session = ""
        self._url = f"{address.replace('http', 'ws', 1)}/api/v1/call"
        self._start = start
        if isinstance(media, Path):
            media = Publisher(media, host_addresses=LOOPBACK)
        self._publisher = media
        self._socket: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        """Connect, negotiate and start to play.

        Raises:
            CallRefusedError: the server says no.
        """
        self._socket = await websockets.connect(self._url)
        try:
            offer = await self._publisher.offer()
            await self._send({"type": "start", "sdp": offer, **self._start})
            answer = json.loads(await self._socket.recv())
            if answer["type"] == "error":
                raise CallRefusedError(answer["code"], answer["message"])
            self.session = answer["session"]
            await self._publisher.accept(answer["sdp"])
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the call and release everything."""
        await self._close()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until the server closes the call."""
        if self._socket is None:
            raise RuntimeError("Enter the caller before iterating over it.")
        async for message in self._socket:
            yield read_line(str(message))

    async def stop(self) -> None:
        """Ask the server to end the session, if it has not yet; its last events still come."""
        with contextlib.suppress(websockets.ConnectionClosed):
            await self._send({"type": "stop"})

    async def _send(self, message: Mapping[str, object]) -> None:
        if self._socket is None:
            raise RuntimeError("Enter the caller before using it.")
        await self._socket.send(json.dumps(message))

    async def _close(self) -> None:
        await self._publisher.close()
        if self._socket is not None:
            await self._socket.close()
