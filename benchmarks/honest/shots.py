"""Whether real people's pictures seem to go on as before: single shots, looked at as in a call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from model.runtime.detect import FaceDetector
from stream_verifier.media.continuity import Continuity
from stream_verifier.media.types import VideoFrame
from stream_verifier.windows.looks import FaceWatcher

_LOOK_S = 0.5


@dataclass(slots=True)
class Shots:
    """What was counted in shots of one person each, without a cut.

    Attributes:
        shots: how many.
        seconds: of them together.
        frames: that follow another one.
        cuts: of them, those that seem to show something else.
        looks: that follow another one at a face.
        tracks: of them, those at a face that seems to be another one's.
        crowded: looks at which somebody else seems to be there.
    """

    shots: int = 0
    seconds: float = 0.0
    frames: int = 0
    cuts: int = 0
    looks: int = 0
    tracks: int = 0
    crowded: int = 0


def count_shots(clips: Iterable[Path], detector: FaceDetector) -> Shots:
    """Look at each clip each half second, as a call does."""
    total = Shots()
    for clip in clips:
        total.shots += 1
        _count(total, clip, FaceWatcher(detector))
    return total


def _count(total: Shots, clip: Path, watcher: FaceWatcher) -> None:
    continuity, track, due_s = Continuity(), None, 0.0
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            time_s = frame.time or 0.0
            total.frames += number > 0
            total.cuts += continuity.broken_by(frame)
            if time_s < due_s - 1e-3:
                continue
            due_s = time_s + _LOOK_S
            continuity.looked()
            image = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            look = watcher.look(VideoFrame(image, time_s))
            total.crowded += look.crowded
            if look.face is None:
                continue
            total.looks += track is not None
            total.tracks += track is not None and look.face.track_id != track
            track = look.face.track_id
        total.seconds += time_s
