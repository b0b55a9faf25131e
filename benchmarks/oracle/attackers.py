"""Attackers, each with the same number of questions: each gives its best guess of the template."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.oracle.server import Probe, Server

Vectors = NDArray[np.float64]
Vector = NDArray[np.float64]
Random = np.random.Generator
_RIDGE = 1e-2
_GRANTED = 400
MOST_LLR = 2.0
"""Nobody may climb beyond it."""


@dataclass(frozen=True, slots=True)
class Strangers:
    """Whom an attacker can show.

    Attributes:
        all: unit vectors, shape (n, size).
        nearest: one of them, whom it is told to be the nearest to begin with.
    """

    all: Vectors
    nearest: Vector

    @classmethod
    def met(cls, probe: Probe, vectors: Vectors, most: int, rng: Random) -> Strangers:
        """The nearest by the comparator's LLR, short of a mistake, of so many drawn by chance."""
        drawn = vectors[rng.permutation(len(vectors))[:most]]
        llrs = np.array([probe.llr(one.astype(np.float32)) for one in drawn])
        return cls(vectors, drawn[int(np.argmax(np.where(llrs < MOST_LLR, llrs, -np.inf)))])


@dataclass(frozen=True, slots=True)
class Loot:
    """What an attacker came to.

    Attributes:
        given: cosine with the template of what it was given to begin with.
        cosine: of its guess with the template.
        llr: of the best vector that it found or guessed.
        answered: windows that were answered.
    """

    given: float
    cosine: float
    llr: float
    answered: int


Attack: TypeAlias = "Callable[[Server, Probe, Strangers, int, Random], Loot]"


def least_squares(
    server: Server, probe: Probe, strangers: Strangers, questions: int, rng: Random
) -> Loot:
    """Ask for strangers, then for vectors drawn by chance, and fit a line to the answers."""
    asked, answers = [], []
    order = rng.permutation(len(strangers.all))
    for number in range(questions):
        known = number < len(order)
        vector = (
            strangers.all[order[number]]
            if known
            else _unit(rng.normal(size=strangers.all.shape[1]))
        )
        answer = server.ask(vector.astype(np.float32))
        if answer is None:
            continue
        asked.append(vector)
        answers.append(answer.level)
        if answer.bar < 0:
            server.hang_up()
    return _loot(server, probe, None, [_fitted(np.array(asked), np.array(answers))])


def boundary_walk(share: float) -> Attack:
    """Stand beside the edge and ask on all sides.

    From where it stands, this share of its questions crosses the edge; where that is, it is told
    for nothing.
    """

    def walk(
        server: Server, probe: Probe, strangers: Strangers, questions: int, rng: Random
    ) -> Loot:
        start = _edge(probe, strangers, share, rng)
        steps, answers = [], []
        for _ in range(questions):
            step = _unit(rng.normal(size=len(start)))
            answer = server.ask(_unit(start + step).astype(np.float32))
            if answer is None:
                continue
            steps.append(step)
            answers.append(answer.level)
            if answer.bar < 0:
                server.hang_up()
        levels = np.array(answers)
        pull = (levels - levels.mean()) @ np.array(steps) if steps else np.zeros(len(start))
        pull = pull / max(float(np.linalg.norm(pull)), 1e-12)
        guesses = [pull, *(_unit(start) + by * pull for by in (0.25, 0.5, 1, 2))]
        return _loot(server, probe, strangers.nearest, guesses)

    return walk


def climb(server: Server, probe: Probe, strangers: Strangers, questions: int, rng: Random) -> Loot:
    """Take every step whose answer is no worse, starting from the nearest stranger."""
    at, level = strangers.nearest, 0.0
    for number in range(questions):
        step = _unit(rng.normal(size=len(at))) * (0.5 if number % 2 else 0.2)
        tried = _unit(at + step)
        answer = server.ask(tried.astype(np.float32))
        if answer is None:
            continue
        if answer.level >= level:
            at, level = tried, answer.level
        if answer.bar < 0:
            server.hang_up()
    return _loot(server, probe, strangers.nearest, [at])


def by_cosine(probe: Probe, strangers: Strangers, questions: int, rng: Random) -> float:
    """What the old wire gave away: least squares on cosines of four decimals."""
    shown = strangers.all[rng.permutation(len(strangers.all))[:questions]]
    target = np.asarray(probe.target, np.float64)
    return abs(float(_fitted(shown, np.round(shown @ target, 4), centred=False) @ target))


def _fitted(asked: Vectors, answers: Vector, *, centred: bool = True) -> Vector:
    if not len(asked):
        return np.zeros(1)
    if centred:
        asked, answers = asked - asked.mean(axis=0), answers - answers.mean()
    ridge = _RIDGE * np.eye(asked.shape[1])
    return _unit(np.linalg.solve(asked.T @ asked + ridge, asked.T @ answers))


def _edge(probe: Probe, strangers: Strangers, share: float, rng: Random) -> Vector:
    """A point from which a share of steps is answered with "against"."""
    near, far = strangers.nearest, strangers.all[int(rng.integers(len(strangers.all)))]
    steps = [_unit(rng.normal(size=len(near))) for _ in range(_GRANTED)]
    low, high = 0.0, 4.0
    for _ in range(7):
        at = (low + high) / 2
        base = near * at + far * 0.1
        llrs = np.array([probe.llr(_unit(base + step).astype(np.float32)) for step in steps])
        crossed = float((llrs < EDGE).mean())
        low, high = (at, high) if crossed > share else (low, at)
    return near * high + far * 0.1


EDGE = -2.43
"""LLR of a face from which down a first window is told to be against the person."""


def _loot(server: Server, probe: Probe, given: Vector | None, guesses: Sequence[Vector]) -> Loot:
    usable = [guess for guess in guesses if len(guess) > 1 and np.linalg.norm(guess) > 0]
    target = np.asarray(probe.target, np.float64)
    cosines = [float(_unit(guess) @ target) for guess in usable]
    llrs = [probe.llr(guess.astype(np.float32)) for guess in usable]
    known = 0.0 if given is None else float(_unit(given) @ target)
    return Loot(known, max(cosines, default=0.0), max(llrs, default=-np.inf), server.answered)


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float64)
