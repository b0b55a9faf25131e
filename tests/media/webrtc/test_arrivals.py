"""What reaches a call over the network, from strangers and from its own caller."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable
from typing import Any

import pytest
from aioice import stun
from aioice.ice import Connection, StunProtocol
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport
from aiortc.rtp import RtpPacket

from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.types import MediaGap
from stream_verifier.media.webrtc import aiortc_patches
from stream_verifier.media.webrtc.aiortc_patches import arrivals, checks
from stream_verifier.media.webrtc.aiortc_patches.checks import CheckLimit
from tests.support.media import Call, StartCall


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 (counts set no asyncio.Event)
            await asyncio.sleep(0.02)


async def connected(call: Call) -> None:
    await call.connect()
    await until(lambda: call.peer.stats.streams["video"].frames > 0)


def port_of(call: Call) -> int:
    assert call.peer._pc is not None
    (connection,) = aiortc_patches.ice_connections(call.peer._pc)
    return int(connection._protocols[0].local_candidate.port)


def sender_of(call: Call) -> RTCDtlsTransport:
    """The caller's own transport, keys and all."""
    assert call.publisher._connection is not None
    return aiortc_patches.transports(call.publisher._connection)[0]


async def goes_on(call: Call) -> bool:
    before = call.peer.stats.streams["video"].frames
    await until(lambda: call.peer.stats.streams["video"].frames > before + 5)
    return not call.peer.closed.is_set()


def refused(call: Call) -> dict[str, int]:
    return dict(call.peer.stats.refused)


