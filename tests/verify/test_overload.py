"""More calls than there is time for, on a clock of their own: what each thing costs is given."""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass, field

import numpy as np
import pytest

from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.sampler import FrameSampler
from stream_verifier.media.types import AudioChunk, MediaItem, VideoFrame
from stream_verifier.verify.schedule import UNSURE, Schedule, Turn, Waiting, Work

SECONDS = 40.0
SPEECH_S, LOOK_S, BURST_PICTURE_S, SCORE_S = 0.0126, 0.012, 0.0047, 0.037
"""The worker's time for a second of speech, a look, a picture of a burst and a window: as measured
where the machine is busy."""
HOP_S, BURST_S = 1.15, 3.5
SOUND, PIXELS = np.zeros(320, np.int16), np.zeros((2, 2, 3), np.uint8)


@dataclass
class Call:
    """One that talks all the time, and whom nobody is sure of."""

    number: int
    inbox: MediaInbox = field(default_factory=MediaInbox)
    window_due_s: float = HOP_S
    window_s: float | None = None
    burst_due_s: float = 0.0
    scored_s: list[float] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sampler = FrameSampler(2.0, random.Random(self.number))

    def arrive(self, at_s: float, step: int) -> None:
        """Sound each 20 ms, and pictures 25 times a second, as they are picked."""
        self.inbox.put(AudioChunk(SOUND, at_s - 0.02, at_s))
        if step % 2:
            return
        if self.sampler.wants(at_s, sparing=self.inbox.behind):
            self.inbox.put(VideoFrame(PIXELS, at_s, at_s))
        elif self.inbox.burst.grants(at_s):
            self.inbox.put(VideoFrame(PIXELS, at_s, at_s, burst=True))

    def hear(self, now_s: float) -> float:
        """Return what it costs."""
        cost_s = sum(map(cost_of, self.inbox.drain(now_s)))
        if now_s >= self.window_due_s:
            self.window_s, self.window_due_s = now_s, now_s + HOP_S
        return cost_s

    def score(self, turn: Turn[Call], now_s: float) -> float:
        """Return what it costs, and ask for a burst as presence does."""
        self.window_s = None
        self.scored_s.append(now_s)
        self.lags_s.append(now_s + SCORE_S - turn.since_s)
        if now_s >= self.burst_due_s:
            self.burst_due_s = now_s + (20.0 if turn.busy else 5.0)
            self.inbox.burst.ask(BURST_S, firm=turn.busy)
        return SCORE_S

    def __hash__(self) -> int:
        return self.number


def cost_of(item: MediaItem) -> float:
    match item:
        case AudioChunk():
            return SPEECH_S * len(item.samples) / 16_000
        case VideoFrame():
            return BURST_PICTURE_S if item.burst else LOOK_S
        case _:
            return 0.0


def play(count: int) -> list[Call]:
    """Have one worker serve so many calls."""
    calls = [Call(number) for number in range(count)]
    schedule: Schedule[Call] = Schedule()
    arrivals = [(0.02 + call.number / 1000, 0, call.number) for call in calls]
    for call in calls:
        schedule.add(call, 0.0)
    now_s = 0.0
    while now_s < SECONDS:
        while arrivals[0][0] <= now_s:
            at_s, step, number = heapq.heappop(arrivals)
            calls[number].arrive(at_s, step)
            schedule.media_waits(calls[number], at_s)
            heapq.heappush(arrivals, (at_s + 0.02, step + 1, number))
        turn = schedule.next(now_s)
        if turn is None:
            due_s = schedule.due_in_s(now_s)
            now_s = max(now_s + 1e-3, min(arrivals[0][0], now_s + (due_s or 0.0)))
            continue
        cost_s = 3e-4
        if turn.work is Work.HEAR:
            cost_s += turn.call.hear(now_s)
        elif turn.work is Work.SCORE:
            cost_s += turn.call.score(turn, now_s)
        else:
            turn.call.window_s = None
        now_s += cost_s
        since_s = turn.call.window_s
        schedule.window_waits(turn.call, None if since_s is None else Waiting(since_s, UNSURE))
        schedule.done(turn, now_s, cost_s)
    return calls


def unheard(calls: list[Call]) -> float:
    return max(call.inbox.stats.audio_overrun_s for call in calls) / SECONDS


def longest_unscored_s(calls: list[Call]) -> float:
    return max(b - a for call in calls for a, b in itertools.pairwise([0.0, *call.scored_s]))


def lag_s(calls: list[Call]) -> float:
    return float(np.percentile([lag for call in calls for lag in call.lags_s], 95))


def looks_per_s(calls: list[Call]) -> float:
    return sum(call.inbox.stats.video_frames for call in calls) / len(calls) / SECONDS


def test_with_time_for_all_everything_is_looked_at_at_once() -> None:
    calls = play(6)
    assert unheard(calls) == 0.0
    assert lag_s(calls) < 0.15
    assert longest_unscored_s(calls) < 2 * HOP_S
    assert looks_per_s(calls) == pytest.approx(2.0, rel=0.05)
    assert sum(call.inbox.stats.burst_frames_dropped for call in calls) == 0


@pytest.mark.parametrize(("count", "most_unheard"), [(10, 0.0), (16, 0.15)])
def test_with_too_little_time_looks_and_bursts_and_scores_give_way_to_sound(
    count: int, most_unheard: float
) -> None:
    """Of 16 calls the worst off loses 0.10 to 0.12 of its sound, as rounding has it; 0.21 were lost
    before anything gave way."""
    calls = play(count)
    assert unheard(calls) <= most_unheard
    assert looks_per_s(calls) < 1.75
    assert longest_unscored_s(calls) < 6.0  # or nobody would stay verified
    assert max(lag for call in calls for lag in call.lags_s) < 1.0
