"""What this package leans on inside aiortc and aioice; a failure here means: adapt the patches."""

from __future__ import annotations

import asyncio
import base64
import inspect
import queue
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import av
import pytest
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, Connection, StunProtocol, server_reflexive_candidate
from aioice.mdns import MDnsProtocol
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rate import RateCounter, RemoteBitrateEstimator
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport, RtpRouter
from aiortc.rtcicetransport import RTCIceTransport
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcrtpreceiver import NackGenerator, decoder_worker
from aiortc.rtp import RtcpByePacket, RtcpSenderInfo, RtcpSrPacket, RtpPacket, wrap_rtx

from stream_verifier.media.webrtc.aiortc_patches import (
    AudioTap,
    Liveness,
    VideoTap,
    ice_connections,
    use_host_addresses,
)
from stream_verifier.media.webrtc.clock import MediaClock

_KEY = b"\x10\x00\x00\x9d\x01\x2a\x40\x00\x30\x00" + bytes(16)  # 64 x 48
_DELTA = b"\x11" + bytes(20)
_SPS = base64.b64decode("Z0LAFdoHgv+XAWoMDA1KAAADAAIAAAMAPR4sXUA=")  # 480 x 360


def _parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_versions_are_those_the_patches_were_written_for() -> None:
    assert version("aiortc") == "1.16.0"
    assert version("aioice").split(".")[:2] == ["0", "13"]


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (RTCRtpReceiver._handle_rtcp_packet, ["self", "packet"]),
        (RTCRtpReceiver._handle_rtp_packet, ["self", "packet", "arrival_time_ms"]),
        (RTCRtpReceiver._handle_disconnect, ["self"]),
        (RTCRtpReceiver._send_rtcp_nack, ["self", "media_ssrc", "lost"]),
        (RTCRtpReceiver._send_rtcp_pli, ["self", "media_ssrc"]),
        (RTCRtpReceiver._send_rtcp, ["self", "packet"]),
        (RTCCertificate._create_ssl_context, ["self", "srtp_profiles"]),
        (JitterBuffer.__init__, ["self", "capacity", "prefetch", "is_video"]),
        (JitterBuffer.add, ["self", "packet"]),
        (JitterFrame.__init__, ["self", "data", "timestamp"]),
        (NackGenerator.add, ["self", "packet"]),
        (
            RemoteBitrateEstimator.add,
            ["self", "arrival_time_ms", "abs_send_time", "payload_size", "ssrc"],
        ),
        (Connection.get_component_candidates, ["self", "component", "addresses", "timeout"]),
        (server_reflexive_candidate, ["protocol", "stun_server"]),
        (candidate_foundation, ["candidate_type", "candidate_transport", "base_address"]),
        (candidate_priority, ["candidate_component", "candidate_type", "local_pref"]),
        (StunProtocol.__init__, ["self", "receiver"]),
        (Connection.data_received, ["self", "data", "component"]),
        (Connection.request_received, ["self", "message", "addr", "protocol"]),
        (Connection.build_request, ["self", "pair", "nominate"]),
        (Connection.query_consent, ["self"]),
        (Connection.check_start, ["self", "pair"]),
        (Connection.check_incoming, ["self", "message", "addr", "protocol"]),
        (Connection._add_remote_candidate, ["self", "remote_candidate", "network_host"]),
        (MDnsProtocol.resolve, ["self", "hostname", "timeout"]),
        (RtpRouter.route_rtp, ["self", "packet"]),
        (
            StunProtocol.request,
            ["self", "request", "addr", "integrity_key", "retransmissions"],
        ),
    ],
)
def test_signatures(function: Any, parameters: list[str]) -> None:
    assert _parameters(function) == parameters


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (RTCRtpReceiver._handle_rtp_packet, "self.__jitter_buffer.add(packet)"),
        (RTCRtpReceiver._handle_rtp_packet, "self.__timestamp_mapper.map("),
        (RTCRtpReceiver._handle_rtp_packet, "self.__decoder_queue.put((codec, encoded_frame))"),
        (RTCRtpReceiver._handle_rtp_packet, "self.__decoder_error.is_set()"),
        (RTCRtpReceiver.receive, "self.__decoder_queue,"),
        (decoder_worker, "task = input_q.get()"),
        (RTCRtpReceiver._handle_rtp_packet, "packet._data = depayload("),
        (RTCRtpReceiver._handle_rtp_packet, "remb = self.__remote_bitrate_estimator.add("),
        (RTCRtpReceiver._handle_rtp_packet, "self.__nack_generator.add(packet)"),
        (RTCDtlsTransport._recv_next, "data = self._rx_srtp.unprotect(data)"),
        (RTCDtlsTransport._recv_next, "data = self._rx_srtp.unprotect_rtcp(data)"),
        (RTCDtlsTransport._recv_next, "data = await self.transport._recv()"),
        (RTCDtlsTransport.stop, "self._task = None"),
        (RTCDtlsTransport.start, "self.__local_certificate._create_ssl_context("),
        (RTCRtpReceiver._run_rtcp, "await self._send_rtcp(packet)"),
        (RTCRtpReceiver.stop, "await self.__rtcp_exited.wait()"),
        (RateCounter.rate, "self._erase_old(now_ms)"),
        (Connection.recvfrom, "await self._queue.get()"),
        (Connection.sendto, "await active_pair.protocol.send_data("),
        (StunProtocol.send_data, "self.transport.sendto(data, addr)"),
        (RTCDtlsTransport._handle_rtcp_data, "recipient._handle_rtcp_packet(packet)"),
        (RTCDtlsTransport._handle_rtp_data, "self._rtp_router.route_rtp(packet)"),
        (RTCIceTransport.__init__, "gatherer._connection"),
        (Connection._check_list_maybe_fail, "if self._remote_candidates_expected():"),
        (Connection._check_periodic, "return self._remote_candidates_expected()"),
        (Connection.gather_candidates, "self.get_component_candidates("),
        (Connection.gather_candidates, "component=component"),
        (Connection.get_component_candidates, "self._protocols += host_protocols"),
        (Connection.get_component_candidates, "protocol.local_candidate = Candidate("),
        (
            Connection.get_component_candidates,
            "server_reflexive_candidate(protocol, self.stun_server)",
        ),
        (CandidatePair.local_candidate.fget, "self.protocol.local_candidate"),  # type: ignore[attr-defined]
        (Connection.connect, "self.query_consent()"),
        (Connection.close, "self._closing = True"),
        (RTCPeerConnection.setLocalDescription, "asyncio.ensure_future(self.__connect())"),
        (RTCPeerConnection.setRemoteDescription, "asyncio.ensure_future(self.__connect())"),
        (StunProtocol.datagram_received, "self.receiver.data_received("),
        (StunProtocol.datagram_received, "self.receiver.request_received("),
        (CandidatePair.remote_addr.fget, "self.remote_candidate"),  # type: ignore[attr-defined]
    ],
)
def test_the_libraries_call_what_is_replaced_through_the_instance(
    function: Any, calls: str
) -> None:
    assert calls in inspect.getsource(function)


