"""A further channel takes part by a row of the decision's table and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace

import pytest

from stream_verifier.events.schema import PRESENCE_REASONS, Reason, Score, State
from stream_verifier.media.types import MediaItem
from stream_verifier.verify.channels.channel import Reading, Readings
from stream_verifier.verify.decision import Decision, DecisionSettings
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import Worth
from stream_verifier.verify.pipeline import VerifyPipeline
from stream_verifier.verify.table import CHALLENGE, PRESENCE, ChannelRule, Standing
from stream_verifier.windows.types import Window
from tests.support.decision_media import EVIDENCE, POINT, observe
from tests.verify.test_pipeline import SECOND, ScriptedWindows, identity, window

RULE = ChannelRule(
    channel="hum",
    reason=Reason.NOISY_AUDIO,
    worth=Worth(first=1.0, per_s=1.0, limit=3.0),
    lasts_s=60.0,
    ceiling=5.0,
    hold_below=-1.0,
    reject_at=-4.0,
)


class HumChannel:
    """Says the same of every window."""

    names = ("hum",)

    def __init__(self, llr: float | None) -> None:
        self._llr = llr
        self.taken: list[MediaItem] = []

    def take(self, item: MediaItem) -> None:
        self.taken.append(item)

    def sense(self, window: Window) -> tuple[Reading, ...]:
        return (Reading("hum", sensed=True),)

    def forget(self) -> None:
        """Nothing is known of anybody."""

    def read(self, window: Window, *, wanted: frozenset[str], busy: bool = False) -> Readings:
        llr = self._llr if "hum" in wanted else None
        return Readings((Reading("hum", sensed=True, llr=llr),))


def call(hum: HumChannel, row: ChannelRule = RULE, *, windows: int = 3) -> VerifyPipeline:
    return VerifyPipeline(
        windows=ScriptedWindows(*(window(float(at_s)) for at_s in range(1, windows + 1))),
        channels=[identity(), hum],
        decision=Decision(evidence=EVIDENCE, point=POINT, table=[row]),
    )


def states(pipeline: VerifyPipeline, windows: int = 3) -> list[tuple[State, tuple[Reason, ...]]]:
    seen = []
    for _ in range(windows):
        pipeline.feed(SECOND)
        seen.append((pipeline.verdict.state, pipeline.verdict.reasons))
    return seen


@pytest.mark.parametrize("llr", [None, 0.0, 2.0, -0.5])
def test_a_channel_that_has_nothing_against_it_changes_nothing(llr: float | None) -> None:
    assert states(call(HumChannel(llr)), 1) == [(State.VERIFIED, ())]


def test_a_doubtful_channel_holds_a_call_back_and_says_why() -> None:
    assert states(call(HumChannel(-2.0)), 1) == [(State.UNCERTAIN, (Reason.NOISY_AUDIO,))]


def test_a_channel_rejects_where_its_row_lets_it() -> None:
    assert states(call(HumChannel(-3.0)))[-1] == (State.REJECTED, (Reason.NOISY_AUDIO,))


def test_a_channel_takes_all_media_and_stays_off_a_wire_that_does_not_name_it() -> None:
    hum = HumChannel(1.0)
    score = next(one for one in call(hum).feed(SECOND) if isinstance(one, Score))
    assert hum.taken == [SECOND]
    assert score.fused is not None
    assert score.fused.of == ["face", "voice"]
    assert "hum" not in score.model_dump()


@pytest.fixture
def after() -> Callable[[float], float]:
    """The odds of a standing some seconds after one reading of 2."""

    def odds(seconds: float) -> float:
        standing = Standing(RULE)
        standing.update(Reading("hum", llr=2.0), 10.0, 0.0)
        standing.update(Reading("hum"), 10.0 + seconds, seconds)
        return standing.odds

    return odds


def test_what_a_channel_said_fades(after: Callable[[float], float]) -> None:
    assert after(0.0) == 2.0
    assert after(60.0) == pytest.approx(2.0 / 2.71828, rel=1e-4)


def test_a_channels_evidence_is_bounded_and_forgotten() -> None:
    standing = Standing(RULE)
    for second in range(1, 20):
        standing.update(Reading("hum", llr=9.0), float(second), 1.0)
    assert standing.odds == RULE.ceiling
    standing.forget()
    assert standing.odds == 0.0


def follow(rule: ChannelRule, *llrs: float) -> list[Standing]:
    """A standing as it is after each reading."""
    standing, seen = Standing(rule), []
    for second, llr in enumerate(llrs):
        standing.update(Reading("hum", llr=llr), float(second), 1.0)
        seen.append(copy(standing))
    return seen


def test_a_channel_that_remembers_itself_says_all_it_knows_each_time() -> None:
    whole = replace(RULE, worth=None)
    assert [one.odds for one in follow(whole, -0.9, -0.9, -3.0, 1.0)] == [-0.9, -0.9, -3.0, 1.0]


def test_a_call_that_was_held_back_is_so_until_its_channel_is_clear() -> None:
    sticky = replace(RULE, worth=None, clear_from=0.0)
    assert [one.holds_back for one in follow(sticky, -0.5, -1.5, -0.5, 0.5)] == [
        False,
        True,
        True,
        False,
    ]


def test_what_is_only_observed_is_told_and_changes_no_state() -> None:
    observed = replace(RULE, worth=None, enforced=False)
    last = follow(observed, -4.5)[-1]
    assert (last.doubts, last.holds_back, last.rejects) == (True, False, False)
    pipeline = call(HumChannel(-4.5), observed)
    assert states(pipeline, 1) == [(State.VERIFIED, (Reason.NOISY_AUDIO,))]


@pytest.mark.parametrize(("llr", "presence"), [(-2.0, -1), (0.5, 0), (2.0, 1)])
def test_whether_somebody_is_there_is_told_with_each_score(llr: float, presence: int) -> None:
    row = replace(RULE, vouch_from=1.5)
    score = next(one for one in call(HumChannel(llr), row).feed(SECOND) if isinstance(one, Score))
    assert score.presence == presence


MOUTH = replace(RULE, worth=None, vouch_from=1.5, reject_at=None)


def required(*said: tuple[Observation, float | None]) -> list[tuple[State, bool]]:
    """A call in which presence is required: its states, and whether it was told to lack that.

    Args:
        said: what each window shows, and all that a mouth has come to.
    """
    settings = DecisionSettings(presence_first=True)
    decision = Decision(evidence=EVIDENCE, point=POINT, settings=settings, table=[MOUTH])
    seen = []
    for observation, llr in said:
        mouth = Reading("hum", sensed=True, llr=llr)
        whole = replace(observation, readings=(*observation.readings, mouth))
        verdict = decision.update(whole)
        seen.append((verdict.state, Reason.PRESENCE_NOT_SHOWN in verdict.reasons))
    return seen


LACKS, SHOWN = (State.UNCERTAIN, True), (State.VERIFIED, False)


def test_where_presence_is_required_nobody_is_verified_before_it_was_seen() -> None:
    said = [(observe(at_s, 8, 8), llr) for at_s, llr in enumerate((0.0, 1.4, 1.6, 0.9, -0.9), 1)]
    assert required(*said) == [LACKS, LACKS, SHOWN, SHOWN, SHOWN]
    assert required(*said[2:], (observe(6, 8, 8), -1.1))[-1] == (State.UNCERTAIN, False)


def test_what_was_seen_of_another_face_or_before_a_cut_counts_no_more() -> None:
    begun = (observe(1, 8, 8), 2.0)
    cut = observe(2, 8, 8, notes=("media_gap",))
    assert required(begun, (cut, 0.0), (observe(3, 8, 8), 2.0)) == [SHOWN, LACKS, SHOWN]
    other = [(observe(at_s, 8, 8, track=1), llr) for at_s, llr in ((2, 0.0), (3, 0.0), (4, 2.0))]
    assert required(begun, *other) == [SHOWN, LACKS, LACKS, SHOWN]
    gone = [(observe(float(at_s)), None) for at_s in range(2, 6)]
    assert required(begun, *gone, (observe(6, 8, 8), 0.0))[-1] == LACKS


def test_without_anybody_who_asks_a_required_presence_is_never_shown() -> None:
    decision = Decision(
        evidence=EVIDENCE, point=POINT, settings=DecisionSettings(presence_first=True)
    )
    pipeline = VerifyPipeline(
        windows=ScriptedWindows(window(1.0)), channels=[identity()], decision=decision
    )
    assert states(pipeline, 1) == [(State.UNCERTAIN, (Reason.PRESENCE_NOT_SHOWN,))]


def test_each_row_for_presence_has_a_reason_that_is_known_to_be_one() -> None:
    assert {rule.reason for rule in (*PRESENCE, CHALLENGE)} == PRESENCE_REASONS
