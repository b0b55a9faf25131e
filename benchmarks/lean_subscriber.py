"""A subscriber that costs next to nothing, so that hundreds in one process measure the server.

It reads what the event feed sends and no more of the WebSocket protocol (RFC 6455) than that takes.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Self
from urllib.parse import urlsplit

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_ENVELOPE = b'{"cursor":'
_NO_MASK = bytes(4)


class Subscriber(asyncio.Protocol):
    """Made by `Subscriber.connect`; follows all events.

    Attributes:
        cursors: of the events, as they came.
        at: when each came (Unix time).
        dropped: scores that the server says it dropped.
        end: code and reason of the server's close, or "cut off".
        over: set once the connection has ended.
    """

    def __init__(self, request: bytes) -> None:
        self.cursors: list[int] = []
        self.at: list[float] = []
        self.dropped = 0
        self.end = ""
        self.over = asyncio.Event()
        self._request = request
        self._subscribed = asyncio.Event()
        self._buffer = bytearray()
        self._open = False
        self._transport: asyncio.Transport

    @classmethod
    async def connect(cls, address: str) -> Self:
        """Subscribe at a server's http address and wait until it says so."""
        parts = urlsplit(address)
        request = (
            f"GET /api/v1/events HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        loop = asyncio.get_running_loop()
        _, subscriber = await loop.create_connection(
            lambda: cls(request.encode()), parts.hostname or "", parts.port or 80
        )
        async with asyncio.timeout(60):
            await subscriber._subscribed.wait()  # noqa: SLF001
        return subscriber

    def stall(self) -> None:
        """Read nothing any more, as a process does that hangs."""
        self._transport.pause_reading()

    def wake(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def close(self) -> None:
        """Leave without a word."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a subscriber needs a byte stream")
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """Note that it is over."""
        self.end = self.end or "cut off"
        self.over.set()

    def data_received(self, data: bytes) -> None:
        """Take all complete frames."""
        now = time.time()
        self._buffer += data
        if not self._open:
            self._finish_upgrade()
        while self._open and (frame := self._take_frame()) is not None:
            self._handle(*frame, now)

    def _finish_upgrade(self) -> None:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head.decode())
        self._buffer, self._open = rest, True
        self._send(_TEXT, json.dumps({"type": "subscribe"}).encode())

    def _take_frame(self) -> tuple[int, bytes] | None:
        if len(self._buffer) < 4:
            return None
        size, start = self._buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(self._buffer[2:4]), 4
        if len(self._buffer) < start + size:
            return None
        opcode, payload = self._buffer[0] & 0xF, bytes(self._buffer[start : start + size])
        del self._buffer[: start + size]
        return opcode, payload

    def _handle(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == _PING:
            self._send(_PONG, payload)
        elif opcode == _CLOSE:
            self.end = f"{int.from_bytes(payload[:2])} {payload[2:].decode()}"
            self._transport.close()
        elif payload.startswith(_ENVELOPE):
            self.cursors.append(int(payload[len(_ENVELOPE) : payload.index(b",")]))
            self.at.append(now)
        else:
            self._take_notice(json.loads(payload))

    def _take_notice(self, message: dict[str, object]) -> None:
        if message["type"] == "subscribed":
            self._subscribed.set()
        elif message["type"] == "dropped":
            self.dropped += int(str(message["scores"]))

    def _send(self, opcode: int, payload: bytes) -> None:
        """Send a short frame; clients must mask theirs, zeros do."""
        head = bytes([0x80 | opcode, 0x80 | len(payload)])
        self._transport.write(head + _NO_MASK + payload)