@pytest.fixture
async def connection() -> Any:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    yield pc
    await pc.close()


def _receiver(pc: RTCPeerConnection, kind: str, codec: str) -> RTCRtpReceiver:
    receiver = pc.addTransceiver(kind, direction="recvonly").receiver
    rate = 48_000 if kind == "audio" else 90_000
    parameters = RTCRtpCodecParameters(f"{kind}/{codec}", clockRate=rate, payloadType=96)
    receiver._RTCRtpReceiver__codecs[96] = parameters  # type: ignore[attr-defined]
    receiver._RTCRtpReceiver__decoder_thread = threading.current_thread()  # type: ignore[attr-defined]
    return receiver


def _forget_thread(receiver: RTCRtpReceiver) -> None:
    receiver._RTCRtpReceiver__decoder_thread = None  # type: ignore[attr-defined]


def _decoded(receiver: RTCRtpReceiver) -> list[JitterFrame]:
    waiting: queue.Queue[Any] = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
    frames = []
    while not waiting.empty():
        frames.append(waiting.get_nowait()[1])
    return frames


def _packet(sequence: int, timestamp: int, payload: bytes, ssrc: int = 9) -> RtpPacket:
    packet = RtpPacket(payload_type=96, sequence_number=sequence, timestamp=timestamp)
    packet.ssrc, packet.payload, packet.marker = ssrc, payload, 1
    return packet


