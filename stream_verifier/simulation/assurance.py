"""Chooses how much must be believed of face and voice before a call is verified, point by point.

Of every call that an impostor begins it is noted how much was believed, at most, while the call
would have been verified. A threshold is then chosen for a share of such calls, so low that the
upper end of the share's exact interval is within it, under every condition by itself.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.progress import track
from scipy.stats import beta

from model.data.packs import Pack
from model.errors import PackError
from model.runtime.comparator import load_comparator
from model.runtime.weights import Weights
from stream_verifier.events.schema import State
from stream_verifier.simulation.casting import Role
from stream_verifier.simulation.impostor_calls import (
    BOTH,
    FACE,
    VOICE,
    WAYS,
    Attempt,
    attempts,
    pairs,
    scripts,
)
from stream_verifier.simulation.material import Material
from stream_verifier.simulation.operating_points import ASSURED_TARGETS, STRICT, Target, measured
from stream_verifier.simulation.pack_calls import CONDITIONS
from stream_verifier.simulation.replay import MakeJudge, Played, ours
from stream_verifier.verify.operating import DecisionModel, OperatingPoint, Sure

_SURE = 0.95
_NOTHING = -math.inf
Believed = tuple[float, float]


class Believing:
    """How much was believed of impostors, by condition and way.

    Args:
        make: the rule, with a posterior.
        point: the thresholds beside which more will be asked for.
    """

    def __init__(self, make: MakeJudge, point: OperatingPoint) -> None:
        self._make, self._point = make, point
        self._found: dict[str, dict[str, list[Believed]]] = {}

    def add(self, condition: str, one: Attempt) -> None:
        """Take an attempt under a condition in."""
        ways = self._found.setdefault(condition, {way: [] for way in WAYS})
        ways[one.way].append(self._most(one.call))

    def sure(self, wanted: Mapping[str, float]) -> Sure:
        """The least thresholds that hold the shares wanted of each way.

        The voice's is chosen by who has the right face and the face's by all others, each by
        itself, so that together they let in fewer.

        Raises:
            PackError: there are too few pairs to tell of such shares.
        """
        sides = {0: (BOTH, FACE), 1: (VOICE,)}
        face, voice = (
            max(
                least([one[side] for one in ways[way]], wanted[way])
                for ways in self._found.values()
                for way in sides[side]
            )
            for side in sides
        )
        return Sure(face=face, voice=voice)

    def measured(self, sure: Sure) -> dict[str, float]:
        """What these attempts come to, to be noted beside a point."""
        found: dict[str, float] = {}
        for condition, ways in self._found.items():
            for way, believed in ways.items():
                passed = sum(face >= sure.face and voice >= sure.voice for face, voice in believed)
                found[f"whole calls of impostors, {way}, {condition}"] = len(believed)
                found[f"of them verified at most, {way}, {condition}"] = passed
        return found

    def _most(self, call: Played) -> Believed:
        rule, face, voice = self._make(self._point), _NOTHING, _NOTHING
        for _, observation in call.seen:
            verdict = rule.update(observation)
            if verdict.state is State.VERIFIED and verdict.posterior is not None:
                face = max(face, verdict.posterior.face)
                voice = max(voice, verdict.posterior.voice)
        return face, voice


def assured(
    model: DecisionModel,
    tried: Iterable[tuple[str, Iterable[Sequence[Attempt]]]],
    calls: Sequence[Played],
    targets: Mapping[str, Target] = ASSURED_TARGETS,
) -> DecisionModel:
    """The model with what its points ask to be believed chosen on attempts, and with `STRICT`.

    `STRICT` rejects as the fastest point does and asks for no less than any, so that it is nowhere
    weaker than another one. Points without a target stay as they are.

    Args:
        model: with a posterior.
        tried: attempts by condition.
        calls: of all kinds, to measure the false alarms of `STRICT` on.
        targets: what points are for, by name.

    Raises:
        PackError: there are too few people to tell of such shares.
    """
    make = ours(model.evidence)
    points = model.points | {STRICT: _fastest(model.points.values())}
    shares = {
        name: target.attempts
        for name, target in targets.items()
        if name in points and target.attempts is not None
    }
    # Points of the same thresholds, as `STRICT` has another's, believe the same.
    thresholds = {name: (points[name].accept, points[name].reject) for name in shares}
    believing = {
        each: Believing(make, OperatingPoint(accept=each[0], reject=each[1]))
        for each in thresholds.values()
    }
    for condition, played in tried:
        for one in chain.from_iterable(played):
            for each in believing.values():
                each.add(condition, one)
    sure = {name: believing[thresholds[name]].sure(wanted) for name, wanted in shares.items()}
    sure[STRICT] = Sure(
        face=max(one.face for one in sure.values()), voice=max(one.voice for one in sure.values())
    )
    for name in shares:
        asked = {"sure": sure[name], "target": targets[name].text}
        point = points[name].model_copy(update=asked)
        reached = measured(calls, make, point) if name == STRICT else point.measured
        passed = believing[thresholds[name]].measured(sure[name])
        points[name] = point.model_copy(update={"measured": {**reached, **passed}})
    return model.model_copy(update={"points": points})


def _fastest(points: Collection[OperatingPoint]) -> OperatingPoint:
    """The thresholds of the point that rejects soonest, and none below another's."""
    return OperatingPoint(
        accept=max(point.accept for point in points), reject=max(point.reject for point in points)
    )


def attempted(
    pack: Pack,
    weights: Weights,
    cast: Sequence[Role],
    *,
    seed: int,
    cache: Path | None,
) -> Iterator[tuple[str, Iterable[Sequence[Attempt]]]]:
    """Play everybody in everybody's name, condition by condition, with progress bars."""
    material = Material(pack=pack, roles=cast, weights=weights, cache=cache)
    comparator = load_comparator(weights)
    for condition in CONDITIONS:
        material.prepare(scripts(cast, condition, seed=seed))
        played = attempts(cast, condition, material=material, comparator=comparator, seed=seed)
        title, console = f"impostors, {condition}", Console(stderr=True)
        yield condition, track(played, title, total=pairs(cast), console=console)


def least(believed: Sequence[float], share: float) -> float:
    """The least threshold, in tenths, that a share of calls exceeds at most, upper end and all.

    Raises:
        PackError: even if none exceeded it, so few calls could not tell.
    """
    allowed = _allowed(len(believed), share)
    ranked = sorted(believed, reverse=True)
    above = ranked[allowed] if allowed < len(ranked) else _NOTHING
    return 0.0 if above == _NOTHING else max(0.0, math.floor(10 * above + 1) / 10)


def _allowed(calls: int, share: float) -> int:
    """So many of these calls may be verified for the exact one-sided upper end to hold."""
    count = -1
    while count + 1 < calls and beta.ppf(_SURE, count + 2, calls - count - 1) <= share:
        count += 1
    if count < 0:
        raise PackError(
            f"{calls} pairs of people are too few to assure a share of {share:g}: "
            f"{math.ceil(1.1 + math.sqrt(3 / share))} people are needed at least"
        )
    return count
