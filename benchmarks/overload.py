"""More calls than one worker has time for, on a clock of its own: what becomes of each.

    python -m benchmarks.overload [--calls 6 8 10 12 14 16] [--slower 1.8] [--seconds 60]
        [--markdown docs/measurements/overload.md]

The engine, inboxes, windows and the decision are those that serve; what hearing, looking and
scoring take is given, so that any machine, however busy, says the same.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from benchmarks.capacity.figures import share_verified
from model.runtime.vad import FRAME, FRAME_S, VadFrame, VoiceActivityDetector
from model.runtime.weights import Weights
from model.types import Comparison, FaceQuality
from stream_verifier.events.schema import Payload, Score, State, StateChanged
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.sampler import FrameSampler
from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk, MediaItem, VideoFrame
from stream_verifier.verify.channels.channel import Reading, Readings
from stream_verifier.verify.channels.identity import FACE, VOICE, identity_readings
from stream_verifier.verify.channels.presence.pace import BURST_S, BurstPace, BurstTurns
from stream_verifier.verify.decision import Decision
from stream_verifier.verify.engine import Engine
from stream_verifier.verify.operating import DecisionModel
from stream_verifier.verify.pipeline import VerifyPipeline
from stream_verifier.windows.assemble import WindowAssembler
from stream_verifier.windows.looks import Look
from stream_verifier.windows.settings import WindowSettings
from stream_verifier.windows.speech import SpeechWindower
from stream_verifier.windows.types import FaceCrop, SpeechWindow, Window

Samples = NDArray[np.int16]
SETTLED_S = 8.0
"""What a call tells before is not counted."""
_CHUNK_S = 0.02
_TALKS_S, _PAUSES_S = 4.0, 1.0
_ONE_IN = 4
_SWAP_BETWEEN = (0.45, 0.7)
_POINT = "alarm_8h"
_LOOKS_PER_S = 2.0
_LLR, _SPREAD = {FACE: 6.0, VOICE: 5.0}, 1.5
_CALM_AFTER_S = 20.0
_BOX = (0.3, 0.3, 0.3, 0.4)
_FACE_QUALITY = FaceQuality(100, 100, 0, 0, 0.5, 0.2, 0.9)
_PICTURE = np.zeros((2, 2, 3), np.uint8)
_SPEECH, _SILENCE = (np.full(round(_CHUNK_S * SAMPLE_RATE_HZ), one, np.int16) for one in (1000, 0))
_NOTHING = Comparison(None, None, None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Seconds of the worker, as measured where the machine is busy.

    Attributes:
        speech_s: a second of sound.
        look_s: a look at all of a picture.
        near_s: one near the followed face.
        burst_s: a picture of a burst.
        face_s: a face scored.
        voice_s: three seconds of speech scored.
        turn_s: any turn, beside what is done in it.
    """

    speech_s: float = 0.0126
    look_s: float = 0.012
    near_s: float = 0.006
    burst_s: float = 0.0047
    face_s: float = 0.010
    voice_s: float = 0.027
    turn_s: float = 0.0003

    def slower(self, times: float) -> Costs:
        """Those of a machine that takes so many times as long."""
        return Costs(**{one.name: times * getattr(self, one.name) for one in fields(self)})


@dataclass(slots=True)
class Clock:
    """Seconds that pass when somebody works."""

    now_s: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s


class _Detector(VoiceActivityDetector):
    """Knows speech by its samples."""

    def reset(self) -> None:
        self._samples: Samples = np.zeros(0, np.int16)
        self._start_s: float | None = None

    def push(self, samples: Samples, start_s: float) -> list[VadFrame]:
        if self._start_s is None:
            self._start_s = start_s
        self._samples = np.concatenate((self._samples, samples))
        frames = []
        while len(self._samples) >= FRAME:
            speech = bool(self._samples[0])
            frames.append(VadFrame(self._start_s, speech, -20.0 if speech else -70.0))
            self._samples, self._start_s = self._samples[FRAME:], self._start_s + FRAME_S
        return frames

    def flush(self) -> list[VadFrame]:
        return []


class _Ears(SpeechWindower):
    def __init__(self, clock: Clock, costs: Costs) -> None:
        super().__init__(detector=_Detector())
        self._clock, self._cost_s = clock, costs.speech_s

    def push(self, chunk: AudioChunk) -> list[SpeechWindow]:
        self._clock.now_s += self._cost_s * len(chunk.samples) / SAMPLE_RATE_HZ
        return super().push(chunk)