def _vp8(sequence: int, frame: int, payload: bytes, *, first: bool = True) -> RtpPacket:
    header = b"\x10" if first else b"\x00"
    return _packet(sequence, frame * 3_000, header + payload)


async def _feed(receiver: RTCRtpReceiver, *packets: RtpPacket) -> None:
    for packet in packets:
        await receiver._handle_rtp_packet(packet, arrival_time_ms=0)


async def test_loopback_addresses_are_gathered_when_asked_for(connection: Any) -> None:
    connection.addTransceiver("audio", direction="recvonly")
    use_host_addresses(connection, ["127.0.0.1"])
    await connection.setLocalDescription(await connection.createOffer())
    (ice,) = ice_connections(connection)
    assert [c.host for c in ice.local_candidates] == ["127.0.0.1"]


async def test_any_traffic_is_a_sign_of_life(connection: Any) -> None:
    connection.addTransceiver("audio", direction="recvonly")
    (ice,) = ice_connections(connection)
    liveness = Liveness(ice)
    assert liveness.heard_s is None
    ice.data_received(b"x", 1)
    assert liveness.heard_s == pytest.approx(time.monotonic(), abs=5)


async def test_audio_passes_at_once_in_order_and_a_loss_drops_nothing_else(
    connection: Any,
) -> None:
    receiver = _receiver(connection, "audio", "opus")
    heard: list[Any] = []
    tap = AudioTap(receiver, MediaClock(), heard.append)
    await _feed(receiver, *(_packet(n, n * 960, b"\x78\x01") for n in (1, 2, 4, 3, 5)))
    assert [frame.pts for frame in heard] == [960 * n for n in range(1, 6)]
    await _feed(receiver, _packet(7, 7 * 960, b"\x78\x01"))
    assert len(heard) == 5
    await tap.tend(time.monotonic() + 1)
    assert [frame.pts for frame in heard[5:]] == [7 * 960]
    assert (tap.packets, tap.lost) == (6, 1)
    assert {(f.sample_rate, f.samples, f.layout.name) for f in heard} == {(48_000, 960, "stereo")}
    assert _decoded(receiver) == []  # Nothing is left for aiortc's own thread.
    _forget_thread(receiver)


