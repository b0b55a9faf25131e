from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.media.limits import Budget, MediaLimits
from stream_verifier.media.refusals import Refusals
from stream_verifier.media.webrtc import frame_gate
from stream_verifier.media.webrtc.frame_gate import FrameGate
from stream_verifier.media.webrtc.opus import duration_s, said_again_s


def vp8_key(width: int, height: int) -> bytes:
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    return b"\x10\x00\x00\x9d\x01\x2a" + size + bytes(20)


DELTA = b"\x11" + bytes(20)


def test_a_budget_saves_up_for_so_long_and_no_longer() -> None:
    budget = Budget(10, burst_s=2)
    assert all(budget.take(1, 0.0) for _ in range(20))
    assert not budget.take(1, 0.0)
    assert budget.take(1, 0.1)
    assert not budget.take(1, 0.1)
    assert budget.take(20, 100.0)
    assert not budget.take(1, 100.0)


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 30)), max_size=50))
def test_no_more_is_spent_than_came_in(steps: list[tuple[float, float]]) -> None:
    budget, now_s, spent = Budget(10, burst_s=2), 0.0, 0.0
    for wait_s, amount in steps:
        now_s += wait_s
        spent += amount if budget.take(amount, now_s) else 0
    assert spent <= 20 + 10 * now_s + 1e-6


def test_a_clock_that_jumps_back_gives_nothing() -> None:
    budget = Budget(10, burst_s=1)
    assert budget.take(10, 5.0)
    assert not budget.take(1, 1.0)
    assert not budget.take(1, 1.0)


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        ((1920, 1080), True),
        ((1080, 1920), True),
        ((1920, 1081), False),
        ((4096, 506), True),
        ((4097, 16), False),
        ((16, 4097), False),
        ((8192, 8192), False),
    ],
)
def test_pictures_fit_either_way_round(size: tuple[int, int], fits: bool) -> None:
    assert MediaLimits().fits(*size) is fits
    reason = FrameGate(MediaLimits()).refusal("VP8", vp8_key(*size), 0.0)
    assert reason == (None if fits else frame_gate.TOO_LARGE)


def test_each_change_of_size_is_looked_at_and_decoding_is_held_to_it() -> None:
    gate = FrameGate(MediaLimits())
    assert gate.refusal("VP8", vp8_key(640, 480), 0.0) is None
    assert gate.announced(640, 480)
    assert not gate.announced(641, 480)
    assert gate.refusal("VP8", vp8_key(8192, 8192), 0.1) == frame_gate.TOO_LARGE
    assert not gate.announced(8192, 8192)
    assert gate.refusal("VP8", vp8_key(1280, 720), 0.2) is None
    # Decoding lags behind, so that pictures of the size before still come.
    assert gate.announced(640, 480)
    assert gate.announced(1280, 720)


def test_more_pictures_a_second_than_agreed_are_not_decoded() -> None:
    gate = FrameGate(MediaLimits(frames_per_s=30))
    frames = itertools.chain([vp8_key(64, 48)], itertools.repeat(DELTA, 599))
    reasons = [gate.refusal("VP8", data, number / 300) for number, data in enumerate(frames)]
    taken = sum(reason is None for reason in reasons)
    assert 30 * 3 + 30 <= taken <= 30 * 5 + 1
    assert set(reasons) == {None, frame_gate.TOO_MANY}


def test_large_pictures_are_counted_by_their_pixels() -> None:
    gate = FrameGate(MediaLimits(frame_pixels=10_000, pixels_per_s=100_000, frames_per_s=1000))
    taken = [gate.refusal("VP8", vp8_key(100, 100), 0.0) for _ in range(100)]
    assert taken.count(None) == 30


def test_pictures_that_not_everybody_shows_are_not_decoded() -> None:
    gate = FrameGate(MediaLimits())
    slice_ = b"\x00\x00\x01\x41\x9a\x00"
    assert gate.refusal("H264", slice_ * 2, 0.0) == frame_gate.GARBLED
    assert gate.refusal("H264", slice_, 0.0) is None
    assert gate.refusal("VP8", b"\x01" + DELTA[1:], 0.0) == frame_gate.GARBLED


@pytest.mark.parametrize(
    ("packet", "milliseconds"),
    [
        (b"\x78", 20.0),  # what browsers send: CELT, 20 ms, one frame
        (b"\x80", 2.5),
        (b"\x18", 60.0),
        (b"\x79", 40.0),
        (b"\x7b\x06", 120.0),
        (b"\x68", 20.0),
        (b"\x83\x30", 120.0),
    ],
)
def test_sound_says_how_long_it_is(packet: bytes, milliseconds: float) -> None:
    assert duration_s(packet) * 1000 == pytest.approx(milliseconds)


@pytest.mark.parametrize(
    ("packet", "seconds"),
    [
        (b"\xf8\xff\xff", 0.0),  # CELT says nothing again
        (b"\x08\x80", 0.0),  # spoken, and nothing before
        (b"\x08\x40", 0.02),
        (b"\x00\x40", 0.01),
        (b"\x18\x10", 0.06),
        (b"\x18\xe0", 0.0),
        (b"\x68\x40", 0.02),  # hybrid
        (b"\x0c\x10", 0.02),  # on the second of two channels
        (b"\x0c\xa0", 0.0),
        (b"\x0a\x01\x40\x00", 0.02),  # two frames, the length of the first before them
        (b"\x0b\xc2\x02\x01\x40\x00\x00\x00", 0.02),  # padded, with lengths
        (b"\x0b\x41\x01\x40\x00", 0.02),
        (b"\x08", 0.0),
        (b"\x0b\x41\xff", 0.0),
    ],
)
def test_a_packet_says_whether_it_says_again_what_was_before(packet: bytes, seconds: float) -> None:
    assert said_again_s(packet) == pytest.approx(seconds)


@pytest.mark.parametrize("packet", [b"", b"\x7b", b"\x7b\x00", b"\x7b\x07", b"\x1b\x03"])
def test_sound_of_a_length_that_there_is_not_is_none(packet: bytes) -> None:
    with pytest.raises(ValueError, match="Opus"):
        duration_s(packet)


def test_refusals_amid_what_is_taken_are_told_each_second() -> None:
    """What is taken may be shown to the server alone."""
    told: list[float] = []
    now = [0.0]
    refusals = Refusals(lambda *_: told.append(now[0]))
    for step in range(31):
        now[0] = step / 10
        refusals.look("video", {"frame_too_large": 1 + step}, now[0], taken=step)
    assert told == pytest.approx([0.0, 1.0, 2.0, 3.0])


def test_a_stretch_of_refusals_is_told_once_and_again_after_a_calm() -> None:
    told: list[tuple[str, str]] = []
    refusals = Refusals(lambda kind, reason: told.append((kind, reason)))
    for step in range(100):
        refusals.look("video", {"frame_too_large": step, "stranger": step}, step / 10, taken=7)
    assert told == [("video", "frame_too_large")]
    refusals.look("video", {"frame_too_large": 100}, 30.0, taken=7)
    refusals.look("audio", {"too_much_sound": 1}, 30.0, taken=0)
    assert told[1:] == [("video", "frame_too_large"), ("audio", "too_much_sound")]
