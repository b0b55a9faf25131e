"""A tiny pack of made-up people: two public-domain portraits, mirrored, and humming voices."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import matplotlib.cbook
import matplotlib.image
import numpy as np
import scipy.io.wavfile
import skimage.data
from numpy.typing import NDArray

PEOPLE = 4
RATE_HZ = 16_000


def portraits() -> list[NDArray[np.uint8]]:
    """Four different faces, 160x160, RGB."""
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    grace = np.asarray(matplotlib.image.imread(str(path), format="jpg"), np.uint8)[60:360, 110:410]
    eileen = skimage.data.astronaut()[0:220, 110:330]
    pair = [
        np.asarray(cv2.resize(face, (160, 160), interpolation=cv2.INTER_AREA), np.uint8)
        for face in (grace, eileen)
    ]
    return [face[:, ::step] for face in pair for step in (1, -1)]


def hum(base_hz: float, seconds: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A voice of a kind: harmonics of a wavering tone in a little noise."""
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * base_hz * (time_s + 0.002 * np.sin(2 * np.pi * 3 * time_s))
    tones = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 12))
    return (0.1 * tones + 0.005 * rng.standard_normal(len(time_s))).astype(np.float32)


def write_pack(root: Path) -> Path:
    """Write faces.csv and voices.csv with five pictures and 11 s of voice a person."""
    rng = np.random.default_rng(0)
    faces, voices = [], []
    for person, portrait in enumerate(portraits()):
        for shot in range(5):
            file = root / f"face{person}{shot}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            moved = np.roll(portrait, tuple(rng.integers(-4, 5, 2)), axis=(0, 1))
            cv2.imwrite(str(file), np.ascontiguousarray(moved[..., ::-1]))
            faces.append(("portraits", f"f{person}", file.name, ""))
        for part, seconds in enumerate((5.0, 6.0)):
            file = root / f"voice{person}{part}.wav"
            sound = hum(90 + 60 * person, seconds, rng)
            scipy.io.wavfile.write(file, RATE_HZ, np.round(sound * 32767).astype(np.int16))
            voices.append(("hums", f"v{person}", file.name, "", seconds, "", ""))
    _write(root / "faces.csv", ("source", "identity", "file", "flag"), faces)
    columns = ("source", "identity", "file", "session", "seconds", "original", "flag")
    _write(root / "voices.csv", columns, voices)
    return root


def _write(path: Path, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
