"""What one receiver keeps and does when a caller writes his own packets."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpReceiverInfo, RtcpRrPacket, RtpPacket

from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.webrtc.aiortc_patches import AudioTap, ConnectGuard, VideoTap
from stream_verifier.media.webrtc.aiortc_patches.nacks import BoundedNacks
from stream_verifier.media.webrtc.clock import MediaClock

KEY = b"\x10\x10\x00\x00\x9d\x01\x2a\x40\x00\x30\x00" + bytes(16)
DELTA = b"\x10\x11" + bytes(20)
OPUS = b"\x78\x01"


def packet(sequence: int, timestamp: int, payload: bytes, ssrc: int = 9, pt: int = 96) -> RtpPacket:
    return RtpPacket(pt, 1, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, payload)


class Line:
    """A receiver with a tap whose pictures no decoder takes, and a clock of its own."""

    def __init__(self, pc: RTCPeerConnection, kind: str, limits: MediaLimits) -> None:
        self.now_s = 100.0
        self.pc = pc
        self.heard: list[Any] = []
        receiver: Any = pc.addTransceiver(kind, direction="recvonly").receiver
        self.receiver = receiver
        name, rate = ("opus", 48_000) if kind == "audio" else ("VP8", 90_000)
        codecs = receiver._RTCRtpReceiver__codecs
        codecs[96] = RTCRtpCodecParameters(f"{kind}/{name}", clockRate=rate, payloadType=96)
        if kind == "video":
            codecs[97] = RTCRtpCodecParameters("video/H264", clockRate=rate, payloadType=97)
        receiver._RTCRtpReceiver__decoder_thread = threading.current_thread()
        clock = MediaClock()
        self.tap: Any = (
            AudioTap(receiver, clock, self.heard.append)
            if kind == "audio"
            else VideoTap(receiver, clock, limits=limits)
        )

    async def feed(self, *packets: RtpPacket, every_s: float = 0.0) -> None:
        for one in packets:
            self.now_s += every_s
            await RTCRtpReceiver._handle_rtp_packet(self.receiver, one, arrival_time_ms=0)

    def decoded(self) -> list[Any]:
        waiting: queue.Queue[Any] = self.receiver._RTCRtpReceiver__decoder_queue
        return [waiting.get_nowait() for _ in range(waiting.qsize())]


@pytest_asyncio.fixture
async def lines(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    made: list[Line] = []

    def make(kind: str, **limits: float) -> Line:
        made.append(Line(pc, kind, MediaLimits(**limits)))  # type: ignore[arg-type]
        monkeypatch.setattr(time, "monotonic", lambda: made[-1].now_s)
        return made[-1]

    yield make
    monkeypatch.undo()
    for line in made:
        line.receiver._RTCRtpReceiver__decoder_thread = None
    await pc.close()


async def test_wild_sequence_numbers_fill_no_table(lines: Any) -> None:
    line = lines("video")
    wild = [packet(n * 32_000, n * 3_000, KEY if n % 2 else DELTA) for n in range(5_000)]
    await line.feed(*wild, every_s=0.001)
    nacks = line.receiver._RTCRtpReceiver__nack_generator
    assert nacks.missing == set()
    assert len(line.tap._waiting) <= 512
    assert len(line.tap._arrivals) <= 256


async def test_frames_that_never_end_fill_no_table_while_others_do(lines: Any) -> None:
    """Old packets with timestamps far ahead wait for ever, if nobody counts them."""
    line = lines("video")
    for number in range(2_000):
        ahead = packet(number - 50, 1_000_000_000 + number, DELTA)
        await line.feed(packet(number, number * 3_000, KEY), ahead, every_s=0.02)
        line.decoded()
    assert len(line.tap._waiting) <= 512


async def test_a_jump_asks_for_no_more_than_a_sender_remembers() -> None:
    nacks = BoundedNacks()
    assert not nacks.add(packet(0, 0, KEY))
    assert nacks.add(packet(3, 0, KEY))
    assert nacks.missing == {1, 2}
    assert not nacks.add(packet(32_000, 0, KEY))
    assert nacks.missing == set()
    assert nacks.add(packet(32_002, 0, KEY))
    assert nacks.missing == {32_001}


async def test_one_source_is_heard_at_a_time(lines: Any) -> None:
    """Two that alternate would cut each other's time and pictures to pieces."""
    line = lines("audio")
    for number in range(50):
        own, other = packet(number, number * 960, OPUS), packet(number, number * 960, OPUS, ssrc=7)
        await line.feed(own, other, every_s=0.01)
    assert len(line.heard) == 50
    assert line.tap.refused == {"second_source": 50}


