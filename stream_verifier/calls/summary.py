"""What a call's events amount to, kept up to date with each, so that no list reads them all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal


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
    totals: dict[str, Any] | None = None

    def after(self, event: dict[str, Any]) -> CallSummary:
        """The summary with one more event, as it goes over the wire."""
        media_s = max(self.media_s, event["media_s"])
        return replace(self, seq=event["seq"], media_s=media_s, **_told_by(event))


def _told_by(event: dict[str, Any]) -> dict[str, Any]:
    match event["type"]:
        case "session_started":
            verifying = event["mode"] == "verify"
            return {
                "mode": event["mode"],
                "identity": event["identity"],
                "started_at": event["wall"],
                "state": "waiting" if verifying else None,
                "state_since": event["wall"] if verifying else None,
            }
        case "state_changed":
            return {
                "state": event["state"],
                "state_since": event["wall"],
                "reasons": tuple(event["reasons"]),
            }
        case "score":
            return {"score_age_s": event["age_s"]}
        case "session_ended":
            return {
                "ended_at": event["wall"],
                "end_reason": event["reason"],
                "totals": event["totals"],
            }
    return {}


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
