"""The decision's table: what channels beside face and voice do to a verdict.

Face and voice have a filter of their own (`belief`), since each may be the person's while the
other is not. Every further channel answers one question with yes or no, and is a row here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

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
        worth: how much each LLR adds; None: each is all that the channel has come to know so far,
            in place of what it said before.
        lasts_s: mean life of what it said, in seconds of media time.
        ceiling: its log-odds stay within this much of even odds.
        hold_below: log-odds below which the call is not verified.
        vouch_from: log-odds from which on it is told to be good; None: it never is.
        clear_from: log-odds from which on it does no more; by default the same.
        reject_at: log-odds down from which it is rejected; None: it never rejects.
        enforced: whether it does that; otherwise its reason is named, and the state stays as it is.
    """

    channel: str
    reason: Reason
    worth: Worth | None
    lasts_s: float
    ceiling: float
    hold_below: float
    vouch_from: float | None = None
    clear_from: float | None = None
    reject_at: float | None = None
    enforced: bool = True

    @property
    def clears(self) -> float:
        """Log-odds from which on a call that was held back is so no more."""
        return self.hold_below if self.clear_from is None else self.clear_from


def _presence(
    channel: str,
    reason: Reason,
    *,
    hold_below: float,
    clear_from: float | None = None,
    vouch_from: float | None = None,
) -> ChannelRule:
    """A row of the channel that asks whether somebody is there, and weighs its evidence itself."""
    return ChannelRule(
        channel=channel,
        reason=reason,
        worth=None,
        lasts_s=60.0,
        ceiling=8.0,
        hold_below=hold_below,
        clear_from=clear_from,
        vouch_from=vouch_from,
    )


PRESENCE = (
    _presence("surface", Reason.PRESENTATION_SUSPECTED, hold_below=-5.0, clear_from=0.0),
    _presence(
        "mouth", Reason.SPEAKER_NOT_ON_CAMERA, hold_below=-5.0, clear_from=0.0, vouch_from=1.5
    ),
    _presence("lips", Reason.LIPS_DO_NOT_MATCH, hold_below=-2.5, clear_from=-0.5),
    _presence("repeat", Reason.NO_SIGN_OF_LIFE, hold_below=-3.0, clear_from=-0.5),
)
"""Whether somebody is there. None of it rejects: it was measured on simulated attacks only."""

CHALLENGE = _presence(
    "challenge",
    Reason.CHALLENGE_NOT_PASSED,
    hold_below=-0.5,
    clear_from=-0.25,
    vouch_from=1.0,
)
"""Whether somebody does what he is asked for. It weighs its evidence itself, and rejects nobody."""

TABLE: tuple[ChannelRule, ...] = ()
"""The rows of a decision that is given none."""


def presence_rules(*, enforced: bool) -> tuple[ChannelRule, ...]:
    """The rows for presence; where they are not enforced, it is only told."""
    return tuple(replace(rule, enforced=enforced) for rule in PRESENCE)


def challenge_rule(*, enforced: bool) -> ChannelRule:
    """The row for challenges; likewise."""
    return replace(CHALLENGE, enforced=enforced)


class Standing:
    """Where a call stands by one row of the table.

    Args:
        rule: the row.
    """

    def __init__(self, rule: ChannelRule) -> None:
        self.rule = rule
        self.odds = 0.0
        self._freshness = None if rule.worth is None else Freshness(rule.worth)
        self._doubts = False

    def forget(self) -> None:
        """What comes next follows on nothing."""
        self.odds = 0.0
        self._doubts = False
        if self._freshness is not None:
            self._freshness.forget()

    def update(self, reading: Reading, now_s: float, elapsed_s: float) -> None:
        """Let the past fade and take one reading in; times in seconds of media time."""
        self.odds *= math.exp(-max(0.0, elapsed_s) / self.rule.lasts_s)
        if self._freshness is not None:
            span_s = reading.span_s or (now_s, now_s)
            self.odds += self._freshness.evidence(reading.llr, *span_s)
        elif reading.llr is not None:
            self.odds = reading.llr
        self.odds = min(self.rule.ceiling, max(-self.rule.ceiling, self.odds))
        self._doubts = self.odds < (self.rule.clears if self._doubts else self.rule.hold_below)

    @property
    def doubts(self) -> bool:
        """Whether its reason is to be named."""
        return self._doubts

    @property
    def vouches(self) -> bool:
        """Whether it speaks for the call."""
        return self.rule.vouch_from is not None and self.odds >= self.rule.vouch_from

    @property
    def holds_back(self) -> bool:
        """Whether the call may not be verified."""
        return self.rule.enforced and self.doubts

    @property
    def rejects(self) -> bool:
        """Whether the call is rejected."""
        rule = self.rule
        return rule.enforced and rule.reject_at is not None and self.odds <= rule.reject_at
