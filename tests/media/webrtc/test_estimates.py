from __future__ import annotations

from typing import Any

import pytest
from aiortc.rate import RemoteBitrateEstimator

from stream_verifier.media.webrtc.aiortc_patches.estimates import (
    EVERY_MS,
    WINDOW_MS,
    SpacedEstimates,
)


class Made:
    """An estimator that has something to say of every packet."""

    def __init__(self, bps: int) -> None:
        self.bps = bps
        self.seen: list[dict[str, Any]] = []

    def add(self, **packet: Any) -> tuple[int, list[int]]:
        self.seen.append(packet)
        return self.bps, [9]


def told(estimates: SpacedEstimates, at_ms: int) -> tuple[int, list[int]] | None:
    return estimates.add(arrival_time_ms=at_ms, abs_send_time=1, payload_size=1000, ssrc=9)


def test_the_same_again_is_told_five_times_a_second() -> None:
    made: Any = Made(500_000)
    estimates = SpacedEstimates(made)
    answers = [told(estimates, at_ms) for at_ms in range(0, 1000, 10)]
    assert [n for n, answer in enumerate(answers) if answer] == [0, 20, 40, 60, 80]
    assert len(made.seen) == 100
    assert made.seen[3] == {
        "arrival_time_ms": 30, "abs_send_time": 1, "payload_size": 1000, "ssrc": 9
    }  # fmt: skip


def test_less_is_told_at_once_and_more_is_not() -> None:
    made: Any = Made(500_000)
    estimates = SpacedEstimates(made)
    assert told(estimates, 0) == (500_000, [9])
    made.bps = 490_000
    assert told(estimates, 5) is None
    made.bps = 400_000
    assert told(estimates, 10) == (400_000, [9])
    made.bps = 450_000
    assert told(estimates, 15) is None
    assert told(estimates, 10 + EVERY_MS) == (450_000, [9])


def test_a_clock_that_goes_back_silences_nothing() -> None:
    made: Any = Made(500_000)
    estimates = SpacedEstimates(made)
    assert told(estimates, 10_000)
    assert told(estimates, 5_000)


def test_a_queue_that_grows_is_told_of_by_less_and_seldom() -> None:
    """The real estimator, while every packet comes 5 ms later than the one before should."""
    alone, estimates = RemoteBitrateEstimator(), SpacedEstimates(RemoteBitrateEstimator())
    every, spaced = [], []
    for number in range(600):
        sent_s, arrival_ms = number * 0.01, 10 * number + 5 * max(0, number - 200)
        packet = {
            "abs_send_time": round(sent_s * 2**18) & 0xFFFFFF, "payload_size": 1100, "ssrc": 9
        }  # fmt: skip
        every.append(alone.add(arrival_time_ms=arrival_ms, **packet))
        spaced.append(estimates.add(arrival_time_ms=arrival_ms, **packet))
    heard, kept = [e[0] for e in every if e], [s[0] for s in spaced if s]
    assert len(kept) < len(heard) / 2
    assert abs(kept[-1] - heard[-1]) <= 0.05 * heard[-1]


def test_an_hour_without_pictures_is_not_counted_by_the_millisecond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """aiortc does, on the event loop: 1.2 s for an hour, half a minute for a day."""
    estimator = RemoteBitrateEstimator()
    estimates = SpacedEstimates(estimator)
    heard = [told(estimates, at_ms) for at_ms in (0, 900, 1_800)]
    erased: list[int] = []
    erase = estimator.incoming_bitrate._erase_old

    def counted(now_ms: int) -> None:
        origin_ms = estimator.incoming_bitrate._origin_ms
        erased.append(now_ms - (now_ms if origin_ms is None else origin_ms))
        erase(now_ms)

    monkeypatch.setattr(estimator.incoming_bitrate, "_erase_old", counted)
    heard += [told(estimates, 3_600_000 + at_ms) for at_ms in (0, 500, 1_100)]
    assert len(erased) > 2
    assert max(erased) <= 2 * WINDOW_MS
    assert len(heard) == 6
