"""How long a message may be, by the path of its WebSocket."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from stream_verifier.decoded.frames import MAX_FRAME_BYTES
from stream_verifier.hosting.pieces import SMALL_BYTES, slices, small_pieces
from stream_verifier.web import recall_socket
from stream_verifier.web.signalling import DECODED

MOST_FRAGMENTS = 4096
"""Of a message; empty ones would not count in its length."""
_PICTURES_COME = (DECODED.path, recall_socket.PATH)


class SizedSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, whose messages may be larger where pictures come.

    Everywhere else `ws_max_size` holds: a connection has to say who it is before it may be sent
    much, and what it is sent first is kept in memory whole. Who sends frames of next to nothing,
    such as pings, is cut off: they cost the event loop, and answers to them memory until read.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._small = small_pieces()

    def data_received(self, data: bytes) -> None:
        """Set the bound with the handshake, which comes whole: the parser reads it right after."""
        if not self.handshake_initiated:
            path = data.partition(b" ")[2].partition(b" ")[0].partition(b"?")[0]
            if path.decode("latin-1").startswith(_PICTURES_COME):
                self.conn.max_message_size = MAX_FRAME_BYTES
        for part in slices(data):
            super().data_received(part)
            if self.transport.is_closing():
                return

    def handle_events(self) -> None:
        """Take what came, and cut off who sends frames of next to nothing without end."""
        small = sum(
            isinstance(one, Frame) and len(one.data) < SMALL_BYTES for one in self.conn.events
        )
        super().handle_events()
        fragments = len(self.frames)
        if fragments > MOST_FRAGMENTS or not self._small.take(small, self.loop.time()):
            self.transport.abort()