async def test_no_datagram_of_a_stranger_ends_a_call(start_call: StartCall) -> None:
    call = start_call(loop=True)
    await connected(call)
    junk = [b"", bytes(1), b"\x80", b"\x80" * 1600, b"\x14" * 40, b"\x90" * 200, bytes(9000)]
    junk += [random.Random(1).randbytes(size) for size in range(1, 300, 7)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for data in junk:
            stranger.sendto(data, ("127.0.0.1", port_of(call)))
    await until(lambda: sum(refused(call).values()) == len(junk))
    assert set(refused(call)) == {"wrong_length", "stranger"}
    assert await goes_on(call)


async def test_nothing_of_an_honest_call_is_refused(start_call: StartCall) -> None:
    call = start_call()
    await call.connect()
    await call.publisher.finished.wait()
    await asyncio.sleep(0.3)
    stats = call.peer.stats
    assert stats.refused == {}
    assert {kind: stream.refused for kind, stream in stats.streams.items()} == {
        "audio": {},
        "video": {},
    }
    assert not [item for item in call.inbox.drain() if isinstance(item, MediaGap)]


async def test_checks_of_strangers_are_answered_no_faster_than_people_send_them(
    start_call: StartCall,
) -> None:
    call = start_call(loop=True)
    await connected(call)
    request = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        for _ in range(400):
            stranger.sendto(request, ("127.0.0.1", port_of(call)))
            await asyncio.sleep(0)
        await until(lambda: refused(call).get("too_many_strangers", 0) > 100)
    assert await goes_on(call)


async def test_nothing_that_a_caller_sends_ends_its_call_with_an_error(
    start_call: StartCall, caplog: pytest.LogCaptureFixture
) -> None:
    """Extensions of a length that aiortc's parser does not expect, and RTCP that breaks off."""
    call = start_call(loop=True)
    await connected(call)
    sender = sender_of(call)
    for number in range(16):
        extension = bytes([number << 4 | 6]) + bytes(7)
        header = RtpPacket(96, 0, number, 0, 77).serialize()
        await sender._send_rtp(
            bytes([header[0] | 0x10]) + header[1:] + b"\xbe\xde\x00\x02" + extension + b"\x10x"
        )
    for kind in range(200, 207):
        await sender._send_rtp(bytes([0x9F, kind, 0, 2]) + bytes(8))
    assert await goes_on(call)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert refused(call)["malformed"] > 0


async def test_sources_are_counted(start_call: StartCall) -> None:
    call = start_call(loop=True)
    await connected(call)
    sender = sender_of(call)
    video: Any = call.peer._reception._taps["video"]._receiver
    payload_type = next(iter(video._RTCRtpReceiver__codecs))
    for ssrc in range(300):
        await sender._send_rtp(RtpPacket(payload_type, 0, 1, 0, ssrc, b"\x10\x11abc").serialize())
        await asyncio.sleep(0)
    await until(lambda: refused(call).get("too_many_sources", 0) > 250)
    assert len(video._RTCRtpReceiver__remote_streams) <= arrivals.MOST_SOURCES
    assert len(video.transport._rtp_router.ssrc_table) <= arrivals.MOST_SOURCES
    assert call.peer.stats.streams["video"].refused["second_source"] > 0
    assert await goes_on(call)


async def test_sources_that_waited_together_are_counted_too() -> None:
    """Many may pass the first look before one of them is decrypted."""
    certificate = RTCCertificate.generateCertificate()
    transport: Any = RTCDtlsTransport(None, [certificate])  # type: ignore[arg-type]
    handled: list[bytes] = []

    async def handle(data: bytes, arrival_time_ms: int) -> None:
        handled.append(data)

    transport._handle_rtp_data = handle
    connection = Connection(ice_controlling=False)
    guard = aiortc_patches.Arrivals(
        connection, CheckLimit(), aiortc_patches.CallBudget(MediaLimits())
    )
    guard.guard(transport)
    for ssrc in [*range(40), *range(40)]:
        data = RtpPacket(ssrc=ssrc).serialize()
        await transport._handle_rtp_data(data, arrival_time_ms=0)
    assert len(handled) == 2 * arrivals.MOST_SOURCES
    assert guard.refused == {"too_many_sources": 80 - len(handled)}
    await connection.close()


async def test_a_call_that_sends_too_much_is_told_so(start_call: StartCall) -> None:
    call = start_call(loop=True, limits=MediaLimits(packets_per_s=20))
    await call.connect()
    gaps: list[str] = []

    def told() -> bool:
        gaps.extend(item.reason for item in call.inbox.drain() if isinstance(item, MediaGap))
        return "too_many_packets" in gaps

    await until(told)
    assert refused(call)["too_many_packets"] > 0
    assert not call.peer.closed.is_set()


async def test_what_waits_for_the_loop_has_a_bound() -> None:
    connection = Connection(ice_controlling=False)
    guard = aiortc_patches.Arrivals(
        connection, CheckLimit(), aiortc_patches.CallBudget(MediaLimits())
    )
    for _ in range(arrivals.MOST_WAITING + 10):
        connection.data_received(b"\x80" * 100, 1)
    assert connection._queue.qsize() == arrivals.MOST_WAITING
    assert guard.refused == {"too_many_waiting": 10}
    await connection.close()


async def test_nobody_reads_data_channels(start_call: StartCall) -> None:
    call = start_call(loop=True)
    await call.publisher.offer()
    pc = call.publisher._connection
    assert pc is not None
    channel = pc.createDataChannel("chat")
    await pc.setLocalDescription(await pc.createOffer())
    await call.publisher.accept(await call.peer.answer(str(pc.localDescription.sdp)))
    await until(lambda: call.peer.stats.streams["video"].frames > 20)
    assert channel.readyState == "connecting"
    assert not call.peer.closed.is_set()


class Wire:
    """Counts what a protocol would send."""

    def __init__(self, limit: CheckLimit) -> None:
        self.sent: list[tuple[str, int]] = []
        self._send = limit.wrap_send(lambda _, addr: self.sent.append(addr))

    def check(self, addr: tuple[str, int], times: int = 1) -> None:
        for _ in range(times):
            self._send(stun.Message(stun.Method.BINDING, stun.Class.REQUEST), addr)

    def answer(self, addr: tuple[str, int]) -> None:
        self._send(stun.Message(stun.Method.BINDING, stun.Class.RESPONSE), addr)


def test_packets_to_who_has_not_answered_are_counted_by_host_and_in_all() -> None:
    wire = Wire(limit := CheckLimit())
    for port in range(10):
        wire.check(("192.0.2.1", 5000 + port), 5)
    assert len(wire.sent) == checks.MOST_TO_HOST
    for host in range(2, 60):
        wire.check((f"192.0.2.{host}", 5000), 5)
    assert len(wire.sent) == checks.MOST_PACKETS
    assert limit.withheld == 10 * 5 + 58 * 5 - checks.MOST_PACKETS
    # Who shows the call's credentials is still met, however many others were named.
    assert limit.meet(("192.0.2.1", 7000))
    wire.check(("192.0.2.1", 7000), 20)
    assert len(wire.sent) == checks.MOST_PACKETS + checks.MOST_TO_HOST
    wire.answer(("198.51.100.1", 1))
    assert wire.sent[-1] == ("198.51.100.1", 1)


async def test_who_answers_is_checked_as_often_as_need_be() -> None:
    wire = Wire(limit := CheckLimit())
    home = ("192.0.2.9", 5000)
    asked: list[int | None] = []

    async def request(message: Any, addr: Any, **more: Any) -> Any:
        asked.append(more.get("retransmissions"))
        return message, addr

    limited = limit.wrap_request(request)
    for _ in range(2):
        await limited(stun.Message(stun.Method.BINDING, stun.Class.REQUEST), home)
    assert asked == [checks.RETRANSMISSIONS, None]
    wire.check(home, 100)
    assert len(wire.sent) == 100


def test_no_more_addresses_show_credentials_than_a_call_has() -> None:
    limit = CheckLimit()
    met = [limit.meet((f"198.51.100.{number}", 5000)) for number in range(200)]
    assert met == [True] * checks.MOST_ADDRESSES + [False] * (200 - checks.MOST_ADDRESSES)
    assert limit.meet(("198.51.100.1", 5000))


def test_what_the_limits_lean_on_is_still_there() -> None:
    assert callable(StunProtocol.send_stun)
    assert callable(StunProtocol.datagram_received)
    for name in ("_handle_rtp_data", "_handle_rtcp_data", "_register_data_receiver"):
        assert callable(getattr(RTCDtlsTransport, name))
