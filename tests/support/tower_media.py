"""Aligned faces and features that the towers can be tried on, none of them private."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.runtime.fbank import fbank
from model.runtime.weights import WEIGHTS_DIR
from stream_verifier.demo.people import DemoPerson, portrait_frames, speech
from stream_verifier.windows.faces import FaceDetector, align

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
Crops = NDArray[np.uint8]
Frames = NDArray[np.float32]


def aligned_faces(person: DemoPerson, count: int) -> Crops:
    """Faces of a portrait that sways before the camera, uint8 (count, 112, 112, 3), RGB."""
    detector = FaceDetector(WEIGHTS_DIR / "yunet.onnx")
    frames = islice(portrait_frames(person, seconds=count, fps=1.0), count)
    return np.stack([align(f, detector.detect(f)[0].landmarks) for f in frames])


def spoken_features(person: DemoPerson, seconds: float, *, seed: int = 0) -> Frames:
    """Features of synthetic speech, float32 (frames, 80), mean over time subtracted."""
    frames = fbank(speech(person, seconds=seconds, seed=seed))
    return np.asarray(frames - frames.mean(axis=0), dtype=np.float32)


def cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