class _Eyes:
    """See one face; another one's after the swap."""

    def __init__(self, clock: Clock, costs: Costs, swap_s: float) -> None:
        self._clock, self._costs, self._swap_s = clock, costs, swap_s
        self._near = 0

    def look(self, frame: VideoFrame) -> Look:
        near = frame.spared and self._near < 2
        self._near = self._near + 1 if near else 0
        self._clock.now_s += self._costs.near_s if near else self._costs.look_s
        person = 1 if frame.time_s < self._swap_s else 2
        crop = FaceCrop(_PICTURE, frame.time_s, _BOX, _FACE_QUALITY, person)
        return Look(frame.time_s, (_BOX,), False, crop)

    def reset(self) -> None: ...


class _Identity:
    """Scores by the truth and by chance."""

    names = (FACE, VOICE)

    def __init__(self, clock: Clock, costs: Costs, swap_s: float, chance: random.Random) -> None:
        self._clock, self._costs, self._swap_s, self._chance = clock, costs, swap_s, chance

    def take(self, item: MediaItem) -> None: ...

    def forget(self) -> None: ...

    def sense(self, window: Window) -> tuple[Reading, ...]:
        return identity_readings(window, _NOTHING).each

    def read(self, window: Window, *, wanted: frozenset[str], busy: bool = False) -> Readings:
        del busy
        face = voice = None
        if FACE in wanted and window.face is not None:
            self._clock.now_s += self._costs.face_s
            face = self._llr(FACE, window.face.time_s)
        if VOICE in wanted and (speech := window.speech) is not None:
            self._clock.now_s += self._costs.voice_s * speech.quality.speech_s / 3.0
            voice = self._llr(VOICE, (speech.start_s + speech.end_s) / 2)
        fused = sum(one for one in (face, voice) if one is not None)
        return identity_readings(window, Comparison(None, None, face, voice, fused))

    def _llr(self, side: str, at_s: float) -> float:
        own = 1 if at_s < self._swap_s else -1
        return own * _LLR[side] + self._chance.gauss(0.0, _SPREAD)


class _Presence:
    """Asks for bursts as the channel does that wants to see lips move, and reads them."""

    names = ()

    def __init__(self, clock: Clock, costs: Costs, inbox: MediaInbox, turns: BurstTurns) -> None:
        self._clock, self._cost_s, self._burst = clock, costs.burst_s, inbox.burst
        self._pace = BurstPace(turns)

    def take(self, item: MediaItem) -> None:
        if isinstance(item, VideoFrame) and item.burst:
            self._clock.now_s += self._cost_s

    def forget(self) -> None: ...

    def sense(self, window: Window) -> tuple[Reading, ...]:
        del window
        return ()

    def read(self, window: Window, *, wanted: frozenset[str], busy: bool = False) -> Readings:
        del wanted
        calm = window.end_s > _CALM_AFTER_S
        if window.speech_s > 0 and self._pace.due(window.end_s, calm=calm, spared=busy):
            self._burst.ask(BURST_S, firm=busy)
        return Readings(())