async def test_another_source_takes_over_after_silence_or_a_goodbye(lines: Any) -> None:
    line = lines("audio")
    await line.feed(packet(1, 960, OPUS), packet(500, 5, OPUS, ssrc=7), every_s=0.02)
    line.now_s += 0.6
    await line.feed(packet(501, 965, OPUS, ssrc=7), every_s=0.02)
    await line.receiver._handle_rtcp_packet(RtcpByePacket(sources=[7]))
    await line.feed(packet(9, 0, OPUS, ssrc=5), every_s=0.02)
    assert len(line.heard) == 3
    assert line.tap.refused == {"second_source": 1}


async def test_duplicates_and_packets_sent_again_later_are_decoded_once(lines: Any) -> None:
    line = lines("audio")
    sent = [packet(number, number * 960, OPUS) for number in range(20)]
    await line.feed(*sent, *sent, *(one for one in sent for _ in range(3)), every_s=0.01)
    ticks = [frame.pts for frame in line.heard]
    assert ticks == [number * 960 for number in range(20)]
    video = lines("video")
    sent = [packet(n, n * 3_000, DELTA if n else KEY) for n in range(20)]
    await video.feed(*sent, *sent, *(one for one in sent for _ in range(3)), every_s=0.01)
    ticks = [frame.timestamp for _, frame in video.decoded()]
    assert ticks == [number * 3_000 for number in range(19)]


async def test_no_more_sound_is_decoded_than_there_is_time_for(lines: Any) -> None:
    """Packets of 120 ms each, 500 a second, are a minute of sound a second."""
    line = lines("audio")
    long = [packet(n, n * 5760, b"\x7b\x06") for n in range(1_000)]
    await line.feed(*long, every_s=0.002)
    sound_s = len(line.heard) * 0.12
    assert sound_s == pytest.approx(10 * 1.5 + 2 * 1.5, abs=0.3)
    assert line.tap.refused["too_much_sound"] > 800


async def test_sound_that_is_none_is_not_decoded(lines: Any) -> None:
    line = lines("audio")
    await line.feed(packet(1, 0, b"\x7b"), packet(2, 960, OPUS))
    assert len(line.heard) == 1
    assert line.tap.refused == {"sound_garbled": 1}


async def test_more_pictures_than_agreed_wait_for_a_key_frame(lines: Any) -> None:
    line = lines("video", frames_per_s=10.0)
    await line.feed(*(packet(n, n * 300, DELTA if n else KEY) for n in range(300)), every_s=0.003)
    taken = len(line.decoded())
    assert 30 <= taken <= 40
    assert line.tap.refused["too_many_frames"] == 1
    assert line.tap.lost == 299 - taken - 1
    line.now_s += 10
    await line.feed(*(packet(n, n * 300, KEY) for n in (300, 301)))
    assert len(line.decoded()) == 1


async def test_pictures_wait_for_no_decoder_that_is_far_behind(lines: Any) -> None:
    line = lines("video")
    await line.feed(*(packet(n, n * 300, KEY) for n in range(200)), every_s=0.02)
    assert line.tap.refused["decoder_behind"] == 199 - 64
    assert len(line.decoded()) == 64


