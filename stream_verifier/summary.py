"""What a call's events amount to, kept up to date with each, so that no list reads them all."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

KEPT_ENDED = 200
KEPT_FOR = timedelta(hours=24)


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
            return {
                "mode": event["mode"],
                "identity": event["identity"],
                "started_at": event["wall"],
                "state": "waiting" if event["mode"] == "verify" else None,
            }
        case "state_changed":
            return {"state": event["state"], "reasons": tuple(event["reasons"])}
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
    """The last calls that ended, for a day at most."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, CallSummary] = OrderedDict()

    def add(self, call: CallSummary, now: datetime) -> None:
        """Keep one that ended, if only by failing without a last event; the oldest makes room.

        Args:
            call: all that its events told.
            now: an aware time.
        """
        if call.ended_at is None:
            call = replace(call, ended_at=now.isoformat(), end_reason="error")
        self._calls[call.session] = call
        if len(self._calls) > KEPT_ENDED:
            self._calls.popitem(last=False)

    def list(self, now: datetime) -> list[CallSummary]:
        """Those of the last day, the oldest first; older ones are forgotten.

        Args:
            now: an aware time.
        """
        for session, call in list(self._calls.items()):
            if call.ended_at and now - datetime.fromisoformat(call.ended_at) <= KEPT_FOR:
                break
            del self._calls[session]
        return [*self._calls.values()]