@dataclass(slots=True)
class Call:
    """One call, and what was told of it.

    Attributes:
        swap_s: when somebody else takes over, face and voice; infinite: nobody does.
        inbox: where its media waits.
        told: each payload with when.
    """

    swap_s: float
    inbox: MediaInbox
    sampler: FrameSampler
    offset_s: float
    told: list[tuple[float, Payload]] = field(default_factory=list)

    def arrive(self, at_s: float, step: int) -> None:
        """Sound each 20 ms, and a picture with every other of these."""
        talks = (at_s + self.offset_s) % (_TALKS_S + _PAUSES_S) < _TALKS_S
        self.inbox.put(AudioChunk(_SPEECH if talks else _SILENCE, at_s - _CHUNK_S, at_s))
        if step % 2:
            return
        sparing = self.inbox.behind
        if self.sampler.wants(at_s, sparing=sparing):
            self.inbox.put(VideoFrame(_PICTURE, at_s, at_s, spared=sparing))
        elif self.inbox.burst.grants(at_s):
            self.inbox.put(VideoFrame(_PICTURE, at_s, at_s, burst=True))

    @property
    def states(self) -> list[tuple[float, State]]:
        """Each state with when it was told."""
        return [(at_s, one.state) for at_s, one in self.told if isinstance(one, StateChanged)]

    def verified_share(self, until_s: float) -> float:
        """Of the time from when it has settled, in which it was verified."""
        return share_verified(self.states, SETTLED_S, until_s)

    def noticed_s(self) -> float:
        """Seconds from the swap until it was rejected; infinite: never."""
        rejected = (at for at, state in self.states if state is State.REJECTED and at > self.swap_s)
        return next(rejected, math.inf) - self.swap_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one number of calls.

    Attributes:
        calls: how many.
        demand: what scoring everything would have taken of the worker's time.
        verified, least: share of their time in which genuine calls are, all and the worst off.
        rejected: genuine calls that ever were.
        scores: windows scored, a second and call.
        unscored_s: for how long a call at most had no score.
        looks: at pictures, a second and call.
        bursts_dropped: pictures of bursts that there was no time for, in all.
        lag_p95_s, lag_most_s: from the arrival of a window's newest media until it was told, scored
            or not.
        unheard: share of the sound that the worst off lost.
        noticed_s: each swap's delay, sorted.
    """

    calls: int
    demand: float
    verified: float
    least: float
    rejected: int
    scores: float
    unscored_s: float
    looks: float
    bursts_dropped: int
    lag_p95_s: float
    lag_most_s: float
    unheard: float
    noticed_s: tuple[float, ...]

    @property
    def line(self) -> str:
        """As a row of the table."""
        noticed = [_told(one) for one in (_at(self.noticed_s, 0.5), _at(self.noticed_s, 0.95))]
        return (
            f"| {self.calls} | {self.demand:.1f} | {self.verified:.0%} | {self.least:.0%} "
            f"| {self.rejected} | {self.scores:.2f} | {self.unscored_s:.1f} | {self.looks:.2f} "
            f"| {self.lag_p95_s:.2f} / {self.lag_most_s:.2f} "
            f"| {self.unheard:.0%} | {' / '.join(noticed)} |"
        )


_PAGE = """# More calls than there is time for

```
{command}
```

As that command wrote it; it says the same on any machine. One worker serves calls that talk four
of five seconds, on a clock of its own: engine, inboxes, windows and decision (`{point}`) are those
that serve, and what hearing, looking and scoring take of that clock is given, {slower:g} times what
was measured where the machine is busy (`benchmarks/overload.py`). Faces and voices are taken for
who they are, with some chance. In one call in four another person takes over.

- **demand**: what scoring all windows would have taken of the worker's time, by the server's own
  account, with looks and bursts as spared as they were;
- **verified**: share of their time after the first {settled:.0f} s in which genuine calls are;
  beside it the worst off;
- **scores**: windows scored, a second and call; **unscored**: for how long a call at most had none;
- **looks**: at pictures, a second and call, 2 with time for all;
- **lag**: from the arrival of a window's newest media until it was told, scored or not;
- **unheard**: share of the sound that the worst off lost;
- **noticed**: from a swap until the rejection; ∞: not before the call ended.

{table}

