from __future__ import annotations

from typing import Any

import pytest

from stream_verifier.media.types import AudioChunk, VideoFrame
from stream_verifier.verify.self_test import Workload, call_cost
from stream_verifier.verify.stages import StageTimes, TimedEars, TimedEyes


class Costly:
    """Windows and towers whose work takes so long, slower the first time."""

    def __init__(self, first: float) -> None:
        self.now_s, self.factor, self.rounds = 0.0, first, 0

    def __call__(self) -> float:
        return self.now_s

    def work(self, seconds: float) -> None:
        self.now_s += self.factor * seconds

    def feed(self, item: AudioChunk | VideoFrame) -> None:
        self.work(0.002 if isinstance(item, AudioChunk) else 0.005)

    def embed_face(self, window: object) -> None:
        self.work(0.01)

    def embed_voice(self, window: object) -> None:
        self.work(0.04)
        self.factor = 1.0
        self.rounds += 1

    def workload(self) -> Workload:
        me: Any = self
        return Workload(windows=me, towers=me, looks_per_s=2.0, scores_per_s=1.0, speech_s=3.0)


COST_S = 10 * 0.002 + 2 * 0.005 + 0.01 + 0.75 * 0.04


def test_a_call_costs_what_its_second_takes_once_all_was_touched() -> None:
    machine = Costly(first=3.0)
    assert call_cost(machine.workload, clock=machine) == pytest.approx(COST_S)
    assert machine.rounds == 2


def test_on_a_slow_machine_one_round_is_enough() -> None:
    machine = Costly(first=20.0)
    assert call_cost(machine.workload, clock=machine) == pytest.approx(20 * COST_S)
    assert machine.rounds == 1


def test_time_is_counted_by_stage() -> None:
    now_s = [0.0]

    class Slow:
        settled_s = 4.5

        def push(self, chunk: object) -> list[object]:
            now_s[0] += 0.25
            return [chunk]

        def look(self, frame: object) -> object:
            now_s[0] += 1.0
            raise ValueError("of a broken picture")

        def flush(self) -> None: ...

        def reset(self) -> None: ...

        def skip(self) -> None: ...

        def speech_between(self, start_s: float, end_s: float) -> float:
            return end_s - start_s

        def soft_between(self, start_s: float, end_s: float) -> float:
            return start_s

    stages, slow = StageTimes(clock=lambda: now_s[0]), Slow()
    parts: Any = slow
    ears, eyes = TimedEars(parts, stages), TimedEyes(parts, stages)
    heard: Any = "sound"
    assert [ears.push(heard), ears.push(heard)] == [["sound"], ["sound"]]
    assert (ears.settled_s, ears.speech_between(1.0, 3.0)) == (4.5, 2.0)
    assert ears.soft_between(1.0, 3.0) == 1.0
    with pytest.raises(ValueError, match="broken"):
        eyes.look(heard)
    unused = {"face": 0, "voice": 0, "presence": 0}
    assert stages.seconds == {"speech": 0.5, "look": 1.0, **unused}
    assert stages.times == {"speech": 2, "look": 1, **unused}
