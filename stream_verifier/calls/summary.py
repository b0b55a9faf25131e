"""What a call's events amount to, kept up to date with each, so that no list reads them all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from stream_verifier.events.event import Event
from stream_verifier.events.schema import (
    ChallengeAsked,
    ChallengeKind,
    ChallengeResult,
    ConnectionResumed,
    Origin,
    Score,
    SessionEnded,
    SessionStarted,
    State,
    StateChanged,
    Totals,
)


@dataclass(frozen=True, slots=True)
class CallSummary:
    """One call as its events so far tell it.

    Attributes:
        session: its id.
        mode: verify or enrol; None before it started.
        identity: the name it was started with.
        started_at: wall time of its first event, UTC.
        ended_at: wall time of its last one; None while it runs.
        end_reason: why it ended.
        state: the verdict; None in an enrolment and before the first.
        state_since: wall time at which it became so, UTC.
        reasons: why the verdict is so.
        media_s: media time of the newest event, in seconds.
        score_age_s: how old the newest media was when its score came, in seconds.
        seq: number of the newest event.
        totals: what it counted, once it ended.
        origin: where its media is fetched from now; None where its client sends it.
        challenges: how many were asked.
        challenges_passed: how many of them were passed.
        challenge_open: id and kind of the one that has no result yet.
    """

    session: str
    mode: Literal["verify", "enrol"] | None = None
    identity: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    end_reason: str | None = None
    state: str | None = None
    state_since: str | None = None
    reasons: tuple[str, ...] = ()
    media_s: float = 0.0
    score_age_s: float | None = None
    seq: int = 0
    totals: Totals | None = None
    origin: Origin | None = None
    challenges: int = 0
    challenges_passed: int = 0
    challenge_open: tuple[str, ChallengeKind] | None = None

    def after(self, event: Event) -> CallSummary:
        """The summary with one more event."""
        call = replace(self, seq=event.seq, media_s=max(self.media_s, event.media_s))
        match event.payload:
            case SessionStarted(mode=mode, identity=identity, origin=origin):
                call = replace(call, mode=mode, identity=identity, started_at=event.wall)
                call = replace(call, origin=origin)
                if mode == "verify":
                    call = replace(call, state=State.WAITING, state_since=event.wall)
            case StateChanged(state=state, reasons=reasons):
                call = replace(call, state=state, state_since=event.wall, reasons=tuple(reasons))
            case ConnectionResumed(origin=origin):
                call = replace(call, origin=origin)
            case Score(age_s=age_s):
                call = replace(call, score_age_s=age_s)
            case ChallengeAsked(challenge=challenge, kind=kind, number=number):
                # By its number: not all that came before may be held.
                call = replace(call, challenges=number, challenge_open=(challenge, kind))
            case ChallengeResult(outcome=outcome):
                passed = call.challenges_passed + (outcome == "passed")
                call = replace(call, challenges_passed=passed, challenge_open=None)
            case SessionEnded(reason=reason, totals=totals):
                call = replace(call, ended_at=event.wall, end_reason=reason, totals=totals)
        return call


class EndedCalls:
    """Calls that ended, each for as long as its events are held somewhere else."""

    def __init__(self) -> None:
        self._calls: dict[str, CallSummary] = {}

    def add(self, call: CallSummary, now: datetime, *, held: Collection[str]) -> None:
        """Keep one that ended, if only by failing without a last event.

        Args:
            call: all that its events told.
            now: an aware time.
            held: ids of the sessions whose events are held; others are forgotten.
        """
        if call.ended_at is None:
            call = replace(call, ended_at=now.isoformat(), end_reason="error")
        self._calls[call.session] = call
        self.list(held=held)

    def list(self, *, held: Collection[str]) -> list[CallSummary]:
        """Those whose events are held, in the order of their ends; others are forgotten.

        Args:
            held: ids of the sessions whose events are held.
        """
        for session in self._calls.keys() - set(held):
            del self._calls[session]
        return [*self._calls.values()]


def newest_first(
    here: Sequence[CallSummary], *, elsewhere: Sequence[CallSummary]
) -> list[CallSummary]:
    """All calls, each once.

    Args:
        here: that this worker has or had: those that ended, then those that run. What is known
            of a call here is newer than what came by the log.
        elsewhere: that any worker has or had.
    """
    if not elsewhere:
        return [*reversed(here)]
    known = {call.session: call for call in (*elsewhere, *reversed(here))}
    return sorted(known.values(), key=lambda call: call.started_at or "", reverse=True)
