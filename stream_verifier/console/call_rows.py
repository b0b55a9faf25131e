"""Folds the events of all calls into one row a call, for whoever watches them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from stream_verifier.events.event import Event
from stream_verifier.events.schema import (
    ChallengeAsked,
    ChallengeResult,
    Score,
    SessionEnded,
    SessionStarted,
    StateChanged,
)

_WORRY = ("rejected", "uncertain", "absent", "waiting", "verified")


@dataclass(frozen=True, slots=True)
class Row:
    """One call as far as it is known.

    Attributes:
        identity: who it should be, or who enrols; empty when the start was missed.
        mode: verify or enrol.
        state: the last verdict.
        reasons: why.
        llr: log-odds of both behind it; None where they are not told.
        believed: calibrated ones, likewise.
        side: which way they point: 1 for the person, -1 against; None without evidence.
        media_s: media time of the last event.
        since: when the state began; None when the start was missed.
        ended: why it ended; None while it runs.
    """

    session: str
    identity: str = ""
    mode: str = ""
    state: str = "waiting"
    reasons: tuple[str, ...] = ()
    llr: float | None = None
    believed: float | None = None
    side: int | None = None
    media_s: float = 0.0
    started: datetime | None = None
    since: datetime | None = None
    ended: str | None = None
    challenge: str = ""

    @property
    def worry(self) -> tuple[bool, int]:
        """Sorts the calls that need eyes first; ended ones go last."""
        return self.ended is not None, _WORRY.index(self.state)

    def after(self, event: Event) -> Row:
        """The row once this event is known."""
        row = replace(self, media_s=event.media_s)
        match event.payload:
            case SessionStarted(identity=identity, mode=mode):
                started = event.said_at
                return replace(row, identity=identity, mode=mode, started=started, since=started)
            case Score(evidence=evidence, posterior=posterior, bar=bar):
                return replace(
                    row,
                    llr=None if evidence is None else evidence.both,
                    believed=None if posterior is None else posterior.both,
                    side=None if bar is None else bar.both,
                )
            case StateChanged(state=state) as change if state in _WORRY:
                return replace(
                    row,
                    state=state,
                    reasons=tuple(change.reasons),
                    llr=change.llr,
                    believed=change.posterior,
                    since=event.said_at if state != change.previous else row.since,
                )
            case ChallengeAsked(kind=kind):
                return replace(row, challenge=f"asked: {kind}".replace("_", " "))
            case ChallengeResult(kind=kind, outcome=outcome):
                return replace(row, challenge=f"{kind}: {outcome}".replace("_", " "))
            case SessionEnded(reason=reason):
                return replace(row, ended=reason)
        return row


class Rows:
    """All calls that run, and the last that ended.

    Args:
        max_ended: how many ended calls are kept.
    """

    def __init__(self, *, max_ended: int = 20) -> None:
        self._max_ended = max_ended
        self._running: dict[str, Row] = {}
        self._ended: dict[str, Row] = {}

    def take(self, event: Event) -> None:
        """Take an event in."""
        session = event.session
        if session in self._ended:
            return
        row = self._running.pop(session, Row(session)).after(event)
        if row.ended is None:
            self._running[session] = row
            return
        self._ended[session] = row
        while len(self._ended) > self._max_ended:
            del self._ended[next(iter(self._ended))]

    def forget_running(self) -> None:
        """The server was started anew: no call of before runs any more."""
        self._running.clear()

    def sorted(self) -> list[Row]:
        """The calls that need eyes first, and among them the newest state first."""
        rows = [*self._running.values(), *self._ended.values()]
        return sorted(rows, key=lambda row: (row.worry, -_stamp(row)))


def _stamp(row: Row) -> float:
    return row.since.timestamp() if row.since is not None else 0.0
