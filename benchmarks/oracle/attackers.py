"""Attackers, each with the same number of questions: each gives its best guess of the template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.oracle.server import Answer, Probe, Server

Vectors = NDArray[np.float64]
Vector = NDArray[np.float64]
Random = np.random.Generator
_RIDGE = 1e-2
_GRANTED = 200
_PATIENCE = 12
MOST_LLR = 2.0
"""Nobody may climb beyond it."""
NOBODY = np.ones(1, np.float32)
FOREIGN, OWN = -8.0, 8.0
"""LLRs of what the other modality shows: somebody else's, a recording of the person's."""


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
        """The nearest, of so many drawn by chance, of those taken for somebody else."""
        drawn = vectors[rng.permutation(len(vectors))[:most]]
        llrs = np.array([probe.llr(one.astype(np.float32)) for one in drawn])
        return cls(vectors, drawn[int(np.argmax(np.where(llrs < 0, llrs, -np.inf)))])


@dataclass(frozen=True, slots=True)
class Loot:
    """What an attacker came to.

    Attributes:
        given: cosine with the template of what it was given to begin with.
        learnt: cosine of what the answers alone say.
        together: cosine of the best guess made of both.
        llr: of the best of all these.
        refusals: how often something was told against it.
        verified: whether a call of it ever was.
    """

    given: float
    learnt: float
    together: float
    llr: float
    refusals: int
    verified: bool


Attack: TypeAlias = "Callable[[Server, Probe, Strangers, int, Random], Loot]"


def least_squares(
    server: Server, probe: Probe, strangers: Strangers, questions: int, rng: Random
) -> Loot:
    """Ask for strangers, then for vectors drawn by chance, and fit a line to the answers."""
    asked, answers = [], []
    for vector in _drawn(strangers, questions, rng):
        answer = _ask(server, vector)
        asked.append(vector)
        answers.append(answer.level)
        if answer.refused:
            server.hang_up()
        if server.silent:
            break
    return _loot(server, probe, None, _fitted(np.array(asked), np.array(answers)))


def stopwatch(
    server: Server, probe: Probe, strangers: Strangers, questions: int, rng: Random
) -> Loot:
    """Keep showing the same until it is refused, and take the time: the sooner the less alike."""
    asked, answers = [], []
    for vector in _drawn(strangers, questions // _PATIENCE, rng):
        took = 0
        for took in range(1, _PATIENCE + 1):
            if _ask(server, vector, fresh=took == 1).refused:
                break
        asked.append(vector)
        answers.append(-1.0 / took if took < _PATIENCE else 0.0)
        server.hang_up()
        if server.silent:
            break
    return _loot(server, probe, None, _fitted(np.array(asked), np.array(answers)))


def beside_the_edge(
    share: float, *, other: float | None = None, stays: bool = False, windows: int = 1
) -> Attack:
    """Stand beside the edge and ask on all sides, in a new call each time.

    Args:
        share: of its questions from where it stands are refused; where that is, it is told.
        other: LLR of what the other modality shows.
        stays: in one call, only stepping out of the picture after a refusal.
        windows: shown of each, so that less is refused.
    """

    def walk(
        server: Server, probe: Probe, strangers: Strangers, questions: int, rng: Random
    ) -> Loot:
        start = _edge(server, probe, strangers, share, rng, other=other, windows=windows)
        steps, answers = [], []
        for _ in range(questions // windows):
            step = _unit(rng.normal(size=len(start)))
            for number in range(windows):
                answer = _ask(server, _unit(start + step), fresh=number == 0, other=other)
                if _crossed(answer, other):
                    break
            steps.append(step)
            answers.append(answer.level)
            if _crossed(answer, other) or (not stays and other is None):
                server.step_out() if stays else server.hang_up()
            if server.silent and other != OWN:
                break
        levels = np.array(answers)
        pull = (levels - levels.mean()) @ np.array(steps)
        return _loot(server, probe, strangers.nearest, pull, start)

    return walk


def climb(other: float | None = None) -> Attack:
    """Take every step whose answer is no worse, starting from the nearest stranger."""

    def climbs(
        server: Server, probe: Probe, strangers: Strangers, questions: int, rng: Random
    ) -> Loot:
        at, level = strangers.nearest, 0.0
        for number in range(questions):
            step = _unit(rng.normal(size=len(at))) * (0.5 if number % 2 else 0.2)
            tried = _unit(at + step)
            answer = _ask(server, tried, other=other)
            # What is told against it stays for the call, so that the next one tells anew.
            if _crossed(answer, other):
                server.hang_up()
            elif answer.level > level or (answer.level == level and number % 10 == 0):
                at, level = tried, answer.level
            if server.silent and other != OWN:
                break
        return _loot(server, probe, strangers.nearest, at - strangers.nearest)

    return climbs


def by_cosine(probe: Probe, strangers: Strangers, questions: int, rng: Random) -> float:
    """What the old wire gave away: least squares on cosines of four decimals."""
    shown = strangers.all[rng.permutation(len(strangers.all))[:questions]]
    target = np.asarray(probe.target, np.float64)
    return abs(float(_fitted(shown, np.round(shown @ target, 4), centred=False) @ target))


def _ask(
    server: Server, vector: Vector, *, fresh: bool = True, other: float | None = None
) -> Answer:
    return server.ask(vector.astype(np.float32), fresh=fresh, other=other)


def _drawn(strangers: Strangers, questions: int, rng: Random) -> Iterator[Vector]:
    """All strangers in some order, then vectors drawn by chance."""
    yield from strangers.all[rng.permutation(len(strangers.all))[:questions]]
    for _ in range(questions - len(strangers.all)):
        yield _unit(np.asarray(rng.normal(size=strangers.all.shape[1])))


def _fitted(asked: Vectors, answers: Vector, *, centred: bool = True) -> Vector:
    if centred:
        asked, answers = asked - asked.mean(axis=0), answers - answers.mean()
    ridge = _RIDGE * np.eye(asked.shape[1])
    return _unit(np.linalg.solve(asked.T @ asked + ridge, asked.T @ answers))


def _crossed(answer: Answer, other: float | None) -> bool:
    """Whether an answer tells something against what is tried, whatever is said of the other."""
    return answer.against if other == FOREIGN else answer.refused


def edge_llr(server: Server, *, other: float | None = None, windows: int = 1) -> float:
    """LLR from which down so many windows alike, the first of their call, are refused."""
    low, high = -12.0, MOST_LLR
    for _ in range(12):
        at = (low + high) / 2
        asked = server.anew(at)
        answers = [asked.ask(NOBODY, fresh=not n, other=other) for n in range(windows)]
        low, high = (at, high) if any(_crossed(one, other) for one in answers) else (low, at)
    return low


def _edge(
    server: Server,
    probe: Probe,
    strangers: Strangers,
    share: float,
    rng: Random,
    *,
    other: float | None,
    windows: int,
) -> Vector:
    """A point from which a share of steps is refused."""
    refused_at = edge_llr(server, other=other, windows=windows)
    near, far = strangers.nearest, strangers.all[int(rng.integers(len(strangers.all)))]
    steps = [_unit(rng.normal(size=len(near))) for _ in range(_GRANTED)]
    low, high = 0.0, 4.0
    for _ in range(7):
        at = (low + high) / 2
        base = near * at + far * 0.1
        llrs = np.array([probe.llr(_unit(base + step).astype(np.float32)) for step in steps])
        crossed = float((llrs < refused_at).mean())
        low, high = (at, high) if crossed > share else (low, at)
    found: Vector = near * high + far * 0.1
    return found


def _loot(
    server: Server,
    probe: Probe,
    given: Vector | None,
    learnt: Vector,
    start: Vector | None = None,
) -> Loot:
    """Weigh what was learnt, alone and added to what was given."""
    begins = [] if given is None else [given, given if start is None else start]
    added = [_unit(one) + by * _unit(learnt) for one in begins for by in (0.25, 0.5, 1, 2)]
    guesses = [one for one in (learnt, *begins, *added) if np.linalg.norm(one) > 0]
    target = np.asarray(probe.target, np.float64)
    return Loot(
        given=0.0 if given is None else float(_unit(given) @ target),
        learnt=float(_unit(learnt) @ target),
        together=max((float(_unit(guess) @ target) for guess in guesses), default=0.0),
        llr=max((probe.llr(guess.astype(np.float32)) for guess in guesses), default=-np.inf),
        refusals=server.refusals,
        verified=server.verified,
    )


def _unit(vector: NDArray[Any]) -> Vector:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float64)
