"""What it costs to hear whether lips say a sound, from the picture on."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from model.runtime.align import template
from model.runtime.detect import FaceDetector
from model.runtime.lips import BANDS, LipNetwork
from model.runtime.mouth import RATE_HZ, SIDE_PX, mouth

TIMED_S = 3.0
GOES = 7
FACE = (230.0, 216.0, 100.0, 130.0)


def timing(network: LipNetwork, detector: FaceDetector) -> dict[str, float]:
    """Milliseconds on one thread for 3 s of a call, the best of several goes."""
    steps = round(TIMED_S * RATE_HZ)
    rng = np.random.default_rng(1)
    frame = rng.integers(0, 256, (480, 640, 3)).astype(np.uint8)
    landmarks = template(160) + 200.0
    mouths = rng.integers(0, 256, (steps, SIDE_PX, SIDE_PX)).astype(np.uint8)
    fbank = rng.standard_normal((4 * steps, BANDS)).astype(np.float32)
    features = network.features(mouths)
    parts: dict[str, Callable[[], object]] = {
        "finding_ms": lambda: [detector.detect_near(frame, FACE) for _ in range(steps)],
        "cutting_ms": lambda: [mouth(frame[180:380, 180:380], landmarks - 180) for _ in mouths],
        "mouths_ms": lambda: network.features(mouths),
        "picture_ms": lambda: network.picture(features),
        "sound_ms": lambda: network.sound(fbank),
    }
    return {
        name: round(min(_milliseconds(run) for _ in range(GOES)), 1) for name, run in parts.items()
    }


def _milliseconds(run: Callable[[], object]) -> float:
    start = time.thread_time()
    run()
    return 1000 * (time.thread_time() - start)
