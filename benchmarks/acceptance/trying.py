"""Plays everybody in everybody's name and notes when each call was first verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream_verifier.events.schema import State
from stream_verifier.simulation.casting import Role
from stream_verifier.simulation.impostor_calls import WAYS, Attempt
from stream_verifier.simulation.replay import Judge, MakeJudge, Played
from stream_verifier.verify.operating import OperatingPoint

Floats = NDArray[np.float64]
NEVER = np.inf


@dataclass(frozen=True, slots=True)
class Tried:
    """When impostors' calls were first verified.

    Attributes:
        cast: people, in the order of the axes.
        verified_s: by operating point and way, shape (n, n): media time, claimed person by
            impostor; infinite for never, NaN on the diagonal.
    """

    cast: tuple[Role, ...]
    verified_s: Mapping[str, Mapping[str, Floats]]


def try_all(
    played: Iterable[Sequence[Attempt]],
    cast: Sequence[Role],
    make: MakeJudge,
    points: Mapping[str, OperatingPoint],
) -> Tried:
    """Judge all attempts at all points.

    Args:
        played: as `impostor_calls.attempts` gives them.
        cast: whom they are of.
        make: the rule, just as it judges live calls.
        points: by name.
    """
    place = {role.name: number for number, role in enumerate(cast)}
    shape = (len(cast), len(cast))
    found = {name: {way: np.full(shape, np.nan) for way in WAYS} for name in points}
    for together in played:
        for one in together:
            at = place[one.claimed.name], place[one.impostor.name]
            for name, verified_s in _at_each_point(one.call, make, points).items():
                found[name][one.way][at] = verified_s
    return Tried(tuple(cast), found)


def _at_each_point(
    call: Played, make: MakeJudge, points: Mapping[str, OperatingPoint]
) -> dict[str, float]:
    """By point, when a call was first verified.

    A point that is nowhere weaker than another verifies nobody whom that one does not.
    """
    found: dict[str, float] = {}
    for name, point in points.items():
        refusing = (points[other] for other, at_s in found.items() if at_s == NEVER)
        if any(not point.weaker_than(other) for other in refusing):
            found[name] = NEVER
        else:
            found[name] = first_verified_s(call, make(point))
    return found


def first_verified_s(call: Played, rule: Judge) -> float:
    """Media time of the first verdict ``verified``, infinite for never."""
    for at_s, observation in call.seen:
        if rule.update(observation).state is State.VERIFIED:
            return at_s
    return NEVER
