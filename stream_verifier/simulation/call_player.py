"""Plays scripted calls: the real windows, comparisons and verdicts, from samples kept ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from model.types import Comparator, Comparison, FaceSample, Reference, VoiceSample
from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk, MediaItem, VideoFrame
from stream_verifier.simulation.material import Material
from stream_verifier.simulation.replayed_front_end import ReplayedEars, ReplayedEyes
from stream_verifier.simulation.script import Script
from stream_verifier.verify.channels.identity import identity_readings, least_favourable
from stream_verifier.verify.observation import Observation
from stream_verifier.windows.assemble import WindowAssembler
from stream_verifier.windows.types import Window

FRAME_RATE_HZ = 2.0
"""Pictures looked at a second, as a server does by default."""
_CHUNK = 1920  # 120 ms, four ticks of the grid: small enough to say when a window was known
_SOUND = np.zeros(_CHUNK, np.int16)
_BLACK = np.zeros((1, 1, 3), np.uint8)

Seen = list[tuple[float, Observation]]
"""Media time at which each observation was known, and the observation."""


class CallPlayer:
    """Where calls are played.

    The windows are assembled by what serves live calls, out of speech windows and faces that the
    real windower and watcher made of the same media (`material`). Sound and pictures come all
    the time, black and silent if need be, as from a browser whose tracks are disabled: nothing
    is ever idle.

    Args:
        material: of the cast.
        comparator: compares samples with references; each pair of samples once.
    """

    def __init__(self, *, material: Material, comparator: Comparator) -> None:
        self._material = material
        self._comparator = comparator
        self._known: dict[tuple[str, int, int], Comparison] = {}
        self._kept: dict[int, FaceSample | VoiceSample] = {}

    def play(self, script: Script) -> Seen:
        """Play one call.

        Returns:
            Media time at which each window was known, and what it tells the decision.
        """
        ears = ReplayedEars(self._material, script)
        eyes = ReplayedEyes(self._material, script)
        assembler = WindowAssembler(None, self._material.settings, ears=ears, eyes=eyes)
        seen: Seen = []
        now_s = 0.0
        for now_s, item in _items(script.length_s):
            for window in assembler.feed(item):
                seen.append((now_s, self._observe(script, window, ears, eyes)))
        rest = assembler.flush()
        return seen + [(now_s, self._observe(script, window, ears, eyes)) for window in rest]

    def _observe(
        self, script: Script, window: Window, ears: ReplayedEars, eyes: ReplayedEyes
    ) -> Observation:
        voice = None if window.speech is None else ears.sample(window.speech)
        crops = [window.face, *window.rivals]
        readings = least_favourable(
            identity_readings(
                replace(window, face=crop),
                self._compare(script.chimera, None if crop is None else eyes.sample(crop), voice),
            )
            for crop in crops
        )
        return Observation(window.end_s, readings.each, window.notes, readings.llr_fused)

    def _compare(self, who: str, face: FaceSample | None, voice: VoiceSample | None) -> Comparison:
        # Samples are kept ready and never copied, so that their identity is enough of a key.
        key = (who, id(face), id(voice))
        if key not in self._known:
            reference: Reference = self._material.reference(who)
            self._known[key] = self._comparator.compare(reference, face, voice)
            self._kept.update({id(sample): sample for sample in (face, voice) if sample})
        return self._known[key]


@cache
def _items(length_s: float) -> Sequence[tuple[float, MediaItem]]:
    """A call's media, in the order in which it comes: each with the time when it is there."""
    return sorted((*_sound(length_s), *_pictures(length_s)), key=lambda pair: pair[0])


def _sound(length_s: float) -> Iterator[tuple[float, MediaItem]]:
    whole = round(length_s * SAMPLE_RATE_HZ)
    for start in range(0, whole, _CHUNK):
        chunk = AudioChunk(_SOUND[: whole - start], start / SAMPLE_RATE_HZ)
        yield chunk.end_s, chunk


def _pictures(length_s: float) -> Iterator[tuple[float, MediaItem]]:
    for number in range(int(np.ceil(length_s * FRAME_RATE_HZ - 1e-6))):
        yield number / FRAME_RATE_HZ, VideoFrame(_BLACK, number / FRAME_RATE_HZ)
