from __future__ import annotations

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from stream_verifier.errors import NegotiationError
from stream_verifier.media.webrtc.offers import plausible_offer
from stream_verifier.media.webrtc.peer_addresses import PeerAddresses
from stream_verifier.media.webrtc.sdp.reading import read_offer


async def _offer(*kinds: str, direction: str = "sendonly") -> str:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        for kind in kinds:
            pc.addTransceiver(kind, direction=direction)
        if not kinds:
            pc.createDataChannel("chat")
        await pc.setLocalDescription(await pc.createOffer())
        return str(pc.localDescription.sdp)
    finally:
        await pc.close()


def sending_kinds(sdp: str) -> set[str]:
    """What is taken of an offer."""
    offer = read_offer(plausible_offer(sdp, PeerAddresses()))
    return {one.section.kind for one in offer.taken}


@pytest.mark.parametrize("kinds", [{"audio"}, {"video"}, {"audio", "video"}])
async def test_says_what_an_offer_sends(kinds: set[str]) -> None:
    assert sending_kinds(await _offer(*kinds)) == kinds


@pytest.mark.parametrize("direction", ["recvonly", "inactive"])
async def test_an_offer_that_only_listens_is_refused(direction: str) -> None:
    with pytest.raises(NegotiationError, match="neither audio nor video"):
        sending_kinds(await _offer("audio", "video", direction=direction))


async def test_an_offer_of_data_alone_is_refused() -> None:
    with pytest.raises(NegotiationError, match="neither audio nor video"):
        sending_kinds(await _offer())


@pytest.mark.parametrize("attribute", ["a=fingerprint", "a=ice-ufrag", "a=ice-pwd"])
async def test_an_unsecured_offer_is_refused(attribute: str) -> None:
    lines = (await _offer("audio")).splitlines(keepends=True)
    broken = "".join(line for line in lines if not line.startswith(attribute))
    with pytest.raises(NegotiationError):
        sending_kinds(broken)


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "hello",
        "v=0\r\n",
        "v=x\r\n",
        "m=audio\r\n",
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 999\r\n",
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:97 VP8/90000\r\n",
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=candidate:1 2\r\n",
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=setup:sideways\r\n",
        "\x00\x01",
    ],
)
def test_broken_sdp_is_refused_in_words(sdp: str) -> None:
    with pytest.raises(NegotiationError, match="offer"):
        sending_kinds(sdp)
