"""A network that loses media packets in both directions, at the server's end of every call."""

from __future__ import annotations

import random
from typing import Any

import pytest

from stream_verifier.media.webrtc import factory
from stream_verifier.media.webrtc.peer import Peer


def lose_packets(monkeypatch: pytest.MonkeyPatch, *, share: float, seed: int = 4) -> list[int]:
    """Lose a share of the RTP and RTCP packets of all calls from now on.

    Returns:
        A counter of lost packets, in a list.
    """
    lots, lost = random.Random(seed), [0]

    def unlucky(data: bytes) -> bool:
        # The first byte tells media (RTP, RTCP) from DTLS and STUN, RFC 7983.
        lost[0] += (drop := 127 < data[0] < 192 and lots.random() < share)
        return drop

    class LossyPeer(Peer):
        async def answer(self, offer_sdp: str) -> str:
            answer = await super().answer(offer_sdp)
            assert self._pc is not None
            _wrap(self._pc.getTransceivers()[0].receiver.transport.transport, unlucky)
            return answer

    monkeypatch.setattr(factory, "Peer", LossyPeer)
    return lost


def _wrap(transport: Any, unlucky: Any) -> None:
    send, receive = transport._send, transport._recv

    async def lossy_send(data: bytes) -> None:
        if not unlucky(data):
            await send(data)

    async def lossy_receive() -> bytes:
        while unlucky(data := await receive()):
            pass
        return bytes(data)

    transport._send, transport._recv = lossy_send, lossy_receive
