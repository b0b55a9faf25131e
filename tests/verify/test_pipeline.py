from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from model.types import (
    Comparison,
    FaceQuality,
    FaceSample,
    Reference,
    VoiceQuality,
    VoiceSample,
)
from stream_verifier.events.schema import Gap, MediaStarted, Score, State, StateChanged
from stream_verifier.media.types import OVERRUN, AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.verify.channels.identity import IdentityChannel
from stream_verifier.verify.pipeline import VerifyPipeline
from stream_verifier.verify.schedule import CALM, UNSURE, Waiting
from stream_verifier.windows.types import FaceCrop, SpeechWindow, Window
from tests.support.decision_media import make_decision

FACE = FaceSample(np.ones(128, np.float32), FaceQuality(100, 100, 0, 0, 0.5, 0.2, 0.9))
VOICE = VoiceSample(np.ones(192, np.float32), VoiceQuality(3, 30, -20))
REFERENCE = Reference("m", FACE.vector, VOICE.vector, 3, 9)
SECOND = AudioChunk(np.zeros(16_000, np.int16), 0.0)


def window(end_s: float, *, arrived_s: float | None = None) -> Window:
    return Window(
        start_s=end_s - 1,
        end_s=end_s,
        face=None,
        speech=None,
        faces_seen=1,
        boxes=((0.1, 0.1, 0.5, 0.5),),
        video_frames=2,
        speech_s=1.0,
        notes=(),
        arrived_s=arrived_s,
    )


class ScriptedWindows:
    """Gives one window an item."""

    def __init__(self, *windows: Window) -> None:
        self._windows = list(windows)

    def feed(self, item: MediaItem) -> Iterator[Window]:
        yield from [self._windows.pop(0)] if self._windows else []

    def flush(self) -> Iterator[Window]:
        yield from self._windows


class SameSamples:
    """Embeds anything as the same face and voice."""

    def embed_face(self, window: Window) -> FaceSample:
        return FACE

    def embed_crop(self, crop: FaceCrop) -> FaceSample:
        return FACE

    def embed_voice(self, window: Window) -> VoiceSample:
        return VOICE

    def embed_telephone(self, window: Window) -> VoiceSample:
        return VOICE


class AlwaysMated:
    name = "scripted"
    operating_points = {"fmr_1e-2": 2.0, "balanced": 0.0}

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Comparison:
        return (
            Comparison(0.9, 0.8, 5.0, 4.0, 4.0) if voice else Comparison(0.9, None, 5.0, None, 5.0)
        )


def identity() -> IdentityChannel:
    return IdentityChannel(reference=REFERENCE, embedder=SameSamples(), comparator=AlwaysMated())


def pipeline(*windows: Window, now: Callable[[], float] | None = None) -> VerifyPipeline:
    return VerifyPipeline(
        windows=ScriptedWindows(*windows),
        channels=[identity()],
        decision=make_decision(),
        now=now,
    )


def test_a_window_becomes_a_score_and_a_change_of_state() -> None:
    started, score, change = pipeline(window(1.0)).feed(SECOND)
    assert isinstance(started, MediaStarted)
    assert started.kind == "audio"
    assert isinstance(score, Score)
    assert score.fused is not None
    assert score.fused.llr == 4.0
    assert score.fused.of == ["face", "voice"]
    assert score.age_s is None
    assert isinstance(change, StateChanged)
    assert (change.previous, change.state) == (State.WAITING, State.VERIFIED)


def test_media_starts_once_a_kind() -> None:
    line = pipeline()
    picture = VideoFrame(np.zeros((4, 4, 3), np.uint8), 0.1)
    kinds = [p.type for item in (SECOND, SECOND, picture, picture) for p in line.feed(item)]  # type: ignore[attr-defined]
    assert kinds == ["media_started", "media_started"]


