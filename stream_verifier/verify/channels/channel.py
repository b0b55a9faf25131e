"""What an evidence channel is, and what it says of a window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from stream_verifier.events.schema import ModalityScore
from stream_verifier.media.types import MediaItem
from stream_verifier.windows.types import Window


@dataclass(frozen=True, slots=True)
class Reading:
    """What one channel says of one window.

    Attributes:
        channel: its name, under which the decision's table and the score event know it.
        sensed: there was something of its kind, a face or speech say, scored or not.
        llr: natural log-likelihood ratio in favour of the call; None where nothing was scored.
        span_s: media time from the first to the last of what was scored; what it has in common
            with the reading before is no new evidence. None where nothing was there to score.
        there_s: seconds of the window in which there was something of its kind.
        scored_s: seconds up to the window's end that its score speaks for.
        lost_s: seconds in which others may have seen or heard something that nobody here did, and
            for which no score speaks.
        track: number of what was followed; another one may be another person. None where nothing
            is followed.
    """

    channel: str
    sensed: bool = False
    llr: float | None = None
    span_s: tuple[float, float] | None = None
    there_s: float = 0.0
    scored_s: float = 0.0
    lost_s: float = 0.0
    track: int | None = None

    @property
    def score(self) -> ModalityScore | None:
        """As the score event tells it; None where nothing was scored."""
        return None if self.llr is None else ModalityScore(llr=self.llr)

    def unscored(self) -> Reading:
        """The same, had it been left unscored."""
        return replace(self, llr=None, scored_s=0.0)


@dataclass(frozen=True, slots=True)
class Readings:
    """What one channel, or several that are compared together, say of one window.

    Attributes:
        each: one a name.
        llr_fused: of those that were scored together; None where none was.
    """

    each: tuple[Reading, ...]
    llr_fused: float | None = None


class EvidenceChannel(Protocol):
    """Reads the windows of one call for evidence; used from one thread at a time.

    A channel that compares several things by one network, as face and voice are, has several
    names. What its evidence does to the verdict is a row of the decision's table.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Of its readings, in order."""
        ...

    def take(self, item: MediaItem) -> None:
        """Take any media of the call in, before the windows that it completes are read."""
        ...

    def sense(self, window: Window) -> tuple[Reading, ...]:
        """Say what is there to be scored, at no cost; the decision picks by it."""
        ...

    def forget(self) -> None:
        """Let go of whatever is known of the enrolled person; called from any thread."""
        ...

    def read(self, window: Window, *, wanted: frozenset[str], busy: bool = False) -> Readings:
        """Score a window.

        Args:
            window: the newest.
            wanted: names that are worth a score; others come back unscored.
            busy: other calls wait as well: what may be put off is better put off.
        """
        ...
