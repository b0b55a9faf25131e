"""What the real face watcher makes of each view of a person, embedded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.data.media import Picture
from model.runtime.face import EMBEDDING_SIZE, FaceTower
from model.types import FaceQuality, FaceSample
from stream_verifier.media.types import VideoFrame
from stream_verifier.simulation.array_cache import Arrays
from stream_verifier.windows.faces import FaceDetector
from stream_verifier.windows.looks import FaceWatcher, Look
from stream_verifier.windows.quality import usable
from stream_verifier.windows.tracks import Box

_MOST_BOXES = 4
_QUALITIES = 7


@dataclass(frozen=True, slots=True)
class SeenFace:
    """The main face of one view.

    Attributes:
        who: whose it is.
        view: number of the view.
        sample: embedded.
        reasons: why it may not be scored, empty where it may.
    """

    who: str
    view: int
    sample: FaceSample
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeenView:
    """One view, looked at.

    Attributes:
        boxes: of all faces, the main one first; none where none was found.
        face: the main one; None without.
    """

    boxes: tuple[Box, ...]
    face: SeenFace | None


Seen = tuple[SeenView, ...]
"""A person's views, in order."""


def watch(frames: Sequence[Picture], detector: FaceDetector, tower: FaceTower) -> Arrays:
    """Look at frames, each by itself; what ``seen`` reads."""
    looks = [FaceWatcher(detector).look(VideoFrame(frame, 0.0)) for frame in frames]
    boxes = np.full((len(looks), _MOST_BOXES, 4), np.nan)
    qualities = np.full((len(looks), _QUALITIES), np.nan)
    vectors = np.zeros((len(looks), EMBEDDING_SIZE), np.float32)
    for row, look in enumerate(looks):
        if look.face is not None:
            found = look.boxes[:_MOST_BOXES]
            boxes[row, : len(found)] = found
            qualities[row] = _numbers(look)
            vectors[row] = tower.embed(look.face.pixels[None])[0]
    return {"boxes": boxes, "qualities": qualities, "vectors": vectors}


def seen(who: str, arrays: Arrays) -> Seen:
    """Read what ``watch`` gave."""
    views = []
    rows = zip(arrays["boxes"], arrays["qualities"], arrays["vectors"], strict=True)
    for view, (all_boxes, numbers, vector) in enumerate(rows):
        boxes = tuple(_box(box) for box in all_boxes if not np.isnan(box[0]))
        quality = FaceQuality(*map(float, numbers))
        face = SeenFace(who, view, FaceSample(vector, quality), usable(quality))
        views.append(SeenView(boxes, face if boxes else None))
    return tuple(views)


def _box(values: Sequence[float]) -> Box:
    x, y, width, height = map(float, values)
    return x, y, width, height


def _numbers(look: Look) -> tuple[float, ...]:
    if look.face is None:
        return (np.nan,) * _QUALITIES
    q = look.face.quality
    light = (q.brightness, q.contrast, q.detection)
    return (q.size_px, q.sharpness, q.yaw, q.pitch, *light)