How many calls a machine really holds is in [capacity](capacity.md); what gives way in which order,
and why, in [0015](../decisions/0015-load.md).
"""
_HEAD = (
    "| calls | demand | verified | the worst off | rejected | scores | unscored, s "
    "| looks | lag p95 / most, s | unheard | swaps noticed p50 / p95, s |"
)


def _at(values: Sequence[float], share: float) -> float:
    return values[math.ceil(share * len(values)) - 1] if values else math.nan


def _told(value_s: float) -> str:
    return "∞" if math.isinf(value_s) else "–" if math.isnan(value_s) else f"{value_s:.1f}"


def play(count: int, costs: Costs, *, seconds: float, seed: int = 1) -> Row:
    """Have one worker serve so many calls, of which one in four is taken over by somebody else.

    Args:
        count: calls.
        costs: of the worker's time.
        seconds: that all of them last.
        seed: of chance.
    """
    clock, chance = Clock(), random.Random(seed)
    engine, turns = Engine(clock=clock), BurstTurns(clock)
    model = DecisionModel.load(Weights.load())
    calls = []
    for number in range(count):
        swaps = number % _ONE_IN == _ONE_IN - 1
        swap_s = chance.uniform(*_SWAP_BETWEEN) * seconds if swaps else math.inf
        sampler = FrameSampler(_LOOKS_PER_S, random.Random(chance.random()))
        call = Call(swap_s, MediaInbox(), sampler, chance.uniform(0.0, _TALKS_S + _PAUSES_S))
        _admit(call, engine, clock, costs, turns, model, random.Random(chance.random()))
        calls.append(call)
    _run(calls, engine, clock, costs, seconds)
    return _judge(calls, engine, seconds)


def _admit(
    call: Call,
    engine: Engine,
    clock: Clock,
    costs: Costs,
    turns: BurstTurns,
    model: DecisionModel,
    chance: random.Random,
) -> None:
    pipeline = VerifyPipeline(
        windows=WindowAssembler(
            None,
            WindowSettings(),
            ears=_Ears(clock, costs),
            eyes=_Eyes(clock, costs, call.swap_s),
        ),
        channels=[
            _Identity(clock, costs, call.swap_s, chance),
            _Presence(clock, costs, call.inbox, turns),
        ],
        decision=Decision(evidence=model.evidence, point=model.point(_POINT)),
        now=clock,
    )

    def deliver(payloads: list[Payload], last: bool) -> None:
        del last
        call.told += [(clock.now_s, payload) for payload in payloads]

    ticket = engine.admit(pipeline=pipeline, inbox=call.inbox, deliver=deliver)
    call.inbox.on_ready = ticket.notify


def _run(calls: Sequence[Call], engine: Engine, clock: Clock, costs: Costs, seconds: float) -> None:
    arrivals = [(_CHUNK_S + number / 1000, number, 0) for number in range(len(calls))]
    while clock.now_s < seconds:
        while arrivals[0][0] <= clock.now_s:
            at_s, number, step = heapq.heappop(arrivals)
            calls[number].arrive(at_s, step)
            heapq.heappush(arrivals, (at_s + _CHUNK_S, number, step + 1))
        if engine.step():
            clock.now_s += costs.turn_s
        else:
            clock.now_s = max(clock.now_s + 1e-3, min(arrivals[0][0], clock.now_s + 5e-3))


def _judge(calls: Sequence[Call], engine: Engine, seconds: float) -> Row:
    genuine = [call for call in calls if math.isinf(call.swap_s)]
    shares = [call.verified_share(seconds) for call in genuine]
    scores = [
        one
        for call in calls
        for at_s, one in call.told
        if isinstance(one, Score) and at_s > SETTLED_S
    ]
    lags = [one.age_s for one in scores if one.age_s is not None]
    unheard_s = max(call.inbox.stats.audio_overrun_s for call in calls)
    return Row(
        calls=len(calls),
        demand=engine.load.demand_s / seconds,
        verified=float(np.mean(shares)),
        least=min(shares),
        rejected=sum(State.REJECTED in {state for _, state in call.states} for call in genuine),
        scores=sum(bool(one.scored) for one in scores) / len(calls) / (seconds - SETTLED_S),
        unscored_s=max(map(_longest_unscored_s, calls)),
        looks=sum(call.inbox.stats.video_frames for call in calls) / len(calls) / seconds,
        bursts_dropped=sum(call.inbox.stats.burst_frames_dropped for call in calls),
        lag_p95_s=float(np.percentile(lags, 95)),
        lag_most_s=max(lags),
        unheard=unheard_s / seconds,
        noticed_s=tuple(sorted(call.noticed_s() for call in calls if not math.isinf(call.swap_s))),
    )


def _longest_unscored_s(call: Call) -> float:
    scored = [at_s for at_s, one in call.told if isinstance(one, Score) and one.scored]
    return max((b - a for a, b in itertools.pairwise([0.0, *scored])), default=math.inf)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, nargs="*", default=[6, 8, 10, 12, 14, 16])
    parser.add_argument("--slower", type=float, default=1.8, help="than the costs that are given")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--markdown", type=Path, help="file for the page")
    options = parser.parse_args()
    costs = Costs().slower(options.slower)
    rows = [
        play(count, costs, seconds=options.seconds)
        for count in track(options.calls, "calls", console=Console(stderr=True))
    ]
    columns = "|---" * (_HEAD.count("|") - 1) + "|"
    page = _PAGE.format(
        command=f"python -m benchmarks.overload {' '.join(sys.argv[1:])}".strip(),
        point=_POINT,
        slower=options.slower,
        settled=SETTLED_S,
        table="\n".join([_HEAD, columns, *(row.line for row in rows)]),
    )
    print(page)
    if options.markdown:
        options.markdown.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
