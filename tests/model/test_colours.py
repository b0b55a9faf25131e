"""Sequences of colours, and which of them made-up light follows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.runtime.colours import COLOURS, Matcher, against, light_of_colours, sequences

CODES = np.array([0, 1, 2, 3, 1, 0, 3, 2])
TIMES_S = np.arange(-0.2, 9.2, 1 / 15)
RNG = np.random.default_rng(7)


def lit(codes: NDArray[np.intp], *, share: float, delay_s: float = 0.3) -> NDArray[np.float64]:
    """The chroma of white that is lit by a room, and by so much of the screen."""
    slot = np.clip((TIMES_S - delay_s).astype(int), 0, len(codes) - 1)
    light = 1.0 + share * light_of_colours()[codes[slot]]
    return np.asarray(np.log(light[:, [0, 2]] / light[:, [1]]))


def noise(size: float) -> NDArray[np.float64]:
    return np.asarray(RNG.normal(0, size, (len(TIMES_S), 2)))


def test_colours_have_one_luminance_and_none_is_red() -> None:
    light = light_of_colours()
    luminance = light @ [0.2126, 0.7152, 0.0722]
    assert np.ptp(luminance) < 0.05
    assert (light[:, 0] / light.sum(axis=1)).max() < 0.5  # a saturated red has 0.8
    coded = np.array([[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in COLOURS]) / 255
    assert ((coded + 0.055) / 1.055) ** 2.4 == pytest.approx(light, abs=0.01)


def test_no_sequence_has_a_colour_twice_in_a_row_and_none_is_missing() -> None:
    every = sequences(8)
    assert len(every) == 4 * 3**7 == len({tuple(row) for row in every.tolist()})
    assert (np.diff(every, axis=1) != 0).all()


@pytest.mark.parametrize("delay_s", [0.0, 0.3, 0.9])
def test_light_that_follows_is_first_of_all_with_its_delay_and_its_strength(delay_s: float) -> None:
    matcher = Matcher(TIMES_S, CODES, each_s=1.0)
    drift = np.linspace(0, 0.3, len(TIMES_S))[:, None] ** 2
    found = matcher.follows(lit(CODES, share=0.3, delay_s=delay_s) + drift + noise(0.01))
    assert found is not None
    assert (found.rank, found.of) == (1, 8748)
    assert found.delay_s == pytest.approx(delay_s, abs=0.21)
    assert found.gain == pytest.approx(0.35, abs=0.1)
    assert found.fit > 0.8


def test_light_of_another_sequence_follows_that_one() -> None:
    matcher = Matcher(TIMES_S, CODES, each_s=1.0)
    found = matcher.follows(lit(CODES[::-1], share=0.3) + noise(0.01))
    assert found is not None
    assert found.best > 0.8
    assert found.rank > 400


def test_what_knows_nothing_of_the_colours_is_among_the_best_as_often_as_chance_has_it() -> None:
    every, drawn = sequences(8), np.random.default_rng(1)
    walk = np.cumsum(noise(0.02), axis=0)
    ranks = []
    for _ in range(50):
        codes = every[drawn.integers(len(every))]
        found = Matcher(TIMES_S, codes, each_s=1.0).follows(walk)
        assert found is not None
        ranks.append(found.rank / found.of)
    assert 0.35 < np.mean(ranks) < 0.65
    assert np.mean(np.array(ranks) < 0.1) < 0.25


def test_light_that_comes_too_late_is_found_among_the_late_only() -> None:
    matcher = Matcher(TIMES_S, CODES, each_s=1.0)
    trace = lit(CODES, share=0.3, delay_s=2.0) + noise(0.01)
    found, late = matcher.follows(trace), matcher.follows(trace, late=True)
    assert found is not None
    assert late is not None
    assert found.rank > 17 >= late.rank


def test_what_face_and_background_share_drops_out_and_what_they_do_not_stays() -> None:
    own = lit(CODES, share=0.3)
    shared = np.sin(7 * TIMES_S)[:, None] * [0.3, 0.2]
    assert np.ptp(against(shared, shared), axis=0) == pytest.approx([0, 0], abs=1e-6)
    left = against(own + shared, shared)
    assert np.corrcoef((own + shared)[:, 0], own[:, 0])[0, 1] < 0.6
    assert np.corrcoef(left[:, 0], own[:, 0])[0, 1] > 0.95
    walk = np.cumsum(noise(0.1), axis=0)
    assert np.corrcoef(against(own, walk)[:, 0], own[:, 0])[0, 1] > 0.9


def test_how_far_a_background_goes_by_itself_says_how_unsure_its_gain_is() -> None:
    matcher = Matcher(TIMES_S, CODES, each_s=1.0)
    calm, moved = noise(0.002), np.cumsum(noise(0.05), axis=0)
    assert matcher.unsure(calm, 0.3) < 0.01 < 0.05 < matcher.unsure(moved, 0.3)


def test_with_few_pictures_nothing_is_said() -> None:
    times_s = np.arange(0, 8, 0.5)
    assert Matcher(times_s, CODES, each_s=1.0).follows(np.zeros((16, 2))) is None
