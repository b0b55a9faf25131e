"""Plays scripted calls: the real windows, comparisons and verdicts, from samples kept ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
from stream_verifier.windows.types import FaceCrop, Window

FRAME_RATE_HZ = 2.0
"""Pictures looked at a second, as a server does by default."""
_CHUNK = 1920  # 120 ms, four ticks of the grid: small enough to say when a window was known
_SOUND = np.zeros(_CHUNK, np.int16)
_BLACK = np.zeros((1, 1, 3), np.uint8)

Seen = list[tuple[float, Observation]]
"""Media time at which each observation was known, and the observation."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A window with its samples, not compared with anybody yet.

    Attributes:
        known_s: media time at which it was known.
        window: as the front end cut it.
        faces: that took turns in it, each with its sample; both None where there is none.
        voice: None without speech.
    """

    known_s: float
    window: Window
    faces: tuple[tuple[FaceCrop | None, FaceSample | None], ...]
    voice: VoiceSample | None


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
        return self.compare(self.cut(script), script.chimera)

    def cut(self, script: Script) -> list[Cut]:
        """What the front end makes of a call's media, in whoever's name it is made."""
        ears = ReplayedEars(self._material, script)
        eyes = ReplayedEyes(self._material, script)
        assembler = WindowAssembler(None, self._material.settings, ears=ears, eyes=eyes)
        cuts: list[Cut] = []
        now_s = 0.0
        for now_s, item in _items(script.length_s):
            cuts += [_cut(now_s, window, ears, eyes) for window in assembler.feed(item)]
        return cuts + [_cut(now_s, window, ears, eyes) for window in assembler.flush()]

    def compare(self, cuts: Sequence[Cut], who: str) -> Seen:
        """What a call's windows tell the decision if it is made in that person's name."""
        return [(cut.known_s, self._observe(cut, who)) for cut in cuts]

    def _observe(self, cut: Cut, who: str) -> Observation:
        readings = least_favourable(
            identity_readings(replace(cut.window, face=crop), self._compare(who, face, cut.voice))
            for crop, face in cut.faces
        )
        return Observation(cut.window.end_s, readings.each, cut.window.notes, readings.llr_fused)

    def _compare(self, who: str, face: FaceSample | None, voice: VoiceSample | None) -> Comparison:
        # Samples are kept ready and never copied, so that their identity is enough of a key.
        key = (who, id(face), id(voice))
        if key not in self._known:
            reference: Reference = self._material.reference(who)
            self._known[key] = self._comparator.compare(reference, face, voice)
            self._kept.update({id(sample): sample for sample in (face, voice) if sample})
        return self._known[key]


def _cut(known_s: float, window: Window, ears: ReplayedEars, eyes: ReplayedEyes) -> Cut:
    crops = (window.face, *window.rivals)
    faces = tuple((crop, None if crop is None else eyes.sample(crop)) for crop in crops)
    return Cut(known_s, window, faces, ears.sample(window.speech) if window.speech else None)


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
