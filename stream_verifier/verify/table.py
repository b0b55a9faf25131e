"""The decision's table: what channels beside face and voice do to a verdict.

Face and voice have a filter of their own (`belief`), since each may be the person's while the
other is not. Every further channel answers one question with yes or no, and is a row here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from stream_verifier.events.schema import Reason
from stream_verifier.verify.channels.channel import Reading
from stream_verifier.verify.freshness import Freshness
from stream_verifier.verify.operating import Worth


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRule:
    """One row: how a channel's evidence adds up and what it can do.

    Attributes:
        channel: whose readings.
        reason: named where it holds a call back or rejects it.
        worth: how much its LLRs count.
        lasts_s: mean life of what it said, in seconds of media time.
        ceiling: its log-odds stay within this much of even odds.
        hold_below: log-odds below which the call is not verified.
        reject_at: log-odds down from which it is rejected; None: it never rejects.
    """

    channel: str
    reason: Reason
    worth: Worth
    lasts_s: float
    ceiling: float
    hold_below: float
    reject_at: float | None = None


TABLE: tuple[ChannelRule, ...] = ()
"""One row a further channel; there is none yet."""


class Standing:
    """Where a call stands by one row of the table.

    Args:
        rule: the row.
    """

    def __init__(self, rule: ChannelRule) -> None:
        self.rule = rule
        self.odds = 0.0
        self._freshness = Freshness(rule.worth)

    def forget(self) -> None:
        """What comes next follows on nothing."""
        self.odds = 0.0
        self._freshness.forget()

    def update(self, reading: Reading, now_s: float, elapsed_s: float) -> None:
        """Let the past fade and take one reading in; times in seconds of media time."""
        self.odds *= math.exp(-max(0.0, elapsed_s) / self.rule.lasts_s)
        span_s = reading.span_s or (now_s, now_s)
        self.odds += self._freshness.evidence(reading.llr, *span_s)
        self.odds = min(self.rule.ceiling, max(-self.rule.ceiling, self.odds))

    @property
    def holds_back(self) -> bool:
        """Whether the call may not be verified."""
        return self.odds < self.rule.hold_below

    @property
    def rejects(self) -> bool:
        """Whether the call is rejected."""
        return self.rule.reject_at is not None and self.odds <= self.rule.reject_at
