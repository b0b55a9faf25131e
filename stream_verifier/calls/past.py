"""What is known of a call that another worker had until now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from stream_verifier.calls.summary import CallSummary
from stream_verifier.events.event import Event
from stream_verifier.events.schema import (
    ChallengeMeasured,
    ChallengeResult,
    Payload,
    Reason,
    State,
    StateChanged,
)
from stream_verifier.media.source import Mark

_MOST_AHEAD = 10_000
"""Events that a client may know beyond the log: what its worker said and could not write."""
_NO_SECONDS = 0.0


@dataclass(frozen=True, slots=True)
class Past:
    """Where to go on.

    Attributes:
        summary: what its events amount to.
        seq: number of the newest event that anybody has.
        untold: scores so far that its client was not told.
        media_s: media time of the newest event, in seconds.
        away_s: seconds since it was said.
    """

    summary: CallSummary
    seq: int = 0
    untold: int = 0
    media_s: float = 0.0
    away_s: float = 0.0

    @classmethod
    def of(
        cls,
        session: str,
        events: Sequence[Event],
        *,
        now: datetime,
        known_seq: int = 0,
        known_untold: int = 0,
    ) -> Past:
        """The past that these events tell.

        Args:
            session: its id.
            events: all that are held, in order.
            now: an aware time.
            known_seq: number of the newest event that its client says to have.
            known_untold: how many scores that one says were not told before.
        """
        summary = CallSummary(session=session)
        for event in events:
            summary = summary.after(event)
        last = events[-1] if events else None
        seq = 0 if last is None else last.seq
        untold = 0 if last is None else last.untold + last.spared_caller
        ahead = min(known_seq, seq + _MOST_AHEAD)
        if ahead > seq:
            # What lay between is known to nobody; its own client must find no hole all the same.
            untold = min(max(untold, known_untold), ahead)
        return cls(
            summary=summary,
            seq=max(seq, ahead),
            untold=untold,
            media_s=summary.media_s,
            away_s=_NO_SECONDS if last is None else _age_s(last, now),
        )

    def mark(self, now_s: float) -> Mark:
        """Where its media stopped, on this machine's monotonic clock."""
        ends_s = {"audio": self.media_s, "video": self.media_s}
        return Mark(now_s - self.away_s - self.media_s, ends_s)

    def first_words(self) -> list[Payload]:
        """What is to be said first where its state is no more what it was: trust begins anew."""
        return [*self._unfinished(), *self._distrust()]

    def _unfinished(self) -> list[Payload]:
        """A challenge that went under with its worker, or in the move."""
        if self.summary.challenge_open is None:
            return []
        challenge, kind = self.summary.challenge_open
        return [
            ChallengeResult(
                media_s=self.media_s,
                challenge=challenge,
                kind=kind,
                outcome="not_measurable",
                why="connection",
                after_s=0.0,
                measured=ChallengeMeasured(),
            )
        ]

    def _distrust(self) -> list[Payload]:
        state = self.summary.state
        if state is None or state == State.WAITING:
            return []
        return [
            StateChanged(
                media_s=self.media_s,
                state=State.WAITING,
                previous=State(state),
                reasons=[Reason.MEDIA_GAP],
                llr=None,
            )
        ]


def _age_s(event: Event, now: datetime) -> float:
    try:
        return max(0.0, (now - event.said_at).total_seconds())
    except ValueError:
        return _NO_SECONDS
