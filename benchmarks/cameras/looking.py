"""What noise and traces of clips, stills and files come to after a call's codec."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.cameras import traces
from benchmarks.cameras.coding import Pictures, called, enlarged, filed, noisy, shown
from benchmarks.synthetic_speech.figures import Figure, figure
from model.data.codecs import grey_jpeg
from model.evaluation.metrics import Floats
from model.lips.clips import Listed, listed, read_pictures

CALLS = (150_000, 300_000, 600_000, 1_200_000)
"""Bits a second of a call of 640x480 at 15 pictures a second."""
SENSOR = 2.0
"""Grey levels of noise that a camera indoors has before its own denoising."""
CAMERA = "camera"
MOTION_JPEG = "another camera, Motion JPEG"
"""An honest camera as most USB ones send large pictures."""
_JPEG = 80
MEASURES: Mapping[str, Callable[[Pictures], float]] = {
    "noise": traces.noise,
    "grid": traces.grid,
    "period": traces.period,
}


@dataclass(frozen=True)
class Looked:
    """Measures of every clip.

    Attributes:
        people: whose each clip is.
        values: by call, what was shown and measure: shape (clips,).
    """

    people: tuple[str, ...]
    values: Mapping[tuple[int, str, str], Floats]

    def median(self, call: int, kind: str, measure: str) -> float:
        """Of all clips."""
        return float(np.median(self.values[call, kind, measure]))

    def told(self, call: int, kind: str, measure: str, *, sign: int = 1) -> Figure:
        """How well a measure tells a kind from a camera; ``sign`` -1: by too little of it."""
        camera, other = (sign * self.values[call, which, measure] for which in (CAMERA, kind))
        return figure(camera, other, self.people)


def kinds(camera: Pictures, rng: np.random.Generator) -> dict[str, Pictures]:
    """What may come in place of a camera's pictures, the camera itself first."""
    live = noisy(camera, SENSOR, rng)
    still = np.repeat(camera[:1], len(camera), axis=0)
    poor, good = filed(live, 500_000), filed(live, 1_500_000)
    return {
        CAMERA: live,
        "without noise": camera,
        "still": still,
        "still with noise": noisy(still, SENSOR, rng),
        "file, 500 kb/s": poor,
        "file, 1500 kb/s": good,
        "file, 500 kb/s, enlarged": enlarged(poor),
        MOTION_JPEG: np.stack([grey_jpeg(one, _JPEG) for one in live]),
    }


def look(pack: Path, each: int) -> Looked:
    """Measure ``each`` clips of each person of a pack.

    Raises:
        PackError: the pack lists no clips, or one cannot be decoded.
    """
    rng = np.random.default_rng(0)
    clips = list(_some(listed(pack), each))
    values: dict[tuple[int, str, str], list[float]] = defaultdict(list)
    for clip in track(clips, "clips"):
        made = kinds(shown(read_pictures(clip.path)[1]), rng)
        for call in CALLS:
            for kind, pictures in made.items():
                seen = called(pictures, call)
                for measure, of in MEASURES.items():
                    values[call, kind, measure].append(of(seen))
    people = tuple(clip.identity for clip in clips)
    return Looked(people, {key: np.array(found) for key, found in values.items()})


def _some(clips: Sequence[Listed], each: int) -> Iterator[Listed]:
    taken: dict[str, int] = defaultdict(int)
    for clip in clips:
        taken[clip.identity] += 1
        if taken[clip.identity] <= each:
            yield clip
