"""Plays calls to the engine that serves, on a worker whose time is counted and not spent."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from benchmarks.overload.clock import Clock
from benchmarks.states import share_verified
from model.runtime.vad import FRAME, FRAME_S, VadFrame, VoiceActivityDetector
from model.runtime.weights import Weights
from model.types import Comparison, FaceQuality
from stream_verifier.events.schema import Payload, State, StateChanged
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
POINT = "alarm_8h"
"""Of the decision, at which all are judged."""
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
class Run:
    """One number of calls, played once.

    Attributes:
        calls: each with what was told of it.
        seconds: that all of them lasted.
        demand_s: what scoring everything would have taken of the worker's time.
    """

    calls: tuple[Call, ...]
    seconds: float
    demand_s: float


def play(count: int, costs: Costs, *, seconds: float, seed: int = 1) -> Run:
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
    return Run(calls=tuple(calls), seconds=seconds, demand_s=engine.load.demand_s)


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
        decision=Decision(evidence=model.evidence, point=model.point(POINT)),
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