def test_of_windows_that_wait_the_newest_is_scored_and_the_others_are_told_unscored() -> None:
    line = pipeline(window(1.0, arrived_s=10.0), window(2.0, arrived_s=11.0), now=lambda: 11.5)
    line.take(SECOND)
    assert line.waiting == Waiting(10.0, UNSURE)
    (passed_over,) = [p for p in line.take(SECOND) if isinstance(p, Score)]
    assert (passed_over.end_s, passed_over.age_s) == (1.0, 1.5)
    assert passed_over.notes == ["overloaded"]
    assert passed_over.face is passed_over.voice is passed_over.fused is None
    assert line.waiting == Waiting(11.0, UNSURE)
    score, change = line.score()
    assert isinstance(score, Score)
    assert isinstance(change, StateChanged)
    assert (score.end_s, score.age_s, score.notes) == (2.0, 0.5, [])
    assert change.reasons == ["overloaded"]
    assert line.score() == line.skip() == []
    assert (line.windows, line.skipped) == (2, 1)


@pytest.mark.parametrize("late", [replace(SECOND, arrived_s=15.0), MediaGap("audio", 1, 11, "x")])
def test_what_came_late_is_no_overload(late: MediaItem) -> None:
    line = pipeline(window(1, arrived_s=5.0), now=lambda: 15.1)
    line.take(late)
    assert line.waiting == Waiting(getattr(late, "arrived_s", None) or 15.1, UNSURE)
    (score,) = [one for one in line.score() if isinstance(one, Score)]
    assert (score.age_s, score.notes) == (pytest.approx(10.1), [])


@pytest.mark.parametrize(
    "behind",
    [replace(SECOND, start_s=10.0, arrived_s=15.0), MediaGap("audio", 1.5, 10.0, OVERRUN)],
    ids=["a picture that was spared", "sound that was dropped"],
)
def test_what_was_waited_for_in_vain_makes_no_window_fresh(behind: MediaItem) -> None:
    line = pipeline(window(1, arrived_s=5.0), now=lambda: 15.1)
    line.take(behind)
    assert line.waiting is not None
    assert line.waiting.since_s < 5.8


def test_what_came_at_once_with_its_successor_is_passed_over_and_no_overload() -> None:
    line = pipeline(window(1.0, arrived_s=10.0), window(2.0, arrived_s=10.0), now=lambda: 10.2)
    line.take(replace(SECOND, arrived_s=10.0))
    (passed_over,) = [p for p in line.take(replace(SECOND, arrived_s=10.0)) if isinstance(p, Score)]
    assert (passed_over.face, passed_over.notes, line.skipped) == (None, [], 0)


def test_a_gap_is_told() -> None:
    (gap,) = pipeline().feed(MediaGap("video", 1.0, 2.5, "network"))
    assert isinstance(gap, Gap)
    assert (gap.kind, gap.start_s, gap.end_s, gap.reason) == ("video", 1.0, 2.5, "network")


def live(*windows: Window) -> VerifyPipeline:
    """A call whose first second of media arrived at 101 s."""
    line = pipeline(*windows, now=lambda: 101.0)
    line.feed(replace(SECOND, arrived_s=101.0))
    return line


def test_without_media_a_verdict_fades_to_absent() -> None:
    line = live(window(1.0))
    assert line.verdict.state is State.VERIFIED
    assert line.tick(101.9) == []
    (change,) = line.tick(107.0)
    assert isinstance(change, StateChanged)
    assert change.state is State.ABSENT
    assert change.media_s == pytest.approx(7.0, abs=0.1)


def test_a_call_whose_media_never_comes_is_absent() -> None:
    line = pipeline(now=lambda: 0.0)
    assert line.tick(50.0) == []
    (change,) = line.tick(53.0)
    assert isinstance(change, StateChanged)
    assert change.state is State.ABSENT


