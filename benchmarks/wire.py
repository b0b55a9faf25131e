"""A network that can be cut."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self


class Wire:
    """A TCP path to the server that can be cut.

    Where it only stops passing anything on, nothing is closed and nothing lost, as TCP sends again
    what was not confirmed. Where it breaks, what was open is gone, and what is opened then waits.

    Args:
        address: the server's http address.
    """

    def __init__(self, address: str) -> None:
        self._target = address.removeprefix("http://").split(":")
        self._up = asyncio.Event()
        self._up.set()
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen on a port of its own."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close everything."""
        assert self._server is not None
        self._server.close()
        relays = list(self._relays)
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)

    @property
    def address(self) -> str:
        """The http address of this end."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    @property
    def url(self) -> str:
        """The address of a call's WebSocket at this end."""
        return f"{self.address.replace('http', 'ws', 1)}/api/v1/call"

    def cut(self) -> None:
        """Pass nothing on."""
        self._up.clear()

    def sever(self) -> None:
        """Pass nothing on and break what is open."""
        self.cut()
        for relay in self._relays:
            relay.cancel()

    def restore(self) -> None:
        """Pass everything on again."""
        self._up.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            relay = asyncio.create_task(self._relay(source, sink))
            self._relays.add(relay)
            relay.add_done_callback(self._relays.discard)

    async def _relay(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                while data := await source.read(65_536):
                    await self._up.wait()
                    sink.write(data)
                    await sink.drain()
        finally:
            sink.close()
