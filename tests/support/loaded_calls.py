"""Calls on a worker whose time is counted and not spent: an engine under load."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from benchmarks.overload.clock import Clock
from benchmarks.states import share_verified
from model.runtime.weights import Weights
from model.types import Comparison, FaceQuality, VoiceQuality
from stream_verifier.events.schema import Payload, Score, State, StateChanged
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem
from stream_verifier.verify.channels.channel import Reading, Readings
from stream_verifier.verify.channels.identity import identity_readings
from stream_verifier.verify.decision import Decision
from stream_verifier.verify.engine import Engine
from stream_verifier.verify.operating import DecisionModel
from stream_verifier.verify.pipeline import VerifyPipeline
from stream_verifier.windows.types import FaceCrop, SpeechWindow, Window

CHUNK_S = 0.1
_PIXELS = np.zeros((1, 1, 3), np.uint8)
_FACE = FaceQuality(100, 100, 0, 0, 0.5, 0.2, 0.9)
_FBANK = np.zeros((1, 80), np.float32)
_MODEL = DecisionModel.load(Weights.load())


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Seconds of the worker: for a second of media, for a face, for a voice; as measured once."""

    hear_s: float = 0.022
    face_s: float = 0.009
    voice_s: float = 0.036

    @property
    def calls_that_fit(self) -> int:
        return int(1 / (self.hear_s + self.face_s + self.voice_s))


class CostlyWindows:
    """A window a second, of somebody who is always seen and talks three quarters of the time."""

    def __init__(self, clock: Clock, hear_s: float, swap_s: float) -> None:
        self._clock, self._hear_s, self._swap_s = clock, hear_s, swap_s
        self._end_s, self._speech_s, self._fresh_s, self._unheard_s = 1.0, 0.0, 0.0, 0.0

    def feed(self, item: MediaItem) -> Iterator[Window]:
        if isinstance(item, MediaGap):
            self._unheard_s += item.end_s - item.start_s
            self._speech_s = self._fresh_s = 0.0
            self._end_s = max(self._end_s, item.end_s)
        elif isinstance(item, AudioChunk):
            self._clock.now_s += self._hear_s * CHUNK_S
            if item.start_s % 4 < 3:
                self._speech_s = min(3.0, self._speech_s + CHUNK_S)
                self._fresh_s += CHUNK_S
            if item.end_s >= self._end_s - 1e-6:
                yield self._close(item)

    def flush(self) -> Iterator[Window]:
        return iter(())

    def _close(self, chunk: AudioChunk) -> Window:
        end_s, heard_s, unheard_s = chunk.end_s, min(1.0, self._fresh_s), self._unheard_s
        quality = VoiceQuality(self._speech_s, 30, -20)
        spoken = self._speech_s >= 1.5 and self._fresh_s > 0.5
        speech = SpeechWindow(_FBANK, end_s - self._speech_s, end_s, quality) if spoken else None
        if spoken:
            self._fresh_s = 0.0
        self._end_s, self._unheard_s = end_s + 1.0, 0.0
        track = int(end_s > self._swap_s)
        return Window(
            start_s=end_s - 1.0,
            end_s=end_s,
            face=FaceCrop(_PIXELS, end_s, (0.3, 0.3, 0.3, 0.3), _FACE, track),
            speech=speech,
            faces_seen=1,
            boxes=((0.3, 0.3, 0.3, 0.3),),
            video_frames=2,
            speech_s=heard_s,
            followed_s=end_s - (self._swap_s if track else 0.0),
            notes=("overloaded",) if unheard_s else (),
            arrived_s=chunk.arrived_s,
            unheard_s=unheard_s,
        )


