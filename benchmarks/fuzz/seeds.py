"""Honest inputs to begin from."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.rtp import RtcpByePacket, RtcpSenderInfo, RtcpSrPacket, RtpPacket

from benchmarks.fuzz.ingestion import AUDIO, H264, VP8, joined


def seeds() -> dict[str, list[bytes]]:
    """Inputs by target."""
    vp8, h264 = _encoded("libvpx"), _encoded("libx264", tune="zerolatency")
    small = [frame[:200] for frame in (*vp8[:2], *h264[:2])]
    sdp = asyncio.run(aiortc_offer())
    start = {"type": "start", "identity": "ada", "sdp": sdp}
    resume = {"type": "resume", "session": "s", "resume_key": "k", "sdp": sdp}
    return {
        "headers": [*small, b"\x78\x01", b"\x7b\x06"],
        "offer": [sdp.encode()],
        "messages": [json.dumps(one).encode() for one in (start, resume, {"type": "stop"})],
        "ingestion": [_row(small)],
        "strangers": [b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12), b"\x80" * 40],
        "decoding": [*vp8[:2], *h264[:2]],
    }


def _encoded(codec: str, **options: str) -> list[bytes]:
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.framerate, context.options = 30, options
    pictures = [np.full((72, 64), 40 * n, np.uint8) for n in range(4)]
    frames = (av.VideoFrame.from_ndarray(one, "yuv420p") for one in pictures)
    packets = [packet for frame in frames for packet in context.encode(frame)]
    return [bytes(packet) for packet in (*packets, *context.encode(None))]


async def aiortc_offer() -> str:
    """What aiortc offers of sound and pictures to send."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        for kind in ("audio", "video"):
            pc.addTransceiver(kind, direction="sendonly")
        await pc.setLocalDescription(await pc.createOffer())
        return str(pc.localDescription.sdp)
    finally:
        await pc.close()


def _row(frames: list[bytes]) -> bytes:
    report = RtcpSrPacket(8, RtcpSenderInfo(4_000_000_000 << 32, 960, 2, 4))
    row: list[tuple[bool, int, bytes]] = [(True, 0, bytes(report))]
    for number in range(6):
        sound = RtpPacket(AUDIO, 1, number, number * 960, 8, b"\x78\x01")
        delta = number % 2
        picture = RtpPacket(VP8, 1, number, number * 3_000, 9, b"\x10" + frames[delta][:100])
        row += [(False, 1, sound.serialize()), (False, 1, picture.serialize())]
    row.append((False, 1, RtpPacket(H264, 1, 6, 18_000, 9, b"\x67\x42\x00\x1f\x95").serialize()))
    return joined(*row, (True, 1, bytes(RtcpByePacket([8, 9]))))
