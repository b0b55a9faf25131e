from __future__ import annotations

import math

import pytest

from model.errors import PackError
from stream_verifier.simulation.fit import Fit, fit_evidence, log_loss, thin
from stream_verifier.simulation.replay import Played
from stream_verifier.verify.operating import EvidenceModel, Worth
from tests.support.simulated_calls import EVIDENCE, draw_calls, make_call, make_script

INFLATED = 5.0
LESS = 2.0


def fit(inflated: float) -> Fit:
    return fit_evidence(
        draw_calls(16, strength=1.5, inflated=inflated), EVIDENCE, seed=1, passes=200
    )


@pytest.fixture(scope="module")
def fitted() -> Fit:
    return fit(INFLATED)


@pytest.fixture(scope="module")
def calls() -> list[Played]:
    return draw_calls(16, strength=1.5, inflated=INFLATED)


def test_llrs_that_say_too_much_are_found_to_be_worth_less(fitted: Fit) -> None:
    found, other = fitted.evidence, fit(LESS).evidence
    # Pictures of a second count per_s, or first where that is less.
    ratio = min(other.face.per_s, other.face.first) / min(found.face.per_s, found.face.first)
    assert ratio == pytest.approx(INFLATED / LESS, rel=0.25)
    # Speech that overlaps with none before it counts first; a lower limit does part of it.
    assert found.voice.first < 0.75 * other.voice.first
    assert found.swap_every_s == pytest.approx(other.swap_every_s, rel=0.5)


def test_the_fit_is_no_worse_on_other_calls_than_what_they_were_drawn_from(fitted: Fit) -> None:
    drawn = Worth(first=1 / INFLATED, per_s=1 / INFLATED, limit=12.0)
    others = draw_calls(40, seed=2, strength=1.5, inflated=INFLATED)
    found = log_loss(others, fitted.evidence)
    best = log_loss(others, EvidenceModel(face=drawn, voice=drawn, swap_every_s=80.0))
    assert all(found[side] < best[side] + 0.03 for side in found)
    assert sum(fitted.after.values()) < sum(fitted.before.values())


def test_the_same_seed_gives_the_same_fit(calls: list[Played]) -> None:
    one, other = (
        fit_evidence(calls, EVIDENCE, seed=3, observations=600, passes=30) for _ in range(2)
    )
    assert one == other
    assert (one.calls, one.observations) == (10, 600)


def test_a_loss_is_in_bits_and_weighs_both_sides_alike() -> None:
    unsure = make_call(make_script("swap_both"), [(1e-9, 1e-9)] * 60)
    loss = log_loss([unsure], EVIDENCE)
    # The prior is at even odds for both together, a little better for each alone.
    assert loss["face"] == pytest.approx(1.0, abs=0.1)
    assert loss["voice"] == pytest.approx(1.0, abs=0.1)


def test_thinning_takes_conditions_and_kinds_by_turns(calls: list[Played]) -> None:
    chosen = thin(calls, 8 * 60, seed=1)
    groups = {(call.script.condition, call.script.kind) for call in chosen}
    assert len(chosen) == len(groups) == 8


def test_calls_without_impostors_cannot_be_fitted_to() -> None:
    calls = [make_call(make_script(), [(3.0, 3.0)] * 9)]
    assert math.isnan(log_loss(calls, EVIDENCE)["face"])
    with pytest.raises(PackError, match="impostor"):
        fit_evidence(calls, EVIDENCE, seed=1)
