from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from aiortc.rtp import HeaderExtensions, RtpPacket

from stream_verifier.media.encode import write_webm
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.types import VideoFrame
from stream_verifier.media.webrtc.aiortc_patches.turns import Turns
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.peer import Peer
from tests.support.media import sweep
from tests.support.turning_publisher import URI, TurningPublisher


@pytest.fixture
def corner(tmp_path: Path) -> Path:
    """A film of a dark picture, 128 wide and 64 high, that is bright in its upper left corner."""
    picture = np.full((64, 128, 3), 30, np.uint8)
    picture[:32, :32] = 220
    path = tmp_path / "corner.webm"
    write_webm(path, [picture] * 50, sweep(2.0), fps=25, size=(128, 64))
    return path


async def seen(path: Path, *, quarters: int, turned: bool) -> tuple[str, np.ndarray]:
    """The answer, and a picture as it is looked at."""
    inbox = MediaInbox()
    publisher = TurningPublisher(path, quarters=quarters, loop=True, host_addresses=LOOPBACK)
    offer = await publisher.offer()
    assert URI in offer
    peer = Peer(inbox=inbox, offer_sdp=offer, host_addresses=LOOPBACK, turned=turned)
    try:
        answer = await peer.start()
        await publisher.accept(answer)
        async with asyncio.timeout(20):
            while True:
                for item in inbox.drain():
                    if isinstance(item, VideoFrame):
                        return answer, item.image
                await asyncio.sleep(0.02)
    finally:
        await peer.close()
        await publisher.close()


def bright_corner(image: np.ndarray) -> tuple[str, str]:
    height, width = image.shape[:2]
    down, across = np.unravel_index(np.argmax(_blurred(image)), (height, width))
    return ("top" if down < height / 2 else "bottom", "left" if across < width / 2 else "right")


def _blurred(image: np.ndarray) -> np.ndarray:
    grey = image.mean(axis=2)
    return np.asarray(grey + np.roll(grey, 4, axis=0) + np.roll(grey, 4, axis=1))


@pytest.mark.parametrize(
    ("quarters", "shape", "corner_at"),
    [(1, (128, 64), ("top", "right")), (2, (64, 128), ("bottom", "right"))],
)
async def test_where_others_see_pictures_turned_they_are_looked_at_so(
    corner: Path, quarters: int, shape: tuple[int, int], corner_at: tuple[str, str]
) -> None:
    answer, image = await seen(corner, quarters=quarters, turned=True)
    assert URI in answer
    assert image.shape[:2] == shape
    assert bright_corner(image) == corner_at


async def test_else_senders_turn_them_and_what_packets_say_counts_for_nothing(
    corner: Path,
) -> None:
    answer, image = await seen(corner, quarters=1, turned=False)
    assert URI not in answer
    assert image.shape[:2] == (64, 128)
    assert bright_corner(image) == ("top", "left")


def packet(
    timestamp: int, quarters: int | None = None, *, number: int = 0, payload: bytes = b"x"
) -> RtpPacket:
    one = RtpPacket(timestamp=timestamp, sequence_number=number, payload=payload)
    one.extensions = HeaderExtensions()
    if quarters is not None:
        one.extensions.video_orientation = quarters  # type: ignore[attr-defined]
    return one


def test_a_turn_is_of_its_picture_alone_as_browsers_have_it() -> None:
    turns = Turns()
    for timestamp, quarters in ((10, 1), (20, None), (30, 3), (40, None)):
        turns.note(packet(timestamp, quarters))
    for timestamp in (10, 20, 30, 40):
        turns.date(timestamp, 100 + timestamp)
    assert [turns.at(100 + at) for at in (10, 20, 30, 40)] == [1, 0, 3, 0]


def test_the_last_packet_of_a_picture_says_its_turn_whenever_it_comes() -> None:
    turns = Turns()
    turns.note(packet(10, 1, number=65_535))
    turns.note(packet(10, 2, number=1))
    turns.note(packet(10, 3, number=0))
    turns.note(packet(10, 3, number=2, payload=b""))
    turns.note(packet(20, 1, number=3))
    turns.note(packet(20, None, number=4))
    for timestamp in (10, 20):
        turns.date(timestamp, timestamp)
    assert [turns.at(10), turns.at(20)] == [2, 0]


def test_pictures_that_never_come_are_not_remembered_for_ever() -> None:
    turns = Turns()
    for timestamp in range(1000):
        turns.note(packet(timestamp, 1))
    assert len(turns._said) <= 64