class CostlyChannel:
    """Scores by the truth and by chance; a window with both people's speech says a bit of both."""

    names = ("face", "voice")

    def __init__(self, clock: Clock, costs: Costs, swap_s: float, chance: random.Random) -> None:
        self._clock, self._costs, self._swap_s, self._chance = clock, costs, swap_s, chance

    def take(self, item: MediaItem) -> None: ...

    def forget(self) -> None: ...

    def sense(self, window: Window) -> tuple[Reading, ...]:
        return self._readings(window, face=None, voice=None).each

    def read(self, window: Window, *, wanted: frozenset[str], busy: bool = False) -> Readings:
        face = voice = None
        if "face" in wanted:
            self._clock.now_s += self._costs.face_s
            own = window.end_s <= self._swap_s
            face = self._chance.gauss(6, 2.5) if own else self._chance.gauss(-6, 2.5)
        if "voice" in wanted and window.speech is not None:
            self._clock.now_s += self._costs.voice_s
            length_s = window.speech.end_s - window.speech.start_s
            strange = min(1.0, max(0.0, (window.end_s - self._swap_s) / length_s))
            voice = self._chance.gauss(4 - 9 * strange, 2.5)
        return self._readings(window, face=face, voice=voice)

    def _readings(self, window: Window, *, face: float | None, voice: float | None) -> Readings:
        return identity_readings(window, Comparison(None, None, face, voice, None))


@dataclass(slots=True)
class LoadedCall:
    """One call and what was told of it, each payload with when."""

    swap_s: float
    told: list[tuple[float, Payload]] = field(default_factory=list)

    @property
    def scores(self) -> list[tuple[float, Score]]:
        return [(at_s, one) for at_s, one in self.told if isinstance(one, Score)]

    @property
    def states(self) -> list[tuple[float, State]]:
        return [(at_s, one.state) for at_s, one in self.told if isinstance(one, StateChanged)]

    def verified_share(self, from_s: float, until_s: float) -> float:
        """Of that stretch, in which the call was verified."""
        return share_verified(self.states, from_s, until_s)

    def noticed_s(self) -> float:
        """Seconds from the swap until it was rejected."""
        rejected = (at for at, state in self.states if state is State.REJECTED and at > self.swap_s)
        return next(rejected, float("inf")) - self.swap_s


def run(
    *,
    calls: int,
    swaps: int = 0,
    seconds: float = 60.0,
    costs: Costs | None = None,
    dear: int = 0,
    unsure: int = 0,
    seed: int = 1,
) -> tuple[list[LoadedCall], Engine]:
    """Play calls into one engine and return what was told of each.

    Args:
        calls: so many, the first of them genuine throughout.
        swaps: in the last so many of them somebody else takes over, at a random time.
        seconds: that all of them last.
        costs: of a call.
        dear: the first so many cost five times as much to be heard.
        unsure: the first so many are somebody else from the start.
        seed: of chance.
    """
    costs, chance, clock = costs or Costs(), random.Random(seed), Clock()
    engine = Engine(clock=clock)
    arrivals: list[tuple[float, int, int]] = []
    played, inboxes, tickets = [], [], []
    for number in range(calls):
        swaps_here = number >= calls - swaps
        call = LoadedCall(chance.uniform(0.4, 0.7) * seconds if swaps_here else float("inf"))
        call.swap_s = 0.0 if number < unsure else call.swap_s
        hear_s = costs.hear_s * (5 if number < dear else 1)
        inbox = MediaInbox()
        pipeline = VerifyPipeline(
            windows=CostlyWindows(clock, hear_s, call.swap_s),
            channels=[CostlyChannel(clock, costs, call.swap_s, random.Random(seed + number))],
            decision=Decision(evidence=_MODEL.evidence, point=_MODEL.point("alarm_8h")),
            now=clock,
        )

        def deliver(payloads: list[Payload], last: bool, call: LoadedCall = call) -> None:
            call.told += [(clock.now_s, payload) for payload in payloads]

        ticket = engine.admit(pipeline=pipeline, inbox=inbox, deliver=deliver)
        inbox.on_ready = ticket.notify
        played.append(call)
        inboxes.append(inbox)
        tickets.append(ticket)
        heapq.heappush(arrivals, (chance.random(), number, 0))
    offsets = {number: at_s for at_s, number, _ in arrivals}
    samples = np.zeros(1600, np.int16)
    while clock.now_s < seconds:
        while arrivals and arrivals[0][0] <= clock.now_s:
            at_s, number, chunk = heapq.heappop(arrivals)
            inboxes[number].put(AudioChunk(samples, chunk * CHUNK_S, at_s))
            next_s = offsets[number] + (chunk + 1) * CHUNK_S
            heapq.heappush(arrivals, (next_s, number, chunk + 1))
        if not engine.step():
            clock.now_s = min(arrivals[0][0], clock.now_s + 0.01)
    return played, engine
