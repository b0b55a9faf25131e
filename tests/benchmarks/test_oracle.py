"""The quick half of ``python -m benchmarks.oracle``, with a made-up template and strangers."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.oracle.attackers import MOST_LLR, Strangers, Vector, by_cosine
from benchmarks.oracle.page import ATTACKS, COMPARED, MOST_COSINE
from benchmarks.oracle.server import Probe, Server
from model.runtime.comparator import FusedNetwork, load_comparator
from model.runtime.weights import Weights
from model.types import Reference
from stream_verifier.events.audience import Audience
from stream_verifier.verify.operating import DecisionModel

QUESTIONS = 400
GIVEN = {"face": 0.35, "voice": 0.5}


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights.load()


@pytest.fixture(scope="module")
def comparator(weights: Weights) -> FusedNetwork:
    return load_comparator(weights)


def unit(vector: Vector) -> Vector:
    return np.asarray(vector / np.linalg.norm(vector), np.float64)


def made_up(comparator: FusedNetwork, side: str) -> tuple[Probe, Strangers]:
    rng = np.random.default_rng(7)
    face, voice = (unit(rng.normal(size=size)) for size in (128, 192))
    reference = Reference("m", face.astype(np.float32), voice.astype(np.float32), 5, 15.0)
    target = face if side == "face" else voice
    others = np.stack([unit(rng.normal(size=len(target))) for _ in range(300)])
    aside = unit(others[0] - (others[0] @ target) * target)
    given = GIVEN[side]
    nearest = given * target + np.sqrt(1 - given**2) * aside
    return Probe(comparator, reference, side), Strangers(others, nearest)


def server(probe: Probe, weights: Weights, audience: Audience, *, bounded: bool = True) -> Server:
    return Server(probe, DecisionModel.load(weights), "alarm_8h", audience, bounded=bounded)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("side", GIVEN)
def test_no_attack_comes_near_the_template(
    comparator: FusedNetwork, weights: Weights, side: str, attack: str
) -> None:
    probe, strangers = made_up(comparator, side)
    told = server(probe, weights, Audience.ANALYST)
    loot = ATTACKS[attack](told, probe, strangers, QUESTIONS, np.random.default_rng(1))
    assert loot.learnt < MOST_COSINE
    assert loot.llr <= MOST_LLR
    assert loot.refusals <= 3
    assert not loot.verified


def test_the_same_attack_succeeds_where_each_verdict_is_told(
    comparator: FusedNetwork, weights: Weights
) -> None:
    probe, strangers = made_up(comparator, "face")
    told = server(probe, weights, Audience.READER, bounded=False)
    loot = ATTACKS[COMPARED](told, probe, strangers, 2_000, np.random.default_rng(1))
    assert loot.learnt > MOST_COSINE
    assert loot.refusals > 20


def test_exact_cosines_gave_the_template_away(comparator: FusedNetwork) -> None:
    probe, strangers = made_up(comparator, "face")
    assert by_cosine(probe, strangers, 300, np.random.default_rng(1)) > 0.9
