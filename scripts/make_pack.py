"""Makes a pack of made-up people, to try training and evaluation where there is no data.

``python scripts/make_pack.py FOLDER``. Faces are the two public-domain portraits of the demo,
tinted and stretched into others; voices are espeak-ng's. It shows that the commands work, and says
nothing about accuracy.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import scipy.io.wavfile
from numpy.typing import NDArray

from model.runtime.align import align
from model.runtime.detect import FaceDetector
from model.runtime.weights import Weights
from stream_verifier.demo.espeak import synthesise
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames

PEOPLE = 6
PICTURES = 5
SENTENCES = (
    "The boats came home at dusk with more herring than the quay could hold.",
    "A letter without an address is still a letter to somebody.",
    "Please turn the second page before you sign the first.",
    "Rain kept the market small, but the baker sold every loaf.",
    "Our train leaves from the far platform in nine minutes.",
)
VOICES = ("m1", "f2", "m3", "f4", "m7", "f5")
ACCENTS = ("en-us", "en-gb")
Row = tuple[object, ...]


def main(root: Path) -> None:
    """Write faces.csv and voices.csv with what they list."""
    root.mkdir(parents=True, exist_ok=True)
    _write(root / "faces.csv", ("source", "identity", "file", "flag"), faces(root))
    columns = ("source", "identity", "file", "session", "seconds", "original", "flag")
    _write(root / "voices.csv", columns, voices(root))


def faces(root: Path) -> Iterator[Row]:
    """Pictures of as many people from each portrait; a portrait is a source."""
    detector = FaceDetector(Weights.load().path("face_detector"))
    rng = np.random.default_rng(1)
    for source in DEMO_PEOPLE:
        shots = list(islice(portrait_frames(source, seconds=PICTURES, fps=1.0), PICTURES))
        aligned = [align(f, detector.detect(f)[0].landmarks, side_px=160) for f in shots]
        for person in range(PEOPLE):
            warp, tint = rng.normal(0, 0.06, (2, 2)), rng.uniform(0.6, 1.3, 3)
            for number, picture in enumerate(aligned):
                name = f"{source.id}{person}_{number}.png"
                cv2.imwrite(str(root / name), _other(picture, warp, tint)[:, :, ::-1])
                yield source.id, f"{source.id}{person}", name, ""


def voices(root: Path) -> Iterator[Row]:
    """Sentences by voices; an accent is a source."""
    for accent in ACCENTS:
        for variant in VOICES:
            for number, sentence in enumerate(SENTENCES):
                name = f"{accent}_{variant}_{number}.wav"
                samples, rate_hz = synthesise(sentence, voice=f"{accent}+{variant}")
                scipy.io.wavfile.write(root / name, rate_hz, samples)
                seconds = round(len(samples) / rate_hz, 3)
                yield accent, f"{accent}_{variant}", name, "", seconds, "", ""


def _other(
    picture: NDArray[np.uint8], warp: NDArray[np.float64], tint: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Somebody else of a kind: stretched about the middle, in other colours."""
    linear = np.eye(2) + warp
    shift = np.array([80, 80]) - linear @ np.array([80, 80])
    moved = cv2.warpAffine(picture, np.column_stack([linear, shift]), (160, 160))
    return np.clip(moved * tint, 0, 255).astype(np.uint8)


def _write(path: Path, columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/make_pack.py FOLDER")
    main(Path(sys.argv[1]))
