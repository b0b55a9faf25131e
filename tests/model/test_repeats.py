from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import ModelError
from model.runtime.mouth import RATE_HZ
from model.runtime.repeats import RepeatFinder

RNG = np.random.default_rng
Floats = NDArray[np.float64]


def _life(seconds: float, seed: int) -> Floats:
    """Something that moves as it will, smooth over a quarter of a second."""
    steps = round(seconds * RATE_HZ)
    raw = RNG(seed).standard_normal((steps + 20, 6))
    smooth = np.stack([np.convolve(raw[:, k], np.hanning(9) / 2, "same") for k in range(6)], axis=1)
    return np.asarray(smooth[10 : 10 + steps])


def _found(series: Floats) -> RepeatFinder:
    finder = RepeatFinder(6)
    for numbers in series:
        finder.push(numbers)
    return finder


def test_a_loop_is_found_with_its_length_through_noise_and_drift() -> None:
    loop = np.tile(_life(4.0, 1), (3, 1))
    spoiled = loop + 0.1 * RNG(2).standard_normal(loop.shape)
    spoiled += np.linspace(0, 30, len(loop))[:, None]  # it slides across the picture
    repeat = _found(spoiled).find()
    assert repeat is not None
    assert repeat.lag_s in (pytest.approx(4.0), pytest.approx(8.0))
    assert repeat.likeness > 0.9
    assert repeat.motion == pytest.approx(float(loop.std()), rel=0.3)


def test_life_does_not_repeat_itself() -> None:
    repeat = _found(_life(40.0, 3)).find()
    assert repeat is not None
    assert repeat.likeness < 0.6


def test_drift_alone_is_no_repeat() -> None:
    steps = np.arange(300)[:, None] * np.ones(6)
    repeat = _found(0.5 * steps + 0.1 * RNG(4).standard_normal((300, 6))).find()
    assert repeat is not None
    assert repeat.likeness < 0.5
    assert repeat.motion < 0.2


def test_it_waits_for_enough_and_forgets_the_rest() -> None:
    series = np.tile(_life(4.0, 1), (2, 1))
    finder = RepeatFinder(6)
    for number, values in enumerate(series[:75]):
        assert finder.find() is None, number
        finder.push(values)
    assert finder.find() is not None
    finder.forget()
    assert finder.find() is None
    short = RepeatFinder(6, memory_s=2.0)
    for values in series:
        short.push(values)
    repeat = short.find()
    assert repeat is not None
    assert repeat.lag_s <= 2.0
    with pytest.raises(ModelError, match="6 numbers"):
        finder.push(np.zeros(5))


def test_however_long_it_runs_only_the_last_of_it_counts() -> None:
    series = _life(30.0, 6)
    long, fresh = RepeatFinder(6, memory_s=4.0), RepeatFinder(6, memory_s=4.0)
    for values in series:
        long.push(values)
    for values in series[-round(6.0 * RATE_HZ) :]:
        fresh.push(values)
    found, expected = long.find(), fresh.find()
    assert found is not None
    assert expected is not None
    assert found == expected


def test_the_likeness_is_that_of_the_definition() -> None:
    series = _life(6.0, 5)
    repeat = _found(series).find()
    assert repeat is not None
    basis = np.stack([np.ones(50), np.linspace(-1, 1, 50)], axis=1)

    def still(part: Floats) -> Floats:
        return np.asarray(part - basis @ np.linalg.lstsq(basis, part, rcond=None)[0])

    newest, best = still(series[-50:]), -1.0
    for start in range(len(series) - 50 - 25 + 1):
        other = still(series[start : start + 50])
        best = max(best, 2 * (newest * other).sum() / ((newest**2).sum() + (other**2).sum()))
    assert repeat.likeness == pytest.approx(best)
