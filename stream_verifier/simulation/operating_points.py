"""Chooses operating points by what they are for: so many false alarms, so many false trusts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from model.errors import PackError
from stream_verifier.events.schema import State
from stream_verifier.simulation.alarms import highest_reject, most_alarms
from stream_verifier.simulation.impostor_calls import BOTH, FACE, VOICE
from stream_verifier.simulation.outcome import SWAPPED, judge
from stream_verifier.simulation.replay import (
    MIXED_S,
    Judge,
    MakeJudge,
    Played,
    Trace,
    impostor_starts,
    replay,
)
from stream_verifier.verify.operating import OperatingPoint

ALL = "all conditions"
CLEAN = "clean"
OTHERS = "each other condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an operating point is for.

    Attributes:
        hours: genuine hours by condition in which one false alarm is allowed at most; ``OTHERS``
            stands for every condition that is not named, ``ALL`` for all of them together.
        trusted: largest share of impostors who are ever verified.
        attempts: the same of whole calls of impostors, by each of `impostor_calls.WAYS`; None where
            such calls are not asked about.
    """

    hours: Mapping[str, float]
    trusted: float = 0.01
    attempts: Mapping[str, float] | None = None

    @property
    def text(self) -> str:
        """The target as it is written beside the point."""
        alarms = ", ".join(
            f"in {hours:g} genuine hours ({name})" for name, hours in self.hours.items()
        )
        text = f"at most one false alarm {alarms}; at most {self.trusted:.0%} of impostors verified"
        if self.attempts is None:
            return text
        each = ", ".join(f"1 in {1 / share:g} ({way})" for way, share in self.attempts.items())
        return f"{text}; of whole calls of impostors ever verified, under each condition: {each}"


_ONE_IN_100 = dict.fromkeys((BOTH, FACE, VOICE), 1e-2)
TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "alarm_8h": Target(hours={CLEAN: 8.0, OTHERS: 2.0}, attempts=_ONE_IN_100),
        "alarm_2h": Target(hours={ALL: 2.0}, attempts=_ONE_IN_100),
    }
)
STRICT = "strict"
"""Has the thresholds of ``alarm_2h``, and asks for more before anybody is verified."""
ASSURED_TARGETS: Mapping[str, Target] = MappingProxyType(
    {**TARGETS, STRICT: Target(hours={ALL: 2.0}, attempts={BOTH: 1e-3, FACE: 1e-3, VOICE: 1e-2})}
)
"""Those, and what ``strict`` is for."""

_ACCEPTS = tuple(float(value) for value in np.arange(0.5, 8.01, 0.25))


def choose(calls: Sequence[Trace], starts: Sequence[Trace], target: Target) -> OperatingPoint:
    """Choose both thresholds of a point.

    Args:
        calls: beliefs in calls of all kinds and conditions.
        starts: beliefs in calls that an impostor begins (`impostor_starts`).
        target: what the point is for.

    Raises:
        PackError: the calls hold no genuine time under a condition that the target names.
    """
    return OperatingPoint(
        accept=lowest_accept(calls, starts, target.trusted),
        reject=highest_reject_of(calls, target),
        target=target.text,
    )


def highest_reject_of(calls: Sequence[Trace], target: Target) -> float:
    """The fastest threshold for ``rejected`` that holds the target under every condition.

    Raises:
        PackError: the calls hold no genuine time under a condition that the target names.
    """
    found = []
    for name, hours in _limits(calls, target).items():
        chosen = [one for one in calls if name in (ALL, one.script.condition)]
        depths = [depth for one in chosen for depth in one.depths]
        genuine_h = sum(one.genuine_s for one in chosen) / 3600
        found.append(highest_reject(depths, genuine_h, 1 / hours))
    if not found:
        raise PackError("no call is of a condition that the operating point's target names")
    return min(threshold.reject for threshold in found)


def lowest_accept(calls: Sequence[Trace], starts: Sequence[Trace], share: float) -> float:
    """The fastest threshold for ``verified`` that at most this share of impostors ever reaches.

    An impostor who comes during a call counts, and one who begins it.
    """
    for accept in _ACCEPTS:
        # What is verified does not depend on the other threshold.
        point = OperatingPoint(accept=accept, reject=-accept)
        if share_trusted(calls, point) <= share and share_trusted(starts, point) <= share:
            return accept
    return _ACCEPTS[-1]


def share_trusted(calls: Sequence[Trace], point: OperatingPoint) -> float:
    """Share of the impostors in these calls who became verified at some time; 0 without any."""
    swapped = [one for one in calls if one.script.kind in SWAPPED]
    return sum(_trusts(one, point) for one in swapped) / max(1, len(swapped))


def measured(calls: Sequence[Played], make: MakeJudge, point: OperatingPoint) -> dict[str, float]:
    """What a rule reaches at a point, to be noted beside it.

    Args:
        calls: of all kinds and conditions.
        make: the rule, just as it judges live calls.
        point: its thresholds.

    Returns:
        By a name for people to read. The upper end is that of `most_alarms`.
    """
    rule = [(call.script, judge(call.script, replay(call.seen, make(point)))) for call in calls]
    found: dict[str, float] = {"people": len({script.chimera for script, _ in rule})}
    for condition in dict.fromkeys(script.condition for script, _ in rule):
        outcomes = [outcome for script, outcome in rule if script.condition == condition]
        hours = sum(outcome.genuine_s for outcome in outcomes) / 3600
        alarms = sum(outcome.false_alarms for outcome in outcomes)
        found[f"genuine hours, {condition}"] = round(hours, 2)
        found[f"false alarms, {condition}"] = alarms
        most = round(most_alarms(alarms) / hours, 3)
        found[f"false alarms an hour at most, {condition}"] = most
    starts = impostor_starts(calls)
    trusted = sum(_ever_verified(call, make(point)) for call in starts)
    found["impostors who begin a call"] = len(starts)
    found["of them verified"] = trusted
    return found


def _ever_verified(call: Played, rule: Judge) -> bool:
    until_s = np.inf if call.script.until_s is None else call.script.until_s
    told = replay(call.seen, rule)
    return any(verdict.state is State.VERIFIED for at_s, verdict in told if at_s <= until_s)


def _limits(calls: Sequence[Trace], target: Target) -> dict[str, float]:
    """Hours for one alarm by condition, of those that were played."""
    played = dict.fromkeys(one.script.condition for one in calls if one.genuine_s > 0)
    limits = {name: target.hours[name] for name in (*played, ALL) if name in target.hours}
    if OTHERS in target.hours:
        others = [name for name in played if name not in target.hours]
        limits |= dict.fromkeys(others, target.hours[OTHERS])
    return limits


def _trusts(one: Trace, point: OperatingPoint) -> bool:
    """Whether an impostor becomes verified; what was so before the change only has to end."""
    states = one.verified(point)
    entered = states & ~np.concatenate([[False], states[:-1]])
    inside = (one.at_s >= one.impostor_from_s + MIXED_S) & (one.at_s <= one.impostor_until_s)
    return bool((entered & inside).any())
