"""RTP and RTCP as they are once decrypted, into the taps of a receiver, and what those keep.

An input is a row of packets, each after a byte of flags and a byte for its length: bit 0 of the
flags says RTCP, bits 1 to 7 how many units of 16 ms pass before it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from copy import copy
from functools import cache
from typing import Any
from unittest.mock import patch

from aioice.ice import Connection
from aiortc import RTCRtpReceiver
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport
from aiortc.rtcrtpparameters import (
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
    RTCRtpReceiveParameters,
)
from aiortc.rtp import RTP_HISTORY_SIZE

from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.webrtc.aiortc_patches import (
    Arrivals,
    AudioTap,
    CallBudget,
    VideoTap,
    limit_checks,
)
from stream_verifier.media.webrtc.aiortc_patches.arrivals import MOST_SOURCES
from stream_verifier.media.webrtc.clock import MediaClock

AUDIO, VP8, H264, RTX = 111, 96, 97, 98
MID, SEND_TIME, OFFSET, LEVEL, COUNT = 1, 2, 3, 4, 5
_MOST_S = 2.0
_STEP_S = 0.016
_EXTENSIONS = {
    MID: "urn:ietf:params:rtp-hdrext:sdes:mid",
    SEND_TIME: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    OFFSET: "urn:ietf:params:rtp-hdrext:toffset",
    LEVEL: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    COUNT: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
}


def packets(data: bytes) -> Iterator[tuple[bool, float, bytes]]:
    """Split an input: whether RTCP, seconds before it, the packet."""
    at = 0
    while at + 2 <= len(data):
        flags, length = data[at], data[at + 1]
        yield bool(flags & 1), (flags >> 1) * _STEP_S, data[at + 2 : at + 2 + length]
        at += 2 + length


def joined(*row: tuple[bool, int, bytes]) -> bytes:
    """Make an input: whether RTCP, units of 16 ms before it, the packet of at most 255 bytes."""
    return b"".join(
        bytes([int(rtcp) | units << 1, len(packet)]) + packet for rtcp, units, packet in row
    )


def ingest(data: bytes) -> None:
    """Feed a row of packets; what is kept stays bounded, and nothing but parsers' errors is."""
    asyncio.run(_ingest(data))


@cache
def _certificate() -> RTCCertificate:
    """Copied for each input, as a transport changes its own: nobody shakes hands."""
    return RTCCertificate.generateCertificate()


async def _ingest(data: bytes) -> None:
    transport: Any = RTCDtlsTransport(None, [copy(_certificate())])  # type: ignore[arg-type]
    connection = Connection(ice_controlling=False)
    guard = Arrivals(connection, limit_checks(connection), CallBudget(MediaLimits()))
    guard.guard(transport)
    clock, now_s, started_s = MediaClock(), [1000.0], time.perf_counter()
    receivers = {kind: _receiver(kind, transport) for kind in ("audio", "video")}
    heard: list[int] = []
    audio = AudioTap(receivers["audio"], clock, lambda frame: heard.append(frame.pts or 0))
    video = VideoTap(receivers["video"], clock)
    unexpected: list[Exception] = []
    with (
        patch("time.monotonic", lambda: now_s[0]),
        patch.object(guard, "_note_malformed", _noting(unexpected)),
    ):
        for rtcp, wait_s, packet in packets(data):
            now_s[0] += wait_s
            if rtcp:
                await transport._handle_rtcp_data(packet)
            else:
                await transport._handle_rtp_data(packet, arrival_time_ms=int(now_s[0] * 1000))
            await audio.tend(now_s[0])
            await video.tend(now_s[0])
        _check_bounds(receivers, audio, video, transport)
        waiting = receivers["video"]._RTCRtpReceiver__decoder_queue
        seen = [waiting.get_nowait()[1].timestamp for _ in range(waiting.qsize())]
        for kind, ticks in (("audio", heard), ("video", seen)):
            _date(kind, ticks, clock)
    await connection.close()
    assert not unexpected, unexpected[0]
    assert time.perf_counter() - started_s < _MOST_S + len(data) / 10_000


def _noting(unexpected: list[Exception]) -> Any:
    """Parsers may say that they cannot read something; all else is a defect."""

    def note(error: Exception) -> None:
        if not isinstance(error, ValueError) and type(error).__module__ != "struct":
            unexpected.append(error)

    return note


def _receiver(kind: str, transport: Any) -> Any:
    receiver: Any = RTCRtpReceiver(kind, transport)
    codecs = [RTCRtpCodecParameters("audio/opus", 48_000, channels=2, payloadType=AUDIO)]
    if kind == "video":
        codecs = [
            RTCRtpCodecParameters("video/VP8", 90_000, payloadType=VP8),
            RTCRtpCodecParameters("video/H264", 90_000, payloadType=H264),
            RTCRtpCodecParameters("video/rtx", 90_000, payloadType=RTX, parameters={"apt": VP8}),
        ]
    receiver._RTCRtpReceiver__codecs = {codec.payloadType: codec for codec in codecs}
    receiver._RTCRtpReceiver__rtx_ssrc = {10: 9}
    receiver._RTCRtpReceiver__decoder_thread = threading.current_thread()
    extensions = [RTCRtpHeaderExtensionParameters(id_, uri) for id_, uri in _EXTENSIONS.items()]
    parameters = RTCRtpReceiveParameters(codecs=codecs, headerExtensions=extensions, muxId=kind)
    transport._register_rtp_receiver(receiver, parameters)
    return receiver


def _check_bounds(receivers: Any, audio: AudioTap, video: VideoTap, transport: Any) -> None:
    missing = receivers["video"]._RTCRtpReceiver__nack_generator.missing
    assert len(missing) <= RTP_HISTORY_SIZE
    assert len(video._waiting) <= 512
    assert len(audio._order._held) <= 33
    assert all(len(tap._arrivals) <= 256 for tap in (audio, video))
    assert len(transport._rtp_router.ssrc_table) <= MOST_SOURCES
    assert receivers["video"]._RTCRtpReceiver__decoder_queue.qsize() <= 64
    assert receivers["audio"]._RTCRtpReceiver__decoder_queue.empty()


def _date(kind: str, ticks: list[int], clock: MediaClock) -> None:
    """Date what is decoded: times never run backwards."""
    before_s = 0.0
    for at in ticks:
        now_s = clock.seconds(kind, at)
        assert now_s >= before_s
        before_s = now_s