async def test_another_codec_begins_with_a_key_frame(lines: Any) -> None:
    """Its decoder is a new one: what refers to others would be garbage."""
    line = lines("video")
    await line.feed(*(packet(n, n * 300, KEY if n == 0 else DELTA) for n in range(3)))
    slices = b"\x41\x9a\x00\x00"
    await line.feed(*(packet(n, n * 300, slices, pt=97) for n in range(3, 6)))
    assert [codec.name for codec, _ in line.decoded()] == ["VP8", "VP8"]
    assert line.tap.lost == 3


async def test_a_sender_that_numbers_anew_after_a_stall_is_seen_again(
    lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before the stall was not to come again: for the next thirty thousand packets."""
    line = lines("video")

    async def pli(media_ssrc: int) -> None:
        pass

    monkeypatch.setattr(line.receiver, "_send_rtcp_pli", pli)
    await line.feed(
        packet(30_000, 0, KEY), *(packet(30_002 + n, n * 300, KEY) for n in range(1, 9))
    )
    line.now_s += 1.0
    await line.tap.tend(line.now_s)
    assert line.tap.restarts == 1
    line.decoded()
    await line.feed(*(packet(30_008 - n, n * 300, KEY) for n in range(4)), every_s=0.02)
    assert line.decoded() == []
    await line.feed(*(packet(500 + n, 90_000 + n * 300, KEY) for n in range(5)), every_s=0.02)
    assert len(line.decoded()) == 4


async def test_key_frames_are_not_asked_for_with_each_packet(
    lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = lines("video")
    asked: list[int] = []

    async def pli(media_ssrc: int) -> None:
        asked.append(media_ssrc)

    monkeypatch.setattr(line.receiver, "_send_rtcp_pli", pli)
    await line.feed(*(packet(n * 20_000, n, DELTA) for n in range(1_000)), every_s=0.001)
    assert len(asked) <= 11


async def test_timestamps_to_and_fro_hold_up_no_report_and_no_end(lines: Any) -> None:
    """More jitter than a report has room for ended aiortc's task, and whoever closed waited."""
    line = lines("video")
    sent: list[Any] = []

    async def send(packet: Any) -> None:
        sent.append(bytes(packet))

    line.receiver._send_rtcp = send
    ConnectGuard(line.pc).guard_receivers()
    report = RtcpReceiverInfo(9, 0, 0, highest_sequence=1, jitter=1 << 33, lsr=0, dlsr=0)
    await line.receiver._send_rtcp(RtcpRrPacket(ssrc=1, reports=[report]))
    (rr,) = RtcpPacket.parse(sent[0])
    assert isinstance(rr, RtcpRrPacket)
    assert rr.reports[0].jitter == 0xFFFFFFFF


async def test_a_receiver_whose_reports_failed_stops_all_the_same(lines: Any) -> None:
    line = lines("video")
    ConnectGuard(line.pc).guard_receivers()
    line.receiver._RTCRtpReceiver__decoder_thread = None
    line.receiver._RTCRtpReceiver__started = True
    line.receiver._RTCRtpReceiver__rtcp_started.set()
    line.receiver._RTCRtpReceiver__rtcp_task = failed = asyncio.ensure_future(asyncio.sleep(0))
    await failed
    async with asyncio.timeout(30):
        await line.receiver.stop()


async def test_arrivals_are_dated_by_no_wall_clock(lines: Any) -> None:
    """One that is set back ended all estimates until it was there again."""
    line = lines("video")
    seen: list[int] = []
    line.receiver._RTCRtpReceiver__remote_bitrate_estimator.add = lambda **packet: seen.append(
        packet["arrival_time_ms"]
    )
    one = packet(1, 0, KEY)
    one.extensions.abs_send_time = 1
    await line.receiver._handle_rtp_packet(one, arrival_time_ms=4_000_000_000_000)
    assert seen == [100_000]
