"""How long a message may be, by the path of its WebSocket."""

from __future__ import annotations

from typing import Any, ClassVar

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from stream_verifier.decoded.frames import MAX_FRAME_BYTES
from stream_verifier.hosting.doorkeeper import Doorkeeper
from stream_verifier.hosting.pieces import SMALL_BYTES, slices, small_pieces
from stream_verifier.web import recall_socket
from stream_verifier.web.signalling import DECODED

MOST_FRAGMENTS = 4096
"""Of a message; empty ones would not count in its length."""
_NO_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_PICTURES_COME = (DECODED.path, recall_socket.PATH)


class SizedSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, whose messages may be larger where pictures come.

    Everywhere else `ws_max_size` holds: a connection has to say who it is before it may be sent
    much, and what it is sent first is kept in memory whole. Who sends frames of next to nothing,
    such as pings, is cut off: they cost the event loop, and answers to them memory until read.

    One that is told to go holds the door until it says goodbye, as those without a request do.
    """

    doorkeeper: ClassVar[Doorkeeper]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._small = small_pieces()

    async def send(self, message: Any) -> None:
        """Say something to the client; who is told to go may have to do so for a newer one."""
        await super().send(message)
        if self.close_timer is not None and not self.transport.is_closing():
            self.doorkeeper.wait(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self.doorkeeper.leave(self.transport)
        super().connection_lost(exc)

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
        if not self.handshake_initiated:
            self._turn_away()

    def _turn_away(self) -> None:
        """Close what is no handshake, such as one with a body: nobody else waits for it any more.

        uvicorn waits for a parser that has given up, and HTTP's doorkeeper for requests alone.
        """
        said = b"".join(self.conn.data_to_send())
        self.transport.write(said or _NO_HANDSHAKE)
        self.transport.close()

    def handle_events(self) -> None:
        """Take what came, and cut off who sends frames of next to nothing without end."""
        small = sum(
            isinstance(one, Frame) and len(one.data) < SMALL_BYTES for one in self.conn.events
        )
        super().handle_events()
        fragments = len(self.frames)
        if fragments > MOST_FRAGMENTS or not self._small.take(small, self.loop.time()):
            self.transport.abort()


def sized_socket(doorkeeper: Doorkeeper) -> type[SizedSocket]:
    """A protocol whose sockets, once they are to go, this doorkeeper knows."""

    class Sized(SizedSocket):
        pass

    Sized.doorkeeper = doorkeeper
    return Sized
