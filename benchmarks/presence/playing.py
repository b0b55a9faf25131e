"""Plays a show through the pipeline of a call, as its server would, without codec and network."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.presence.attacks import Show
from benchmarks.presence.material import RATE_HZ, STEP_SAMPLES, unpacked
from model.types import Reference
from stream_verifier.events.schema import PRESENCE_REASONS, Reason, Score, State, StateChanged
from stream_verifier.media.burst import BurstWish
from stream_verifier.media.sampler import FrameSampler
from stream_verifier.media.types import AudioChunk, MediaItem, VideoFrame
from stream_verifier.verify.recogniser import Recogniser


@dataclass(frozen=True)
class Outcome:
    """What became of a call.

    Attributes:
        seconds: of media.
        verified_at_end: its last state.
        verified_s: media time at which it was so first; None where it never was.
        noticed_s: media time at which presence held it back first; None where it never did.
        noticed_speech_s: seconds of speech until then.
        reasons: all that presence named.
        worked_s: processor time of the pipeline.
    """

    seconds: float
    verified_at_end: bool
    verified_s: float | None
    noticed_s: float | None
    noticed_speech_s: float | None
    reasons: frozenset[Reason]
    worked_s: float

    @property
    def ever_verified(self) -> bool:
        """Whether it was verified at any time."""
        return self.verified_s is not None


def reference_of(recogniser: Recogniser, show: Show) -> Reference:
    """Enrol from a show.

    Raises:
        EnrolmentError: it does not suffice.
    """
    pipeline = recogniser.enrol_pipeline()
    for item in _media(show, BurstWish(), random.Random(0)):
        pipeline.feed(item)
    pipeline.finish()
    return pipeline.reference()


def play(
    recogniser: Recogniser, reference: Reference, show: Show, *, seed: int, asked: bool = True
) -> Outcome:
    """Play a show as a call.

    Args:
        recogniser: holds calls back.
        reference: of whom it should be.
        show: what comes.
        seed: of the moments that are looked at.
        asked: whether anybody asks for presence.
    """
    burst = BurstWish()
    pipeline = recogniser.verify_pipeline(reference, burst=burst if asked else None)
    worked_s = 0.0
    state, speech_s = State.WAITING, 0.0
    verified_s: float | None = None
    noticed: tuple[float, float] | None = None
    reasons: set[Reason] = set()
    for item in _media(show, burst, random.Random(seed)):
        began_s = time.thread_time()
        payloads = pipeline.feed(item)
        worked_s += time.thread_time() - began_s
        for payload in payloads:
            if isinstance(payload, Score):
                speech_s += payload.speech_s
            elif isinstance(payload, StateChanged):
                state = payload.state
                if state is State.VERIFIED and verified_s is None:
                    verified_s = payload.media_s
                named = PRESENCE_REASONS & set(payload.reasons)
                reasons |= named
                if named and noticed is None:
                    noticed = (payload.media_s, speech_s)
    return Outcome(
        seconds=show.seconds,
        verified_at_end=state is State.VERIFIED,
        verified_s=verified_s,
        noticed_s=None if noticed is None else noticed[0],
        noticed_speech_s=None if noticed is None else noticed[1],
        reasons=frozenset(reasons),
        worked_s=worked_s,
    )


def _media(show: Show, burst: BurstWish, chance: random.Random) -> Iterator[MediaItem]:
    sampler = FrameSampler(2.0, chance)
    for step in range(len(show.pictures)):
        time_s = step / RATE_HZ
        regular, in_burst = sampler.wants(time_s), burst.grants(time_s)
        if regular or in_burst:
            yield VideoFrame(unpacked(show.pictures[step]), time_s, burst=not regular)
        start = step * STEP_SAMPLES
        yield AudioChunk(show.sound[start : start + STEP_SAMPLES], time_s)
