"""What is refused of an offer, and left out of it, before anything is done for it."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from pathlib import Path

import pytest

from benchmarks.fuzz.seeds import aiortc_offer
from benchmarks.hostile_video import claim_size
from stream_verifier.errors import NegotiationError
from stream_verifier.media.types import MediaGap, MediaItem, VideoFrame
from stream_verifier.media.webrtc.aiortc_patches import checks
from stream_verifier.media.webrtc.offers import MAX_CANDIDATES, plausible_offer
from stream_verifier.media.webrtc.peer_addresses import PeerAddresses
from tests.support.media import StartCall
from tests.support.offers import answer

ANYBODY = PeerAddresses()


def candidate(host: str, port: int = 50_000, transport: str = "udp") -> str:
    return f"a=candidate:1 1 {transport} 2122260223 {host} {port} typ host"


def kept(*lines: str, peers: PeerAddresses = ANYBODY) -> list[str]:
    offer = "\r\n".join(["v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", *lines])
    return plausible_offer(offer, peers).split("\r\n")[2:-1]


@pytest.mark.parametrize(
    "line",
    [
        candidate("192.0.2.7", 53),
        candidate("192.0.2.7", 1023),
        candidate("192.0.2.7", 0),
        candidate("192.0.2.7", 99_999),
        candidate("224.0.0.251", 5353),
        candidate("255.255.255.255"),
        candidate("0.0.0.0"),
        candidate("ff02::fb"),
        candidate("::"),
        candidate("printer.office.example"),
        candidate("192.0.2.7", 50_000, "tcp"),
        "a=candidate:",
        "a=candidate:1 1 udp x y z",
        "a=candidate:1 2 udp 2122260223 192.0.2.7 50000 typ host",
        "a=candidate:1 1 udp x 192.0.2.7 50000 typ host",
    ],
)
def test_candidates_that_nobody_honest_has_are_left_out(line: str) -> None:
    assert kept(line, candidate("192.0.2.8")) == [candidate("192.0.2.8")]


@pytest.mark.parametrize(
    "host", ["192.0.2.7", "10.0.0.3", "fd00::1", "2001:db8::1", "a8d1.local", "127.0.0.1"]
)
def test_addresses_of_people_stay(host: str) -> None:
    assert kept(candidate(host)) == [candidate(host)]


@pytest.mark.parametrize("host", ["10.0.0.3", "192.168.1.9", "fd00::1", "fec0::1", "100.64.0.9"])
def test_private_addresses_can_be_left_out(host: str) -> None:
    assert kept(candidate(host), peers=PeerAddresses(private=False)) == []


def test_one_cable_is_for_servers_that_hang_on_one() -> None:
    assert kept(candidate("169.254.169.254")) == []
    line = candidate("169.254.1.1")
    assert kept(line, peers=PeerAddresses(link_local=True)) == [line]


@pytest.mark.parametrize(
    "host", ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "fe80::1%1"]
)
def test_addresses_within_addresses_are_left_out(host: str) -> None:
    assert kept(candidate(host), peers=PeerAddresses(private=False, loopback=False)) == []
    assert kept(candidate(host)) == []


def test_loopback_is_for_servers_that_are_there() -> None:
    assert kept(candidate("127.0.0.1"), peers=PeerAddresses(loopback=False)) == []


def test_more_candidates_than_a_browser_has_are_left_out_and_far_more_refused() -> None:
    many = [candidate(f"192.0.2.{number}") for number in range(40)]
    assert kept(*many) == many[:MAX_CANDIDATES]
    assert kept(*many[:9], *many[:9]) == many[:9] * 2  # the same in two sections is no more
    with pytest.raises(NegotiationError, match="a=candidate"):
        kept(*(candidate("192.0.2.7", 1024 + number) for number in range(65)))
    with pytest.raises(NegotiationError, match="longer than"):
        kept(*(candidate("192.0.2.7", 1024 + number) for number in range(600)))


def test_two_hundred_sections_are_refused() -> None:
    with pytest.raises(NegotiationError, match="media sections"):
        kept(*["m=video 9 UDP/TLS/RTP/SAVPF 96"] * 200)


@pytest.mark.parametrize(
    "line",
    [
        "a=ice-ufrag:" + "x" * 33,
        "a=ice-ufrag:abc",
        "a=ice-ufrag:four words in it",
        "a=ice-ufrag:abc\x00def",
        "a=ice-pwd:" + "x" * 21,
        "a=ice-pwd:" + "x" * 257,
        "a=mid:" + "0" * 33,
    ],
)
def test_credentials_of_a_kind_that_no_browser_has_are_refused(line: str) -> None:
    with pytest.raises(NegotiationError, match="wrong length or with odd characters or words"):
        kept(line)


def test_credentials_as_clients_have_them_stay() -> None:
    lines = ["a=ice-ufrag:8hhY", "a=ice-ufrag:" + "f" * 32, "a=ice-pwd:asd88fgpdd777uzjYhagZg"]
    assert kept(*lines) == lines


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (["a=ssrc:1 cname:x"] * 65, "a=ssrc"),
        (["a=ssrc-group:FID 1 2"] * 17, "a=ssrc-group"),
        (["a=rtpmap:96 VP8/90000"] * 129, "a=rtpmap"),
        (["a=fmtp:96 x=1"] * 129, "a=fmtp"),
        (["a=rtcp-fb:* nack"] * 513, "a=rtcp-fb"),
        (["a=x"] * 2001, "too many or too long lines"),
        (["a=" + "x" * 1100], "too many or too long lines"),
        (["a=" + "x" * 1000] * 40, "longer than 32 KiB"),
        (["a=" + "\u20ac" * 1000] * 12, "longer than 32 KiB"),
    ],
)
def test_more_than_a_browser_has_is_refused(lines: list[str], what: str) -> None:
    with pytest.raises(NegotiationError, match=what):
        kept(*lines)


def test_only_codecs_that_can_be_read_are_negotiated(offer_with_everything: str) -> None:
    answered = asyncio.run(answer(offer_with_everything))
    codecs = {line.split()[1] for line in answered.splitlines() if line.startswith("a=rtpmap")}
    assert codecs == {"opus/48000/2", "VP8/90000", "H264/90000", "rtx/90000"}


async def test_a_second_camera_is_declined(start_call: StartCall) -> None:
    call = start_call()
    await call.publisher.offer()
    pc = call.publisher._connection
    assert pc is not None
    pc.addTransceiver("video", direction="sendrecv")
    await pc.setLocalDescription(await pc.createOffer())
    answer = await call.peer.answer(str(pc.localDescription.sdp))
    sections = answer.split("m=")[1:]
    assert [section.split()[0] for section in sections] == ["video", "audio", "video"]
    directions = [
        word for section in sections for word in ("recvonly", "inactive") if f"a={word}" in section
    ]
    assert directions == ["recvonly", "recvonly", "inactive"]


@pytest.mark.parametrize("hosts", [1, 16])
async def test_hosts_that_a_caller_names_get_a_few_packets_at_most(
    start_call: StartCall, hosts: int
) -> None:
    """Sixteen sockets of ours stand for one host, or many, that never asked for anything."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(16)]
    for number, one in enumerate(sockets):
        one.bind((f"127.0.0.{2 + number % hosts}", 0))
        one.setblocking(False)
    call = start_call()
    offer = await call.publisher.offer()
    lines = [line for line in offer.splitlines() if not line.startswith("a=candidate")]
    named = [candidate(*one.getsockname()) for one in sockets]
    at = next(n for n, line in enumerate(lines) if line.startswith("m=")) + 1
    await call.peer.answer("\r\n".join([*lines[:at], *named, *lines[at:]]) + "\r\n")
    await asyncio.sleep(4.5)
    packets = [sum(1 for _ in iter(partial(received, one), b"")) for one in sockets]
    for one in sockets:
        one.close()
    assert 0 < sum(packets) <= min(checks.MOST_PACKETS, hosts * checks.MOST_TO_HOST)
    assert max(packets) <= 1 + checks.RETRANSMISSIONS


