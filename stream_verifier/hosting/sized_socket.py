"""How long a message may be, by the path of its WebSocket."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from stream_verifier.decoded.frames import MAX_FRAME_BYTES
from stream_verifier.web import recall_socket
from stream_verifier.web.signalling import DECODED

_PICTURES_COME = (DECODED.path, recall_socket.PATH)


class SizedSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, whose messages may be larger where pictures come.

    Everywhere else `ws_max_size` holds: a connection has to say who it is before it may be sent
    much, and what it is sent first is kept in memory whole.
    """

    def data_received(self, data: bytes) -> None:
        """Set the bound with the handshake, which comes whole: the parser reads it right after."""
        if not self.handshake_initiated:
            path = data.partition(b" ")[2].partition(b" ")[0].partition(b"?")[0]
            if path.decode("latin-1").startswith(_PICTURES_COME):
                self.conn.max_message_size = MAX_FRAME_BYTES
        super().data_received(data)
