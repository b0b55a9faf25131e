"""Which media is an answer, when a challenge is over, and what it is worth."""

from __future__ import annotations

from typing import Any, cast

import pytest

from model.runtime.detect import FaceDetector
from model.runtime.mesh import FaceMesh
from stream_verifier.events.schema import ChallengeResult
from stream_verifier.media.burst import BurstWish
from stream_verifier.media.types import MediaGap, VideoFrame
from stream_verifier.verify.channels.challenge.account import Account
from stream_verifier.verify.channels.challenge.channel import ChallengeChannel
from stream_verifier.verify.channels.challenge.kind import Challenge, Task
from stream_verifier.verify.table import Standing, challenge_rule
from stream_verifier.windows.senses import Ears
from tests.support.turning_heads import RATE_HZ, KnowingMesh, path, seen
from tests.verify.challenge.test_turn_head import IMAGE, KnowingDetector
from tests.verify.presence.test_channel import window

TASK = Task(kind="turn_head", within_s=13.0, turns=("left", "right"))


def make(faces: Any = ()) -> ChallengeChannel:
    return ChallengeChannel(
        detector=cast("FaceDetector", KnowingDetector(faces)),
        ears=cast("Ears", None),
        models=None,
        mesh=cast("FaceMesh", KnowingMesh()),
        burst=BurstWish(),
    )


def show(channel: ChallengeChannel, count: int, *, from_s: float, late_s: float = 0.1) -> None:
    for step in range(count):
        at_s = from_s + step / RATE_HZ
        channel.take(VideoFrame(IMAGE, at_s, arrived_s=at_s + late_s, burst=True))


def only(results: list[ChallengeResult]) -> ChallengeResult:
    assert len(results) == 1
    return results[0]


def test_an_answer_is_measured_and_told_once() -> None:
    angles = [*path(("left", "right"))]
    channel = make(seen(one) for one in angles)
    channel.begin(Challenge("c1", TASK, 100.0))
    show(channel, len(angles), from_s=100.0)
    told = only(channel.results())
    assert (told.challenge, told.outcome) == ("c1", "passed")
    assert told.after_s == pytest.approx(len(angles) / RATE_HZ, abs=0.7)
    assert channel.results() == []


def test_media_that_arrived_before_the_question_is_no_answer() -> None:
    angles = [*path(("left", "right"))]
    channel = make(seen(one) for one in angles)
    channel.begin(Challenge("c1", TASK, 100.0 + len(angles) / RATE_HZ))
    show(channel, len(angles), from_s=100.0, late_s=0.0)
    assert channel.results() == []
    told = only(channel.results(now_s=200.0))
    assert (told.outcome, told.why) == ("not_measurable", "no_media")


def test_it_is_over_when_time_is_up_with_media_and_without() -> None:
    channel = make(seen(0) for _ in range(300))
    channel.begin(Challenge("c1", TASK, 100.0))
    show(channel, 150, from_s=100.0)
    assert channel.results(now_s=110.0) == []
    show(channel, 60, from_s=110.0)
    assert only(channel.results()).why == "no_turn"
    channel.begin(Challenge("c2", TASK, 120.0))
    assert channel.results(now_s=134.9) == []
    assert only(channel.results(now_s=135.1)).why == "no_media"


@pytest.mark.parametrize("why", ["skipped", "another_way"])
def test_skipping_is_no_answer_and_another_id_skips_nothing(why: str) -> None:
    channel = make(seen(0) for _ in range(30))
    channel.begin(Challenge("c1", TASK, 100.0))
    show(channel, 3, from_s=100.0)
    channel.drop("c0", why)
    assert channel.results() == []
    channel.drop("c1", why)
    told = only(channel.results())
    assert (told.outcome, told.why) == ("unanswered", why)


def test_another_connection_and_the_end_of_the_call_end_it() -> None:
    channel = make(seen(0) for _ in range(30))
    channel.begin(Challenge("c1", TASK, 100.0))
    show(channel, 3, from_s=100.0)
    channel.take(MediaGap("video", 100.2, 104.0, "reconnected"))
    assert only(channel.results()).why == "connection"
    channel.begin(Challenge("c2", TASK, 105.0))
    assert only(channel.finish()).why == "call_ended"


def test_pictures_in_quick_succession_come_while_it_is_open() -> None:
    wish = BurstWish()
    channel = ChallengeChannel(
        detector=cast("FaceDetector", KnowingDetector(seen(0) for _ in range(300))),
        ears=cast("Ears", None),
        models=None,
        mesh=cast("FaceMesh", KnowingMesh()),
        burst=wish,
    )
    channel.begin(Challenge("c1", TASK, 100.0))
    granted = 0
    for step in range(20 * 25):
        at_s = 100 + step / 25
        if wish.grants(at_s) or step % 12 == 0:
            granted += 1
            channel.take(VideoFrame(IMAGE, at_s, arrived_s=at_s, burst=True))
    assert 13 * 14 < granted < 17 * 15 + 20
    assert only(channel.results()).measured.pictures > 150


def nats(channel: ChallengeChannel, at_s: float) -> float | None:
    return channel.read(window(at_s), wanted=frozenset()).each[0].llr


def test_what_was_passed_vouches_for_a_minute_and_not_over_a_cut() -> None:
    angles = [*path(("left", "right"))]
    channel = make(seen(one) for one in angles)
    assert nats(channel, 99.0) is None
    channel.begin(Challenge("c1", TASK, 100.0))
    show(channel, len(angles), from_s=100.0)
    channel.results()
    assert nats(channel, 105.0) == pytest.approx(3.0, abs=0.05)
    channel.take(MediaGap("video", 105.0, 107.0, "network"))
    assert nats(channel, 108.0) == 0.0


@pytest.mark.parametrize(
    ("outcomes", "left"),
    [
        ([("failed", True)], -4.0),
        ([("unanswered", True)], -1.0),
        ([("not_measurable", False)], -1.0),
        ([("unanswered", True), ("passed", False)], 0.0),
        ([("failed", True), ("passed", False)], -4.0),
        ([("failed", True), ("passed", True)], 3.0),
        ([("passed", True), ("unanswered", False)], -1.0),
        ([("passed", True), ("passed", False)], 3.0),
        ([("failed", True), ("unanswered", False)], -4.0),
    ],
)
def test_a_weaker_way_makes_good_for_no_answer_and_not_for_a_wrong_one(
    outcomes: Any, left: float
) -> None:
    account = Account()
    for outcome, vouches in outcomes:
        account.note(outcome, vouches=vouches, now_s=10.0)
    assert account.nats(10.0) == left
    account.forget()
    assert account.nats(10.0) == min(left, 0.0)


def test_doubt_by_a_challenge_holds_back_rejects_nobody_and_ends() -> None:
    for outcome, ends_s in (("unanswered", 84.0), ("failed", 167.0)):
        account, standing = Account(), Standing(challenge_rule(enforced=True))
        account.note(outcome, vouches=True, now_s=0.0)  # type: ignore[arg-type]
        held = []
        for second in range(1, 200):
            reading = make().read(window(1.0), wanted=frozenset()).each[0]
            reading = type(reading)("challenge", llr=account.nats(float(second)))
            standing.update(reading, float(second), 1.0)
            held.append(standing.holds_back)
            assert not standing.rejects
        assert held.index(False) + 1 == pytest.approx(ends_s, abs=1.5)
        assert not any(held[held.index(False) :])


def test_only_what_can_be_measured_is_offered() -> None:
    assert make().kinds == ("turn_head", "watch_colours")