def received(one: socket.socket) -> bytes:
    """The next datagram that waits; none is empty."""
    try:
        return one.recv(2000)
    except BlockingIOError:
        return b""


@pytest.fixture
def offer_with_everything() -> str:
    """An offer as a browser's, with redundancy and codecs that cost memory we do not bound."""
    lines = []
    for line in asyncio.run(aiortc_offer()).splitlines():
        is_video = line.startswith("m=video")
        lines.append(line + " 45 46 47 48 49" if is_video else line)
        if is_video:
            lines += ["a=rtpmap:45 AV1/90000", "a=rtpmap:46 VP9/90000", "a=rtpmap:47 red/90000"]
            lines += ["a=rtpmap:48 ulpfec/90000", "a=rtpmap:49 flexfec-03/90000"]
    return "\r\n".join(lines) + "\r\n"


@pytest.mark.parametrize("size", [(8192, 8192), (16383, 16383), (4097, 16)])
async def test_video_that_is_too_large_is_told_and_never_decoded(
    start_call: StartCall, call_webm: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    """The frames of a small video claim to be huge; the sound of the call goes on."""
    claim_size(call_webm, tmp_path / "huge.webm", size)
    call = start_call(tmp_path / "huge.webm")
    await call.connect()
    items: list[MediaItem] = []
    async with asyncio.timeout(20):
        while not {"video", "audio"} <= {item.kind for item in items}:
            items += call.inbox.drain()
            await asyncio.sleep(0.05)
    gaps = [item.reason for item in items if isinstance(item, MediaGap)]
    assert gaps == ["frame_too_large"]
    assert not any(isinstance(item, VideoFrame) for item in items)
    stats = call.peer.stats.streams["video"]
    assert stats.frames == 0
    assert stats.refused["frame_too_large"] > 0
