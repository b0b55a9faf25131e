from __future__ import annotations

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor

from stream_verifier.media.webrtc.picture_numbers import PictureNumbers

BASE, ABOVE, ABOVE_ON_BASE = (0, 0), (1, 0), (1, 1)


def said(
    number: int | None, base: int | None = None, layer: tuple[int, int] | None = None
) -> bytes:
    return bytes(VpxPayloadDescriptor(1, 0, number, base, layer)) + b"\x10"


def short(number: int) -> bytes:
    return bytes([0x90, 0x80, number, 0x10])


def followed(*pictures: bytes, keys: tuple[int, ...] = (0,)) -> list[bool]:
    numbers = PictureNumbers()
    return [numbers.follow(one, keyframe=at in keys) for at, one in enumerate(pictures)]


@pytest.mark.parametrize(
    "pictures",
    [
        [said(None)] * 3,
        [said(32_766), said(32_767), said(0), said(1)],
        [short(126), short(127), short(0), short(1)],
        [said(7, 255, BASE), said(8, 255, ABOVE_ON_BASE), said(9, 0, BASE), said(10, 0, ABOVE)],
        [said(7, 255, BASE), said(9, 0, BASE), said(11, 0, ABOVE_ON_BASE), said(12, 0, ABOVE)],
    ],
)
def test_honest_numbers_follow(pictures: list[bytes]) -> None:
    assert all(followed(*pictures))


@pytest.mark.parametrize(
    "pictures",
    [
        [said(7), said(7)],
        [said(7), said(6)],
        [said(7), said(9)],
        [said(7), said(None)],
        [said(7), b""],
        [said(None), said(7)],
        [said(7, 1, BASE), said(8, 1, BASE)],
        [said(7, 1, BASE), said(8, 3, BASE)],
        [said(7, 1, BASE), said(6, 2, BASE)],
        [said(7, 1, BASE), said(8, 0, ABOVE_ON_BASE)],
        [said(7, 1, BASE), said(9, 1, ABOVE)],
        [said(7), said(8, 1, ABOVE)],
    ],
)
def test_what_players_leave_out_does_not_follow(pictures: list[bytes]) -> None:
    assert followed(*pictures) == [True, False]


def test_after_one_that_was_left_out_numbers_follow_from_it() -> None:
    assert followed(said(7), said(3), said(4), said(5)) == [True, False, True, True]


def test_a_key_frame_may_leave_numbers_out_and_not_go_back() -> None:
    pictures = [said(7), said(50), said(20), said(21), said(None), said(3)]
    assert followed(*pictures, keys=tuple(range(6))) == [True, True, False, True, True, True]