def test_media_whose_time_crawls_holds_no_verdict_up() -> None:
    line = live(window(1.0))
    told: list[StateChanged] = []
    crumb = np.zeros(40, np.int16)  # 2.5 ms
    for step in range(1, 40):
        arrived_s = 101.0 + 0.45 * step
        crawled = AudioChunk(crumb, 1.0 + 0.0025 * step, arrived_s)
        said = [*line.feed(crawled), *line.tick(arrived_s)]
        told += [one for one in said if isinstance(one, StateChanged)]
    assert [one.state for one in told] == [State.UNCERTAIN, State.ABSENT]
    assert told[-1].media_s < 6.0


def test_a_file_has_no_clock_but_its_own() -> None:
    line = pipeline(window(1.0))
    line.feed(SECOND)
    assert line.tick(1e6) == []


def test_the_end_scores_what_is_left() -> None:
    line = pipeline(window(1.0), window(2.0))
    line.feed(SECOND)
    assert [p.end_s for p in line.finish() if isinstance(p, Score)] == [2.0]
    assert line.windows == 2


def test_verdicts_never_run_backwards_after_a_standstill() -> None:
    line = live(window(1.0), window(2.0))
    line.tick(107.0)
    (_, change) = line.feed(replace(SECOND, arrived_s=107.0))
    assert isinstance(change, StateChanged)
    assert change.state is State.VERIFIED
    assert change.media_s == pytest.approx(7.0, abs=0.1)


def talk(seconds: int, *, arrived_s: float | None) -> list[Window]:
    """Windows of a second, each with speech."""
    fbank = np.zeros((300, 80), np.float32)
    return [
        replace(
            window(float(t), arrived_s=arrived_s),
            speech=SpeechWindow(fbank, t - 1.0, float(t), VOICE.quality),
        )
        for t in range(1, seconds + 1)
    ]


def scores_of(call: VerifyPipeline, windows: int, *, busy: bool) -> list[Score]:
    told = []
    for _ in range(windows):
        told += [*call.take(SECOND), *call.score(busy=busy)]
    return [payload for payload in told if isinstance(payload, Score)]


def test_a_calm_calls_voice_gives_way_where_the_worker_is_busy() -> None:
    silent = [window(float(t), arrived_s=0.0) for t in range(41, 46)]
    call = pipeline(*talk(40, arrived_s=0.0), *silent, now=lambda: 1.0)
    scores = scores_of(call, 45, busy=True)
    spared = [score for score in scores if score.spared]
    assert len(scores) == 45
    assert call.spared == len(spared) > 8
    assert all(score.voice is None and score.face is not None for score in spared)
    assert all(score.fused is not None and score.fused.of == ["face"] for score in spared)
    assert not any(score.spared for score in scores[:14])
    assert not any(score.spared for score in scores[40:])  # nothing there to be spared
    assert call.verdict.state is State.VERIFIED


def test_nothing_is_spared_where_the_worker_keeps_up() -> None:
    call = pipeline(*talk(40, arrived_s=0.0), now=lambda: 1.0)
    assert not any(score.spared for score in scores_of(call, 40, busy=False))


def test_nothing_is_spared_from_a_file() -> None:
    call = pipeline(*talk(40, arrived_s=None))
    told = [payload for _ in range(40) for payload in call.feed(SECOND)]
    assert not any(payload.spared for payload in told if isinstance(payload, Score))


def test_a_calm_call_that_looks_as_before_can_wait() -> None:
    call = pipeline(*talk(20, arrived_s=0.0), now=lambda: 1.0)
    scores_of(call, 5, busy=False)
    call.take(SECOND)
    assert call.waiting == Waiting(0.0, UNSURE)
    scores_of(call, 13, busy=False)
    call.take(SECOND)
    assert call.waiting == Waiting(0.0, CALM)


def test_media_that_never_was_live_is_scored_at_once() -> None:
    call = pipeline(window(1.0), window(2.0), now=lambda: 1.0)
    told = [*call.take(SECOND), *call.take(SECOND)]
    scores = [payload for payload in told if isinstance(payload, Score)]
    assert [(score.end_s, score.notes) for score in scores] == [(1.0, []), (2.0, [])]
    assert call.waiting is None
