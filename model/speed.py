"""``python -m model speed``: milliseconds that one call of each tower takes on one thread.

Processor time is given beside wall time: on a busy machine only the former says something about
the towers. Inputs are made up; the time does not depend on what is in them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from model.runtime.face import FaceTower
from model.runtime.voice import VoiceTower
from model.runtime.weights import Weights

FRAME_COUNTS = (48, 148, 298, 598)


def main(argv: Sequence[str]) -> int:
    """Time each tower and print a table."""
    parser = argparse.ArgumentParser(prog="python -m model speed", description=__doc__)
    parser.add_argument("--repeats", type=int, default=30, help="calls of each kind")
    repeats = parser.parse_args(argv).repeats
    weights = Weights.load()
    face, voice = FaceTower(weights), VoiceTower(weights)
    crop = np.zeros((1, 112, 112, 3), np.uint8)
    print("| call | cpu ms, median | wall ms, median | wall ms, least |\n|---|---|---|---|")
    print(_row("face, 1 crop", partial(face.embed, crop), repeats))
    for frames in FRAME_COUNTS:
        fbank = np.ones((frames, 80), np.float32)
        name = f"voice, {frames} frames ({(frames + 2) / 100:.1f} s)"
        print(_row(name, partial(voice.embed, fbank), repeats))
    return 0


def _row(name: str, call: Callable[[], object], repeats: int) -> str:
    call()  # the first call of a length prepares the interpreter
    cpu, wall = zip(*(_time(call) for _ in range(repeats)), strict=True)
    return f"| {name} | {np.median(cpu):.1f} | {np.median(wall):.1f} | {min(wall):.1f} |"


def _time(call: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return 1e3 * (time.process_time() - cpu), 1e3 * (time.perf_counter() - wall)
