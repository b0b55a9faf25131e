"""Packets of a second camera or microphone, which share the payload types of the first."""

from __future__ import annotations

import pytest_asyncio
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver
from aiortc.rtp import RtpPacket

from stream_verifier.media.webrtc.aiortc_patches import SectionRouter, transports

FIRST, SECOND, DECLARED = 11, 22, 33


def packet(ssrc: int, mid: str | None = None, payload_type: int = 96) -> RtpPacket:
    packet = RtpPacket(payload_type=payload_type, ssrc=ssrc)
    packet.extensions.mid = mid
    return packet


@pytest_asyncio.fixture
async def routed() -> tuple[SectionRouter, RTCRtpReceiver, RTCRtpReceiver]:
    """A router, with a camera of mid "v" and payload type 96 and a microphone of "a" and 111."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    camera = pc.addTransceiver("video", direction="recvonly").receiver
    microphone = pc.addTransceiver("audio", direction="recvonly").receiver
    [transport, _] = transports(pc)
    router = SectionRouter(transport, {DECLARED})
    transport._rtp_router.register_receiver(camera, [FIRST], [96], "v")
    transport._rtp_router.register_receiver(microphone, [], [111], "a")
    await pc.close()
    return router, camera, microphone


async def test_a_packet_goes_where_its_media_id_says(
    routed: tuple[SectionRouter, RTCRtpReceiver, RTCRtpReceiver],
) -> None:
    router, camera, microphone = routed
    assert router._route(packet(FIRST, "v")) is camera
    assert router._route(packet(77, "a", 111)) is microphone
    assert router._route(packet(77, None, 111)) is microphone
    assert router.refused == 0


async def test_a_second_camera_never_comes_to_the_first(
    routed: tuple[SectionRouter, RTCRtpReceiver, RTCRtpReceiver],
) -> None:
    router, camera, _ = routed
    assert router._route(packet(SECOND, "w")) is None
    assert router._route(packet(SECOND)) is None  # which no longer says its media id
    assert router._route(packet(DECLARED)) is None
    assert router._route(packet(FIRST, "a")) is None
    assert router._route(packet(FIRST)) is camera
    assert router.refused == 4


async def test_a_source_that_nobody_announced_is_known_by_its_payload_type(
    routed: tuple[SectionRouter, RTCRtpReceiver, RTCRtpReceiver],
) -> None:
    router, camera, _ = routed
    assert router._route(packet(44)) is camera
