"""What vectors of pictures and sounds say together; the network that makes them is elsewhere."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from model.errors import ModelError, WeightsError
from model.runtime.lips import (
    MAX_SHIFT,
    SHIFTS,
    SIZE,
    Agreement,
    LipCalibration,
    read_calibration,
)
from model.types import Vector


def _vectors(steps: int, seed: int = 1) -> Vector:
    return np.random.default_rng(seed).standard_normal((steps, SIZE)).astype(np.float32)


def _late(vectors: Vector, steps: int) -> Vector:
    """The same, each that many steps later; what comes from elsewhere says nothing."""
    moved = np.zeros_like(vectors)
    source = slice(max(0, -steps), len(vectors) - max(0, steps))
    moved[max(0, steps) : len(vectors) + min(0, steps)] = vectors[source]
    return moved


@pytest.mark.parametrize("late", [-6, -2, 0, 1, 6])
def test_the_offset_says_by_how_much_the_sound_is_late(late: int) -> None:
    picture = _vectors(75)
    found = Agreement.of(picture, _late(picture, late))
    assert found.offset() == late
    assert found.lead(late) > 6
    assert abs(found.lead(0 if late else 3)) < 1
    clear = found.clearness(noise=1.0)
    assert np.argmax(clear) == late + 6
    assert clear[late + 6] > 8 > 3 > np.delete(clear, late + 6).max()


def test_an_offset_beyond_what_devices_have_is_not_looked_for() -> None:
    picture = _vectors(75)
    found = Agreement.of(picture, _late(picture, 10))
    assert abs(found.offset()) <= 6
    assert found.lead(found.offset()) < 1


def test_each_total_is_of_the_moments_that_have_a_partner() -> None:
    picture, sound = _vectors(30), _vectors(30, 2)
    found = Agreement.of(picture, sound)
    for place, shift in enumerate(SHIFTS):
        moments = [t for t in range(30) if 0 <= t + shift < 30]
        expected = sum(float(picture[t] @ sound[t + shift]) for t in moments) / SIZE**0.5
        assert found.totals[place] == pytest.approx(expected, abs=1e-4)
        assert found.counts[place] == len(moments)


def test_only_sound_that_is_speech_counts() -> None:
    picture, sound = _vectors(50), _vectors(50, 2)
    speech = np.zeros(50, np.bool_)
    speech[10:30] = True
    found = Agreement.of(picture, sound, speech)
    assert found.seconds == pytest.approx(0.8)
    assert found.counts[MAX_SHIFT + 20] == 10  # sound from step 20 on has a picture 20 before
    expected = float((picture[10:30] * sound[10:30]).sum()) / SIZE**0.5
    assert found.totals[MAX_SHIFT] == pytest.approx(expected, abs=1e-4)
    assert Agreement.of(picture, sound, np.zeros(50, np.bool_)).lead(0) == 0


def test_agreement_adds_up_over_a_call() -> None:
    parts = [Agreement.of(_vectors(25, k), _vectors(25, k)) for k in range(3)]
    total = sum(parts, Agreement.nothing())
    assert total.seconds == pytest.approx(3)
    mean = np.mean([part.means()[MAX_SHIFT] for part in parts])
    assert total.means()[MAX_SHIFT] == pytest.approx(mean)


def test_a_mouth_that_stands_still_agrees_with_nothing() -> None:
    still = np.tile(_vectors(1), (75, 1))
    found = Agreement.of(still, _vectors(75, 2))
    assert abs(found.lead(0)) < 0.5


def test_picture_and_sound_must_be_of_the_same_time() -> None:
    with pytest.raises(ModelError, match="must be as long"):
        Agreement.of(_vectors(25), _vectors(24))


CALIBRATION = LipCalibration(noise=1.0, spread=1.0, clear=2.0, limit=100.0)


def test_how_loud_products_are_says_nothing() -> None:
    picture, noise = _vectors(75), _vectors(75, 2)
    loud = Agreement.of(picture, picture + 2 * noise)
    soft = Agreement.of(0.3 * picture, 0.3 * (picture + 2 * noise))
    np.testing.assert_allclose(
        loud.clearness(noise=1.0), soft.clearness(noise=0.09), rtol=1e-6, atol=1e-6
    )


def test_with_little_speech_the_noise_of_others_counts() -> None:
    short = Agreement.of(_vectors(25), _vectors(25))
    assert (np.abs(short.clearness(noise=9.0)) < np.abs(short.clearness(noise=1.0))).all()


def test_the_llr_grows_with_speech_up_to_what_the_data_can_show() -> None:
    part = Agreement.of(_vectors(50), _vectors(50) + 3 * _vectors(50, 2))
    found = [CALIBRATION.llr(Agreement(n * part.totals, n * part.counts), 0) for n in (1, 2, 4)]
    assert 0 < found[0] < found[1] < found[2]
    assert CALIBRATION.llr(Agreement.nothing(), 0) == pytest.approx(0)
    assert LipCalibration(1.0, 1.0, 2.0, limit=1.5).llr(part, 0) == 1.5


def test_speech_that_does_not_fit_speaks_against_it_the_more_the_longer_it_lasts() -> None:
    other = Agreement.of(_vectors(100), _vectors(100, 2))
    found = [CALIBRATION.llr(Agreement(n * other.totals, n * other.counts)) for n in (1, 2, 8)]
    assert 0 > found[0] > found[1] > found[2]


def test_an_unknown_offset_costs_what_not_knowing_it_is_worth() -> None:
    picture = _vectors(75)
    late = Agreement.of(picture, _late(picture, 4))
    known = CALIBRATION.llr(late, 4)
    assert known > 15
    assert CALIBRATION.llr(late) == pytest.approx(known - math.log(13), abs=0.01)
    assert CALIBRATION.llr(late, 0) < 0  # the same, if the sound is known not to be late
    assert CALIBRATION.llr(Agreement.nothing()) == pytest.approx(0)


@pytest.mark.parametrize("steps", [1, 2, 19, 20, 21])
def test_a_short_stretch_has_few_shifts(steps: int) -> None:
    found = Agreement.of(_vectors(steps), _vectors(steps))
    assert np.count_nonzero(found.counts) == min(2 * steps - 1, len(SHIFTS))
    assert np.isfinite(CALIBRATION.llr(found))


def test_a_calibration_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "lips.json"
    whole = {"format": 1, "noise": 0.7, "spread": 1.1, "clear": 2.0, "limit": 6.0}
    path.write_text(json.dumps(whole))
    assert read_calibration(path) == LipCalibration(0.7, 1.1, 2.0, 6.0)
    garbled: list[object] = [{**whole, "format": 2}, {"format": 1}, []]
    for broken in garbled:
        path.write_text(json.dumps(broken))
        with pytest.raises(WeightsError, match="no calibration of lips"):
            read_calibration(path)


@pytest.mark.parametrize(("late", "elsewhere"), [(0, False), (6, False), (-9, True), (10, True)])
def test_sound_that_fits_at_a_moment_that_no_device_explains_is_told(
    late: int, elsewhere: bool
) -> None:
    picture = _vectors(75)
    found = Agreement.of(picture, _late(picture, late)).elsewhere(noise=1.0)
    assert (found > 5) is elsewhere
    assert elsewhere or found < -5


def test_where_there_is_nothing_sound_fits_nowhere_else() -> None:
    assert Agreement.nothing().elsewhere(noise=1.0) == 0.0
