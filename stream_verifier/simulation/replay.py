"""Scripted calls that were played once and are judged again and again; pure.

What a call's windows say does not depend on the rule that judges them, and what a rule believes
does not depend on its thresholds. So calls are played once, believed once by each rule, and asked
for any threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stream_verifier.events.schema import Reason, State
from stream_verifier.simulation.outcome import BOTH, SWAPPED, judge
from stream_verifier.simulation.script import Script
from stream_verifier.verify.decision import Decision, DecisionSettings, Verdict
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import EvidenceModel, OperatingPoint

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Seen = Sequence[tuple[float, Observation]]

_HAIR = 1e-9
OPEN = OperatingPoint(accept=_HAIR, reject=-_HAIR)
"""Decides at even odds, so that its states tell what any other point's would rest on."""
MIXED_S = 3.0
"""So long after a change a window may still hold speech from before it."""


class Judge(Protocol):
    """Follows one call: our `Decision`, or a rival."""

    def wants(self, observation: Observation) -> bool:
        """Whether a window's voice is worth being scored."""
        ...

    def update(self, observation: Observation) -> Verdict:
        """Take one window in and return the verdict after it."""
        ...


MakeJudge: TypeAlias = Callable[[OperatingPoint], Judge]
"""Makes a rule at an operating point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A call and what its windows said.

    Attributes:
        script: what happened.
        seen: media time at which each observation was known, in order, and the observation.
    """

    script: Script
    seen: tuple[tuple[float, Observation], ...]


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a rule believed in the course of one call, whatever its thresholds.

    Attributes:
        script: what happened.
        at_s: shape (n,), media time at which each belief was known.
        odds: shape (n,), log-odds of "face and voice are the person's"; NaN where there are none.
        fresh: shape (n,), evidence of both modalities was new enough for ``verified``; known only
            where the odds are above even.
        named: for each belief the mismatches that a rejection would have named.
    """

    script: Script
    at_s: Floats
    odds: Floats
    fresh: Flags
    named: tuple[frozenset[Reason], ...]

    @cached_property
    def impostor_from_s(self) -> float:
        """When the first impostor comes; never in most kinds of call."""
        change_s = self.script.change_s if self.script.kind in SWAPPED else None
        return np.inf if change_s is None else change_s

    @cached_property
    def impostor_until_s(self) -> float:
        """When the impostor goes again; never in most kinds of call."""
        return np.inf if self.script.until_s is None else self.script.until_s

    @cached_property
    def genuine_s(self) -> float:
        """How long only the enrolled person was there to be judged."""
        return judge(self.script, ()).genuine_s

    @cached_property
    def depths(self) -> tuple[float, ...]:
        """Lowest odds of each stay at or below even, as long as nobody is an impostor.

        ``rejected`` is held up to even odds, so that a threshold has just as many false alarms as
        there are depths at or below it.
        """
        below = (self.odds <= 0) & (self.at_s <= self.impostor_from_s)
        return tuple(float(self.odds[start:end].min()) for start, end in _runs(below))

    def rejected(self, reject: float) -> Flags:
        """Whether each verdict at that threshold is ``rejected``, shape (n,)."""
        states = np.zeros(len(self.odds), np.bool_)
        for start, end in _runs(self.odds <= 0):
            reached = np.flatnonzero(self.odds[start:end] <= reject)
            if len(reached):
                states[start + reached[0] : end] = True
        return states

    def verified(self, point: OperatingPoint) -> Flags:
        """Whether each verdict at that point is ``verified``, shape (n,)."""
        states, held = np.zeros(len(self.odds), np.bool_), False
        accept, hold = point.accept, point.hold
        pairs = zip(self.odds.tolist(), self.fresh.tolist(), strict=True)
        for place, (odds, fresh) in enumerate(pairs):
            held = fresh and odds >= (hold if held else accept)
            states[place] = held
        return states


def ours(evidence: EvidenceModel, *, spare: bool = False) -> MakeJudge:
    """The product's own rule.

    Args:
        evidence: how much windows count.
        spare: a calm call's voice is not scored in all windows, as on a server whose worker is
            behind. What it believes then depends on its thresholds.
    """
    settings = DecisionSettings() if spare else DecisionSettings(calm_every_s=0.0)
    return lambda point: Decision(evidence=evidence, point=point, settings=settings)


def follow(seen: Seen, rule: Judge) -> Iterator[tuple[float, Observation, Verdict]]:
    """Let a rule follow a call as `VerifyPipeline` does.

    Yields:
        Media time at which each window was known, what was said of it, and the verdict after it.
    """
    for at_s, observation in seen:
        spared = observation.voice.llr is not None and not rule.wants(observation)
        said = observation.without_voice() if spared else observation
        yield at_s, said, rule.update(said)


def replay(seen: Seen, rule: Judge) -> list[tuple[float, Verdict]]:
    """The verdicts on a call, each with the media time at which it was known."""
    return [(at_s, verdict) for at_s, _, verdict in follow(seen, rule)]


def trace(call: Played, make: MakeJudge) -> Trace:
    """Believe a call once, by a rule that spares no windows."""
    told = replay(call.seen, make(OPEN))
    verdicts = [verdict for _, verdict in told]
    odds = [np.nan if verdict.odds is None else verdict.odds.both for verdict in verdicts]
    return Trace(
        script=call.script,
        at_s=np.array([at_s for at_s, _ in told], np.float64),
        odds=np.array(odds, np.float64),
        fresh=np.array([verdict.state is State.VERIFIED for verdict in verdicts], np.bool_),
        named=tuple(_named(verdict) for verdict in verdicts),
    )


def impostor_starts(calls: Iterable[Played]) -> list[Played]:
    """The calls with an impostor from the change on, as if they began with it.

    Windows that may still hold what was before the change are left out.
    """
    return [
        replace(call, seen=_later(call.seen, call.script.change_s + MIXED_S))
        for call in calls
        if call.script.kind in SWAPPED and call.script.change_s is not None
    ]


def _later(seen: Seen, from_s: float) -> tuple[tuple[float, Observation], ...]:
    return tuple((at_s, observation) for at_s, observation in seen if at_s >= from_s)


def _named(verdict: Verdict) -> frozenset[Reason]:
    return BOTH & set(verdict.reasons) if verdict.state is State.REJECTED else frozenset()


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """Start and end of each run of true ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
