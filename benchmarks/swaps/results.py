"""What each call came to under one rule, and the file with one line a call."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stream_verifier.simulation.delays import MISSED_S
from stream_verifier.simulation.outcome import (
    SWAPPED,
    Outcome,
    genuine_windows,
    impostor_windows,
    judge,
)
from stream_verifier.simulation.replay import Judge, Played, follow
from stream_verifier.simulation.script import Script

COLUMNS = (
    "call",
    "kind",
    "condition",
    "length_s",
    "change_s",
    "verified_s",
    "noticed_s",
    "false_alarms",
    "genuine_s",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One call under one rule.

    Attributes:
        script: what happened.
        source: data set that the enrolled person's voice comes from.
        outcome: what came of it.
        genuine_windows: scored ones before an impostor came.
        impostor_windows: scored ones from the change until it was noticed.
        scored: windows of all of the call whose voice was compared.
        spared: windows whose voice could have been and was not, since the call was calm.
    """

    script: Script
    source: str
    outcome: Outcome
    genuine_windows: int
    impostor_windows: int
    scored: int
    spared: int

    @property
    def swapped(self) -> bool:
        """An impostor came, and the call was not rejected already."""
        return self.script.kind in SWAPPED and not self.outcome.alarmed

    @property
    def delay_s(self) -> float:
        """From the change until it was noticed, infinite if never."""
        noticed_s, change_s = self.outcome.noticed_s, self.script.change_s
        return math.inf if noticed_s is None or change_s is None else noticed_s - change_s

    @property
    def speech_s(self) -> float:
        """Seconds of speech from the change until it was noticed, infinite if never."""
        noticed_s, change_s = self.outcome.noticed_s, self.script.change_s
        if noticed_s is None or change_s is None:
            return math.inf
        return speech_between(self.script, change_s, noticed_s)

    @property
    def missed(self) -> bool:
        """Not noticed in time."""
        return self.delay_s > MISSED_S

    @property
    def to_verify_s(self) -> float:
        """Until first verified, infinite if never."""
        return math.inf if self.outcome.verified_s is None else self.outcome.verified_s

    @property
    def to_absent_s(self) -> float:
        """From when everybody left until absent, infinite if never."""
        began_s, absent_s = self.outcome.began_s, self.outcome.absent_s
        return math.inf if began_s is None or absent_s is None else absent_s - began_s


def speech_between(script: Script, start_s: float, end_s: float) -> float:
    """Seconds of somebody's speech in a stretch."""
    overlaps = (min(end_s, spurt.end_s) - max(start_s, spurt.start_s) for spurt in script.spurts)
    return sum(max(0.0, overlap) for overlap in overlaps)


def result(call: Played, source: str, rule: Judge) -> Result:
    """Judge one call."""
    script = call.script
    followed = list(follow(call.seen, rule))
    scored = [(at_s, observation) for at_s, observation, _ in followed]
    outcome = judge(script, [(at_s, verdict) for at_s, _, verdict in followed])
    ended_s = script.length_s if outcome.noticed_s is None else outcome.noticed_s
    swapped = script.kind in SWAPPED
    return Result(
        script=script,
        source=source,
        outcome=outcome,
        genuine_windows=genuine_windows(script, scored),
        impostor_windows=impostor_windows(script, scored, ended_s) if swapped else 0,
        scored=sum(said.voice.llr is not None for _, said in scored),
        spared=sum(said.spared for _, said in scored),
    )


def write_calls(path: Path, results: Sequence[Result]) -> None:
    """Write one line a call with ``COLUMNS``; empty where there is nothing to say."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(_rows(results))


def _rows(results: Sequence[Result]) -> Iterable[Mapping[str, str | int]]:
    for one in results:
        script, outcome = one.script, one.outcome
        yield {
            "call": script.name,
            "kind": script.kind,
            "condition": script.condition,
            "length_s": _written(script.length_s),
            "change_s": _written(script.change_s),
            "verified_s": _written(outcome.verified_s),
            "noticed_s": _written(outcome.noticed_s),
            "false_alarms": outcome.false_alarms,
            "genuine_s": _written(outcome.genuine_s),
        }


def _written(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3f}"
