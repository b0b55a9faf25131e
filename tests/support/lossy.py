"""A network that loses media packets in both directions, at the server's end of every call."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from aiortc import RTCPeerConnection

from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceRequest
from stream_verifier.media.webrtc import aiortc_patches
from stream_verifier.media.webrtc.factory import PeerFactory
from stream_verifier.media.webrtc.peer import Peer
from stream_verifier.settings import Settings


class LossyPeers:
    """Makes peers that lose a share of their RTP and RTCP packets; a `SourceFactory`.

    Attributes:
        lost: packets so far.
    """

    def __init__(self, settings: Settings, *, share: float) -> None:
        self.lost = 0
        self._make_peer = PeerFactory(settings)
        self._share = share
        self._lots = random.Random(4)

    def __call__(self, request: SourceRequest, inbox: MediaInbox) -> Peer:
        peer = self._make_peer(request, inbox)
        start = peer.start

        async def start_lossy() -> str:
            answer = await start()
            assert peer._pc is not None
            drop_media(peer._pc, self._unlucky)
            return answer

        peer.start = start_lossy  # type: ignore[method-assign]
        return peer

    def _unlucky(self, data: bytes) -> bool:
        # The first byte tells media (RTP, RTCP) from DTLS and STUN, RFC 7983.
        drop = 127 < data[0] < 192 and self._lots.random() < self._share
        self.lost += drop
        return drop


def drop_media(pc: RTCPeerConnection, unlucky: Callable[[bytes], bool]) -> None:
    """Drop the packets of a receiving connection that are unlucky, in both directions."""
    transport: Any = aiortc_patches.transports(pc)[0].transport
    connection: Any = aiortc_patches.ice_connections(pc)[0]
    send, receive = transport._send, connection.data_received

    async def lossy_send(data: bytes) -> None:
        if not unlucky(data):
            await send(data)

    def lossy_receive(data: bytes, component: int) -> None:
        if not unlucky(data):
            receive(data, component)

    transport._send, connection.data_received = lossy_send, lossy_receive