async def test_padding_is_neither_sound_nor_a_hole_in_it(connection: Any) -> None:
    """Packets without content that keep a way open, or try how much a network carries."""
    receiver = _receiver(connection, "audio", "opus")
    heard: list[Any] = []
    tap = AudioTap(receiver, MediaClock(), heard.append)
    for number in range(1, 9, 2):
        await _feed(receiver, _packet(number, number * 480, b"\x78\x01"))
        await _feed(receiver, _packet(number + 1, number * 480, b""))
    assert [frame.pts // 480 for frame in heard] == [1, 3, 5, 7]
    assert (tap.packets, tap.lost) == (4, 0)
    _forget_thread(receiver)


async def test_sound_is_decoded_several_packets_at_a_time_but_for_the_first(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = _receiver(connection, "audio", "opus")
    heard: list[Any] = []
    tap = AudioTap(receiver, MediaClock(), heard.append, gather_s=0.05)
    counts = []
    for number in range(8):
        at_s = 100.0 + 0.02 * number
        monkeypatch.setattr(time, "monotonic", lambda at_s=at_s: at_s)
        await _feed(receiver, _packet(number, number * 960, b"\x78\x01"))
        counts.append(len(heard))
    assert counts == [1, 1, 1, 4, 4, 4, 7, 7]
    await tap.tend(100.16)
    assert len(heard) == 7
    await tap.tend(100.18)
    assert [frame.pts for frame in heard] == [960 * number for number in range(8)]
    assert [tap.arrival_s(frame.pts) for frame in heard] == pytest.approx(
        [100.0 + 0.02 * number for number in range(8)]
    )
    _forget_thread(receiver)


async def test_sound_that_cannot_be_decoded_is_counted_and_what_follows_is_heard(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = _receiver(connection, "audio", "opus")
    heard: list[Any] = []
    tap = AudioTap(receiver, MediaClock(), heard.append)
    await _feed(receiver, _packet(1, 960, b"\x78\x01"))
    (decoder,) = tap._decoders.values()
    whole = decoder.decode

    def failing(encoded: JitterFrame) -> Any:
        if encoded.timestamp == 2 * 960:
            raise av.InvalidDataError(1, "made up")
        return whole(encoded)

    monkeypatch.setattr(decoder, "decode", failing)
    await _feed(receiver, *(_packet(n, n * 960, b"\x78\x01") for n in (2, 3)))
    assert [frame.pts for frame in heard] == [960, 3 * 960]
    assert tap.refused == {"sound_garbled": 1}
    _forget_thread(receiver)


async def test_a_receiver_that_has_stopped_decodes_no_more_sound(connection: Any) -> None:
    receiver = _receiver(connection, "audio", "opus")
    heard: list[Any] = []
    AudioTap(receiver, MediaClock(), heard.append)
    _forget_thread(receiver)
    await _feed(receiver, _packet(1, 960, b"\x78\x01"))
    assert heard == []


async def test_video_starts_with_a_key_frame(connection: Any) -> None:
    receiver = _receiver(connection, "video", "VP8")
    tap = VideoTap(receiver, MediaClock())
    frames = (_DELTA, _DELTA, _KEY, _DELTA, _DELTA)
    await _feed(receiver, *(_vp8(n, n, data) for n, data in enumerate(frames)))
    assert [frame.timestamp // 3_000 for frame in _decoded(receiver)] == [2, 3]
    assert tap.lost == 2
    _forget_thread(receiver)


async def test_key_frames_without_parameter_sets_are_decoded_with_those_of_the_offer(
    connection: Any,
) -> None:
    receiver = _receiver(connection, "video", "H264")
    sets = b"\0\0\0\1" + _SPS + b"\0\0\0\1\x68\xce\x3c\x80"
    VideoTap(receiver, MediaClock(), parameter_sets={96: sets})
    payloads = (b"\x41delta", b"\x65key", b"\x41delta", b"\x41delta")
    await _feed(receiver, *(_packet(n, n * 3_000, data) for n, data in enumerate(payloads)))
    first, second = _decoded(receiver)
    assert first.data == sets + b"\0\0\0\1\x65key"
    assert second.data == b"\0\0\0\1\x41delta"
    _forget_thread(receiver)


async def test_frames_that_refer_to_none_before_them_are_told_once(connection: Any) -> None:
    receiver = _receiver(connection, "video", "VP8")
    tap = VideoTap(receiver, MediaClock())
    frames = (_KEY, _DELTA, _DELTA, _KEY, _DELTA, _DELTA)
    await _feed(receiver, *(_vp8(n, n, data) for n, data in enumerate(frames)))
    ticks = [frame.timestamp for frame in _decoded(receiver)]
    assert [tap.begins_anew(at) for at in ticks] == [True, False, False, True, False]
    assert not tap.begins_anew(ticks[3])
    assert not any(tap.misses(at) for at in ticks)
    _forget_thread(receiver)


async def test_stalled_video_goes_on_with_the_next_key_frame(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = _receiver(connection, "video", "VP8")
    tap = VideoTap(receiver, MediaClock())
    asked: list[str] = []

    async def pli(media_ssrc: int) -> None:
        asked.append("pli")

    async def nack(media_ssrc: int, lost: list[int]) -> None:
        asked.append(f"nack {lost}")

    monkeypatch.setattr(receiver, "_send_rtcp_pli", pli)
    monkeypatch.setattr(receiver, "_send_rtcp_nack", nack)
    await _feed(receiver, *(_vp8(n, n, _KEY if n == 0 else _DELTA) for n in range(3)))
    await _feed(receiver, *(_vp8(n, n, _DELTA) for n in range(4, 9)))
    await tap.tend(time.monotonic())
    assert asked == ["nack [3]", "nack [3]"]  # At once by aiortc, then again by the watchdog.
    await tap.tend(time.monotonic() + 0.4)
    assert asked[2:] == ["pli"]
    assert tap.restarts == 1
    await _feed(receiver, _vp8(3, 3, _DELTA))  # Too late: its frame was given up.
    await _feed(receiver, *(_vp8(n, n, _KEY if n == 11 else _DELTA) for n in range(9, 14)))
    assert [f.timestamp // 3_000 for f in _decoded(receiver)] == [0, 1, 11, 12]
    _forget_thread(receiver)


async def test_a_slow_camera_is_not_taken_for_a_stall(connection: Any) -> None:
    receiver = _receiver(connection, "video", "VP8")
    tap = VideoTap(receiver, MediaClock())
    await _feed(receiver, _vp8(0, 0, _KEY), _vp8(1, 30, _DELTA))
    await tap.tend(time.monotonic() + 5)
    assert tap.restarts == 0
    _forget_thread(receiver)


async def test_sender_reports_reach_the_clock_and_a_bye_does_not_end_the_track(
    connection: Any,
) -> None:
    clock = MediaClock()
    taps = {}
    for kind, codec in (("audio", "opus"), ("video", "VP8")):
        receiver = _receiver(connection, kind, codec)
        heard: list[Any] = []
        audio = kind == "audio"
        taps[kind] = AudioTap(receiver, clock, heard.append) if audio else VideoTap(receiver, clock)
        payload = b"\x78\x01" if kind == "audio" else b"\x10" + _KEY
        await _feed(receiver, *(_packet(n, n * 960, payload) for n in range(3)))
        for ticks in [f.pts for f in heard] if audio else [f.timestamp for f in _decoded(receiver)]:
            clock.seconds(kind, ticks)
        heard.clear()
        info = RtcpSenderInfo(
            ntp_timestamp=4_000_000_000 << 32, rtp_timestamp=960, packet_count=2, octet_count=4
        )
        await receiver._handle_rtcp_packet(RtcpSrPacket(ssrc=9, sender_info=info))
        await receiver._handle_rtcp_packet(RtcpByePacket(sources=[9]))
        await _feed(receiver, *(_packet(n, n * 960, payload) for n in range(3, 5)))
        assert heard if audio else _decoded(receiver)
        _forget_thread(receiver)
    assert clock.synchronised
    assert clock.seconds("video", 960 + 90_000) == pytest.approx(clock.seconds("audio", 48_960))


async def test_a_pause_of_the_sender_is_told_from_a_loss(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    receiver = _receiver(connection, "audio", "opus")
    heard: list[Any] = []
    tap = AudioTap(receiver, MediaClock(), heard.append)
    for sequence, at_s in ((1, 0.0), (2, 0.02), (3, 2.0), (4, 2.02), (9, 5.0)):
        now[0] = 100.0 + at_s
        await _feed(receiver, _packet(sequence, round(at_s * 48_000), b"\x78\x01"))
    await tap.tend(now[0] + 1)
    reasons = [tap.pause_reason(frame.pts) for frame in heard]
    assert reasons == ["network", "network", "muted", "network", "network"]
    _forget_thread(receiver)


async def test_sound_that_was_given_up_is_told_of_whatever_comes_after_it(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    receiver = _receiver(connection, "audio", "opus")
    heard: list[Any] = []
    tap = AudioTap(receiver, MediaClock(), heard.append)
    padding = (4, 13)
    for sequence in (0, 1, 4, 5, 6, 10, 11, 13, 14, 15):
        now[0] = 100.0 + sequence * 0.02
        payload = b"" if sequence in padding else b"\x78\x01"
        await _feed(receiver, _packet(sequence, sequence * 960, payload))
        await tap.tend(now[0] + 0.1)
    await _feed(receiver, _packet(2, 2 * 960, b"\x78\x01"))  # Too late.
    lost = {frame.pts // 960: round(tap.lost_s(frame.pts) / 0.12) for frame in heard}
    assert lost == {0: 0, 1: 0, 5: 2, 6: 0, 10: 3, 11: 0, 14: 1, 15: 0}
    _forget_thread(receiver)


_SILK, _SILK_AGAIN = b"\x18\x80\x01", b"\x18\x90\x01"
"""60 ms of SILK that were spoken; in the second those before are said again."""


async def _passed_over_s(
    receiver: RTCRtpReceiver, packets: list[tuple[int, float, bytes]]
) -> tuple[float, AudioTap]:
    """Feed packets of a number, a date in seconds and a content, 20 ms apart."""
    tap = AudioTap(receiver, MediaClock(), lambda _: None)
    for sequence, at_s, payload in packets:
        await _feed(receiver, _packet(sequence & 0xFFFF, 960 + round(at_s * 48_000), payload))
        await tap.tend(time.monotonic() + 0.07)
    _forget_thread(receiver)
    return tap.passed_over_s(), tap


@pytest.mark.parametrize(
    ("what", "packets", "over_s"),
    [
        ("in order", [(n, n * 0.02, b"\x78\x01") for n in range(20)], 0.0),
        (
            "lost, or too late for its hole",
            [(n, n * 0.02, b"\x78\x01") for n in (0, 1, 3, 4, 2, 7, 8)],
            0.0,
        ),
        ("a hole that is silent", [(n, n * 0.12, _SILK) for n in range(10)], 0.0),
        ("a hole that is said again", [(n, n * 0.12, _SILK_AGAIN) for n in range(11)], 0.6),
        (
            "no number of which is missing after a leap",
            [(2000 * n + step, n * 0.02, b"\x78\x01") for n in range(10) for step in (0, -1)][:-1],
            0.18,
        ),
        (
            "missing without a hole, and then there",
            [(n, at_s, b"\x78\x01") for n, at_s in ((0, 0.0), (2, 0.02), (1, 0.02), (3, 0.04))],
            0.12,
        ),
    ],
)
async def test_sound_that_others_play_and_nobody_hears_here_is_passed_over(
    connection: Any, what: str, packets: list[tuple[int, float, bytes]], over_s: float
) -> None:
    passed_s, tap = await _passed_over_s(_receiver(connection, "audio", "opus"), packets)
    assert passed_s == pytest.approx(over_s, abs=1e-3), what
    assert tap.passed_over_s() == 0.0


async def test_of_packets_of_one_number_the_first_counts_as_with_players(connection: Any) -> None:
    receiver = _receiver(connection, "video", "VP8")
    tap = VideoTap(receiver, MediaClock())
    other = _KEY[:-1] + b"\x01"
    await _feed(receiver, _vp8(1, 1, _KEY), _vp8(1, 1, other), _vp8(2, 2, _DELTA))
    assert [frame.data for frame in _decoded(receiver)] == [_KEY]
    assert tap.refused == {"frame_behind": 1}
    _forget_thread(receiver)


async def test_pictures_with_numbers_behind_and_dates_of_now_are_refused(connection: Any) -> None:
    """Who goes by dates shows them, and who goes by numbers drops them as late."""
    receiver = _receiver(connection, "video", "VP8")
    tap = VideoTap(receiver, MediaClock())
    for step in range(20):
        await _feed(receiver, _vp8(500 + step, 2 * step, _KEY))
        await _feed(receiver, _vp8(300 + step, 2 * step + 1, _KEY[:-1] + b"\x01"))
    await _feed(receiver, _vp8(519, 38, _KEY), _vp8(300, 1, _KEY[:-1] + b"\x01"))
    assert [frame.data for frame in _decoded(receiver)] == [_KEY] * 19
    assert tap.refused == {"frame_behind": 21}
    _forget_thread(receiver)


async def test_what_comes_late_or_twice_is_not_refused(connection: Any) -> None:
    receiver = _receiver(connection, "video", "VP8")
    tap = VideoTap(receiver, MediaClock())
    packets = [_vp8(step, step, _KEY if step == 0 else _DELTA) for step in range(60)]
    packets[3], packets[9] = packets[9], packets[3]
    await _feed(receiver, *packets, *packets[:40], _vp8(60, 60, _DELTA))
    assert len(_decoded(receiver)) == 60
    assert not tap.refused
    _forget_thread(receiver)


def _as_rtx(receiver: RTCRtpReceiver) -> None:
    parameters = RTCRtpCodecParameters("video/rtx", 90_000, payloadType=97)
    parameters.parameters["apt"] = 96
    receiver._RTCRtpReceiver__codecs[97] = parameters  # type: ignore[attr-defined]


def _sent_again(packet: RtpPacket, ssrc: int) -> RtpPacket:
    return wrap_rtx(packet, payload_type=97, sequence_number=1, ssrc=ssrc)


async def test_retransmissions_that_nothing_announced_are_those_of_the_only_source(
    connection: Any,
) -> None:
    receiver = _receiver(connection, "video", "VP8")
    tap = VideoTap(receiver, MediaClock())
    _as_rtx(receiver)
    await _feed(receiver, _vp8(1, 1, _KEY), _sent_again(_vp8(2, 2, _DELTA), 70))
    await _feed(receiver, _vp8(2, 2, _KEY), _vp8(3, 3, _DELTA))
    assert [frame.data for frame in _decoded(receiver)] == [_KEY, _DELTA]
    assert tap.refused == {"frame_behind": 1}
    await _feed(receiver, _sent_again(_vp8(4, 4, _DELTA), 71))
    assert tap.refused == {"frame_behind": 1, "second_source": 1}
    _forget_thread(receiver)


async def test_retransmissions_of_another_source_than_was_announced_are_refused(
    connection: Any,
) -> None:
    receiver = _receiver(connection, "video", "VP8")
    tap = VideoTap(receiver, MediaClock())
    _as_rtx(receiver)
    receiver._RTCRtpReceiver__rtx_ssrc[70] = 9  # type: ignore[attr-defined]
    await _feed(receiver, _vp8(1, 1, _KEY), _sent_again(_vp8(2, 2, _DELTA), 71))
    assert tap.refused == {"second_source": 1}
    await _feed(receiver, _sent_again(_vp8(2, 2, _DELTA), 70), _vp8(3, 3, _DELTA))
    assert len(_decoded(receiver)) == 2
    _forget_thread(receiver)


def _unmarked(packet: RtpPacket) -> RtpPacket:
    packet.marker = 0
    return packet


@pytest.mark.parametrize(
    "several",
    [
        lambda: [_unmarked(_vp8(2, 2, _KEY)), _vp8(3, 2, _KEY)],
        lambda: [_vp8(2, 2, _KEY), _vp8(3, 2, _DELTA, first=False)],
        lambda: [_vp8(2, 2, _KEY), _unmarked(_vp8(3, 2, _DELTA, first=False))],
        lambda: [_unmarked(_vp8(2, 2, _KEY, first=False)), _vp8(3, 2, _KEY)],
        lambda: [_unmarked(_vp8(2, 2, _KEY, first=False)), _vp8(3, 2, _DELTA, first=False)],
        lambda: [_unmarked(_vp8(2, 2, _KEY)), _unmarked(_vp8(3, 2, _DELTA, first=False))],
        lambda: [_unmarked(_vp8(2, 2, b"")), _vp8(3, 2, b"", first=False)],
    ],
)
async def test_what_is_not_one_picture_from_its_begin_to_its_end_is_not_decoded(
    connection: Any, several: Callable[[], list[RtpPacket]]
) -> None:
    """Players show each that is whole by its marks, or none; a decoder of all of it another one."""
    receiver = _receiver(connection, "video", "VP8")
    tap = VideoTap(receiver, MediaClock())
    one = [_unmarked(_vp8(0, 1, _KEY)), _vp8(1, 1, b"x", first=False)]
    padding = _packet(4, 2 * 3_000, b"")
    await _feed(receiver, *one, *several(), padding, _vp8(5, 3, _KEY), _vp8(6, 4, _KEY))
    ticks = [frame.timestamp for frame in _decoded(receiver)]
    assert [at // 3_000 for at in ticks] == [1, 3]
    assert tap.refused == {"frame_garbled": 1}
    assert [tap.misses(at) for at in ticks] == [False, True]
    _forget_thread(receiver)


async def test_a_picture_that_players_leave_out_for_its_number_is_refused(
    connection: Any,
) -> None:
    receiver = _receiver(connection, "video", "VP8")
    tap = VideoTap(receiver, MediaClock())
    for sequence, (number, data) in enumerate(
        [(5, _KEY), (6, _DELTA), (6, _DELTA), (7, _DELTA), (8, _KEY), (9, _DELTA), (10, _DELTA)]
    ):
        descriptor = b"\x90\x80" + (0x8000 | number).to_bytes(2, "big")
        await _feed(receiver, _packet(sequence, sequence * 3_000, descriptor + data))
    ticks = [frame.timestamp for frame in _decoded(receiver)]
    assert [at // 3_000 for at in ticks] == [0, 1, 4, 5]
    assert tap.refused == {"frame_garbled": 1}
    assert [tap.misses(at) for at in ticks] == [False, False, True, False]
    _forget_thread(receiver)


async def test_a_receiver_that_lost_a_name_is_refused(connection: Any) -> None:
    receiver = _receiver(connection, "audio", "opus")
    del receiver._RTCRtpReceiver__jitter_buffer  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="adapt aiortc_patches"):
        AudioTap(receiver, MediaClock(), print)
    _forget_thread(receiver)
    await asyncio.sleep(0)
