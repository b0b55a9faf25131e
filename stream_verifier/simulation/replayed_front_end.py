"""Stand-ins for the front end's ears and eyes that know what a script's media came to."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from model.types import FaceSample, VoiceSample
from stream_verifier.media.types import AudioChunk, VideoFrame
from stream_verifier.simulation.camera_views import BESIDE, schedule, view_at
from stream_verifier.simulation.embedded_faces import SeenFace, SeenView
from stream_verifier.simulation.material import Material
from stream_verifier.simulation.script import GRID_S, Script, Shot
from stream_verifier.simulation.sound_layout import Placed, lay_out
from stream_verifier.windows.appearance import Appearance
from stream_verifier.windows.company import Company
from stream_verifier.windows.looks import Look
from stream_verifier.windows.tracks import Box, FaceTracker
from stream_verifier.windows.types import FaceCrop, SpeechWindow

_NO_FBANK = np.empty((0, 80), np.float32)
_NO_PIXELS = np.empty((0, 0, 3), np.uint8)
_EARLY_S = 1e-6
_MOST_PEOPLE = 8


class ReplayedEars:
    """Gives the speech windows of a script's pieces when its sound has come so far.

    Args:
        material: that has the pieces.
        script: of the call.
    """

    def __init__(self, material: Material, script: Script) -> None:
        self._windows: list[tuple[float, SpeechWindow]] = []
        self._samples: dict[float, VoiceSample] = {}
        self._spans: list[tuple[float, float]] = []
        ticks = round(script.length_s / GRID_S) + 1
        # What is certainly no speech is settled one frame late: features reach beyond it.
        self._settled = [GRID_S * max(0, tick - 1) for tick in range(ticks)]
        self._next = 0
        self._now_s: float | None = None
        for placed in lay_out(script):
            self._take_in(placed, material, script.condition)
        self._ends = [end_s for _, end_s in self._spans]

    @property
    def settled_s(self) -> float | None:
        """Media time up to which all windows have been given; None before the first sound."""
        return self._now_s

    def push(self, chunk: AudioChunk) -> list[SpeechWindow]:
        """Give the windows that are known by the end of the chunk."""
        tick = min(int(chunk.end_s / GRID_S + 1e-3), len(self._settled) - 1)
        self._now_s = self._settled[tick]
        first = self._next
        while self._next < len(self._windows):
            if self._windows[self._next][0] > chunk.end_s + _EARLY_S:
                break
            self._next += 1
        return [window for _, window in self._windows[first : self._next]]

    def flush(self) -> SpeechWindow | None:
        """Nothing: the last words of a call decide nothing any more."""
        return None

    def reset(self) -> None:
        """Nothing: no sound is ever lost."""

    def skip(self) -> None:
        """Nothing, likewise."""

    def speech_between(self, start_s: float, end_s: float) -> float:
        """Seconds of speech in a stretch, as far as it is known by now."""
        end_s = min(end_s, self._now_s or 0.0)
        total_s = 0.0
        for index in range(bisect_right(self._ends, start_s), len(self._spans)):
            from_s, to_s = self._spans[index]
            if from_s >= end_s:
                break
            total_s += min(end_s, to_s) - max(start_s, from_s)
        return total_s

    def soft_between(self, start_s: float, end_s: float) -> float:  # noqa: ARG002
        """None: soft voices are not remembered."""
        return 0.0

    def sample(self, window: SpeechWindow) -> VoiceSample:
        """The embedded window."""
        return self._samples[window.end_s]

    def _take_in(self, placed: Placed, material: Material, condition: str) -> None:
        heard, at_s = material.heard(placed.piece, condition), placed.start_s
        length_s = placed.end_s - at_s
        first = round(at_s / GRID_S)
        for tick in range(1, round(length_s / GRID_S) + 1):
            self._settled[first + tick] = at_s + heard.settled_s[tick - 1]
        for window in heard.windows:
            if window.known_s <= length_s + _EARLY_S:
                start_s, end_s = at_s + window.start_s, at_s + window.end_s
                speech = SpeechWindow(_NO_FBANK, start_s, end_s, window.sample.quality)
                self._windows.append((at_s + window.known_s, speech))
                self._samples[end_s] = window.sample
        self._spans += [
            (at_s + start_s, at_s + min(end_s, length_s))
            for start_s, end_s in heard.spans
            if start_s < length_s
        ]


class ReplayedEyes:
    """Says what a script's camera shows at a frame's time; faces are followed for real.

    Args:
        material: that has the views.
        script: of the call.
    """

    def __init__(self, material: Material, script: Script) -> None:
        settings = material.settings
        self._company = Company(large=settings.second_face, small=settings.small_face)
        self._tracker = FaceTracker(break_s=settings.track_break_s)
        self._known: dict[str, int] = {}
        self._shots = [
            (shot, schedule(shot, len(material.roles[shot.who].faces)), seen)
            for shot in script.shots
            for seen in (material.seen(shot.who, script.condition),)
        ]
        self._samples: dict[float, FaceSample] = {}

    def reset(self) -> None:
        """Follow nobody any more."""
        self._tracker.reset()
        self._company.reset()

    def look(self, frame: VideoFrame) -> Look:
        """Look at what the script shows at the frame's time."""
        time_s = frame.time_s
        boxes, faces = self._shown(time_s)
        ids = self._tracker.update(boxes, time_s, [self._appearance(face.who) for face in faces])
        if not boxes:
            return Look(time_s)
        main = self._tracker.main(boxes, ids)
        others = boxes[:main] + boxes[main + 1 :]
        face = faces[main]
        self._samples[time_s] = face.sample
        crop = FaceCrop(_NO_PIXELS, time_s, boxes[main], face.sample.quality, ids[main])
        # The frame's width is its longer side.
        crowded = self._company.crowds(boxes[main][2], [box[2] for box in others], time_s)
        return Look(time_s, (boxes[main], *others), crowded, crop, face.reasons)

    def _appearance(self, who: str) -> Appearance:
        """People look like themselves from one look to the next, whichever picture stands for them.

        So each has a direction of his own, in which nobody else looks.
        """
        number = self._known.setdefault(who, len(self._known))
        look = np.zeros(_MOST_PEOPLE, np.float32)
        look[number % _MOST_PEOPLE] = 1.0
        return look

    def sample(self, face: FaceCrop) -> FaceSample:
        """The embedded face."""
        return self._samples[face.time_s]

    def _shown(self, time_s: float) -> tuple[list[Box], list[SeenFace]]:
        """All faces; a bystander's in somebody's picture counts as that person's."""
        boxes: list[Box] = []
        faces: list[SeenFace] = []
        for shot, views, seen in self._shots:
            if not shot.start_s <= time_s < shot.end_s:
                continue
            view = seen[view_at(shot, views, time_s)]
            if view.face is not None:
                boxes += _boxes(shot, view)
                faces += [view.face] * len(view.boxes)
        return boxes, faces


def _boxes(shot: Shot, view: SeenView) -> list[Box]:
    if not shot.beside:
        return list(view.boxes)
    return [
        (x + BESIDE, y, min(width, 1 - BESIDE - x), height) for x, y, width, height in view.boxes
    ]
