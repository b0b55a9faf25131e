from __future__ import annotations

import numpy as np

from model.types import Vector
from stream_verifier.verify.strangers import Strangers


def person(number: int, *, blur: float = 0.0, seed: int = 0) -> Vector:
    vector = np.zeros(128, np.float32)
    vector[number] = 9.0
    noise = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    return vector + 9.0 * blur * noise / np.linalg.norm(noise)


def test_one_person_is_one_however_often_and_however_seen() -> None:
    met = Strangers(most=1)
    for seed in range(200):
        met.add(person(0, blur=1.0, seed=seed), float(seed))
    assert not met.too_many


def test_more_different_people_than_may_be_are_too_many() -> None:
    met = Strangers(most=3)
    for number in range(3):
        met.add(person(number), float(number))
        met.add(person(number, blur=0.3), float(number))
    assert not met.too_many
    met.add(person(3), 4.0)
    assert met.too_many


def test_who_was_not_met_for_long_and_who_came_before_a_verdict_do_not_count() -> None:
    met = Strangers(most=2)
    met.add(person(0), 0.0)
    met.add(person(1), 500.0)
    met.add(person(2), 700.0)
    assert not met.too_many
    met.forget()
    for number in (3, 4):
        met.add(person(number), 701.0)
    assert not met.too_many
