"""How often something was told in honest calls, and whether there was cause."""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from benchmarks.honest.calling import Call
from benchmarks.honest.network import Conditions
from stream_verifier.events.schema import ErrorRaised, Gap, SessionEnded, State, StateChanged
from stream_verifier.media.continuity import Continuity
from stream_verifier.windows.tracks import FaceTracker

NEVER_HONEST = frozenset(
    {
        "media_time_implausible",
        "picture_not_scored",
        "speech_not_scored",
        "multiple_faces",
        "face_mismatch",
        "voice_mismatch",
        "overloaded",
        "rejected",
    }
)
"""Nothing in an honest call of one person is cause for these, however bad the line."""


@dataclass(slots=True)
class Breaks:
    """How often pictures of one person did not seem to go on as before.

    Attributes:
        frames: decoded.
        cuts: of them, those that show something else than those before them.
        looks: at faces.
        tracks: of them, those at a face that seemed to be another one's.
    """

    frames: int = 0
    cuts: int = 0
    looks: int = 0
    tracks: int = 0

    def add(self, other: Breaks) -> None:
        """Count what was counted elsewhere, too."""
        for name in ("frames", "cuts", "looks", "tracks"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Tally:
    """All calls over one kind of line.

    Attributes:
        conditions: of the line.
        calls: how many.
        minutes: of them together.
        states: seconds in each.
        reasons: how often each was told anew.
        gaps: by their reason.
        endings: how calls ended.
        fell: how often ``verified`` was lost.
        stalled_s: longest standstill of this machine.
    """

    conditions: Conditions
    calls: int = 0
    minutes: float = 0.0
    states: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    reasons: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    fell: int = 0
    stalled_s: float = 0.0

    @property
    def without_cause(self) -> list[str]:
        """What was told without cause."""
        told = set(self.reasons) | {state for state in self.states if state == State.REJECTED}
        allowed = self.conditions.causes
        wrong = sorted((told & NEVER_HONEST) - allowed)
        wrong += [
            gap for gap in sorted(self.gaps) if gap not in ("network", "paused", "reconnected")
        ]
        return wrong + [end for end in sorted(self.endings) if end != "stopped"]


def tally(conditions: Conditions, calls: Iterable[Call]) -> Tally:
    """Count what was told of calls over one kind of line."""
    total = Tally(conditions)
    for call in calls:
        total.calls += 1
        total.minutes += call.lasted_s / 60
        total.stalled_s = max(total.stalled_s, call.stalled_s)
        _count(total, call)
    return total


def _count(total: Tally, call: Call) -> None:
    state, since_s, reasons = State.WAITING, 0.0, set[str]()
    ended = "never told"
    for at_s, said in call.told:
        if isinstance(said, StateChanged):
            total.states[state] += at_s - since_s
            total.fell += state is State.VERIFIED and said.state is not State.VERIFIED
            total.reasons.update(set(said.reasons) - reasons)
            state, since_s, reasons = said.state, at_s, set(said.reasons)
        elif isinstance(said, Gap):
            total.gaps[said.reason] += 1
        elif isinstance(said, ErrorRaised):
            ended = said.code
        elif isinstance(said, SessionEnded):
            ended = said.reason
    total.states[state] += call.lasted_s - since_s
    total.endings[ended] += 1


@contextlib.contextmanager
def counting_breaks() -> Iterator[Breaks]:
    """Count in this process what follows pictures and faces."""
    breaks = Breaks()
    broken_by, update = Continuity.broken_by, FaceTracker.update

    def counted_broken_by(self: Continuity, frame: Any) -> bool:
        broken = broken_by(self, frame)
        breaks.frames += 1
        breaks.cuts += broken
        return broken

    def counted_update(self: Any, boxes: Any, time_s: float, appearances: Any = None) -> list[int]:
        before, known = self._next_id, bool(self._tracks)
        ids = update(self, boxes, time_s, appearances)
        breaks.looks += len(boxes)
        breaks.tracks += self._next_id - before if known else 0
        return ids

    with (
        patch.object(Continuity, "broken_by", counted_broken_by),
        patch.object(FaceTracker, "update", counted_update),
    ):
        yield breaks
