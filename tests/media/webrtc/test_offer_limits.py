"""What is refused of an offer, and left out of it, before anything is done for it."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from stream_verifier.errors import NegotiationError
from stream_verifier.media.types import MediaGap, MediaItem, VideoFrame
from stream_verifier.media.webrtc.aiortc_patches import checks
from stream_verifier.media.webrtc.offers import MAX_CANDIDATES, PeerAddresses, plausible_offer
from tests.support.media import StartCall, claim_size

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
    ],
)
def test_candidates_that_nobody_honest_has_are_left_out(line: str) -> None:
    assert kept(line, candidate("192.0.2.8")) == [candidate("192.0.2.8")]


@pytest.mark.parametrize(
    "host", ["192.0.2.7", "10.0.0.3", "fd00::1", "2001:db8::1", "a8d1.local", "127.0.0.1"]
)
def test_addresses_of_people_stay(host: str) -> None:
    assert kept(candidate(host)) == [candidate(host)]


@pytest.mark.parametrize("host", ["10.0.0.3", "192.168.1.9", "fd00::1", "169.254.1.1"])
def test_private_addresses_can_be_left_out(host: str) -> None:
    assert kept(candidate(host), peers=PeerAddresses(private=False)) == []


def test_loopback_is_for_servers_that_are_there() -> None:
    assert kept(candidate("127.0.0.1"), peers=PeerAddresses(loopback=False)) == []


def test_more_candidates_than_a_browser_has_are_left_out_and_far_more_refused() -> None:
    many = [candidate(f"192.0.2.{number}") for number in range(40)]
    assert kept(*many) == many[:MAX_CANDIDATES]
    assert kept(*many[:9], *many[:9]) == many[:9] * 2  # the same in two sections is no more
    with pytest.raises(NegotiationError, match="too many candidates"):
        kept(*(candidate("192.0.2.7", 1024 + number) for number in range(600)))


def test_two_hundred_sections_are_refused() -> None:
    with pytest.raises(NegotiationError, match="media sections"):
        kept(*["m=video 9 UDP/TLS/RTP/SAVPF 96"] * 200)


def test_a_user_name_full_of_something_else_is_refused() -> None:
    with pytest.raises(NegotiationError, match="ICE user name"):
        kept("a=ice-ufrag:" + "x" * 200)


async def test_hosts_that_a_caller_names_get_a_few_packets_at_most(start_call: StartCall) -> None:
    """Sixteen sockets of ours stand for hosts that never asked for anything."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(16)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
    call = start_call()
    offer = await call.publisher.offer()
    lines = [line for line in offer.splitlines() if not line.startswith("a=candidate")]
    named = [candidate("127.0.0.1", one.getsockname()[1]) for one in sockets]
    at = next(n for n, line in enumerate(lines) if line.startswith("m=")) + 1
    await call.peer.answer("\r\n".join([*lines[:at], *named, *lines[at:]]) + "\r\n")
    await asyncio.sleep(4)
    packets = 0
    for one in sockets:
        while True:
            try:
                one.recv(2000)
            except BlockingIOError:
                break
            packets += 1
        one.close()
    assert 0 < packets <= checks.MOST_CHECKS * (1 + checks.RETRANSMISSIONS)


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
    assert stats.lost > 0
