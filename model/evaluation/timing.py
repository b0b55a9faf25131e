"""Time a window takes, systems in turns on one thread so that a busy machine slows all alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import cv2
import numpy as np

from model.data.conditions import Treatment
from model.data.media import SAMPLE_RATE_HZ, Picture, Samples
from model.data.packs import Pack
from model.errors import PackError
from model.evaluation.probes import CLEAN, Advance
from model.evaluation.systems import System

WINDOW_S = 3.0
PARTS = ("face_ms", "voice_ms", "compare_ms", "total_ms")
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
T = TypeVar("T")


def time_systems(
    pack: Pack, systems: Mapping[str, System], count: int, *, advance: Advance = lambda: None
) -> dict[str, Any]:
    """Time face(), voice() and compare() of windows that no system has met before.

    A first window of each system is not counted, since it pays for what is loaded late.

    Args:
        pack: whose probes the windows are made of.
        systems: by name, loaded without a cache.
        count: windows to time.
        advance: called after each of the count + 1 windows.

    Returns:
        ``time`` of the layout in ``report``.

    Raises:
        PackError: the pack has no readable trial.
    """
    cv2.setNumThreads(1)
    references: list[Any] = []
    taken: list[list[list[float]]] = []
    for _, (picture, samples) in zip(range(count + 1), _windows(pack), strict=False):
        if not references:
            references = [
                s.reference([s.face(picture)], [s.voice(samples)]) for s in systems.values()
            ]
        pairs = zip(systems.values(), references, strict=True)
        taken.append([_once(system, of, picture, samples) for system, of in pairs])
        advance()
    milliseconds = np.array(taken[1:]).transpose(1, 2, 0) * 1000
    first = milliseconds[0, -1]
    return {
        "windows": count,
        "window_s": WINDOW_S,
        "environment": {name: os.environ.get(name) for name in THREAD_SETTINGS},
        "systems": {
            name: {
                **{part: _quartiles(of) for part, of in zip(PARTS, measured, strict=True)},
                "ratio": float(np.median(measured[-1] / first)),
            }
            for name, measured in zip(systems, milliseconds, strict=True)
        },
    }


def time_table(found: dict[str, Any]) -> str:
    """A Markdown table of what ``time_systems`` returned."""
    about = f"milliseconds per window of {found['window_s']:g} s, median (quartiles), "
    lines = [
        f"{about}{found['windows']} windows:",
        "| system | face | voice | compare | total | times the first |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in found["systems"].items():
        cells = [_cell(row[part]) for part in PARTS]
        lines.append(f"| {name} | {' | '.join(cells)} | {row['ratio']:.2f} |")
    return "\n".join(lines)


def _windows(pack: Pack) -> Iterator[tuple[Picture, Samples]]:
    """Endless windows, each with noise of its own below hearing, so that none comes twice."""
    rng, treatment = np.random.default_rng(0), Treatment(pack)
    count = round(WINDOW_S * SAMPLE_RATE_HZ)
    while True:
        readable = False
        for index in rng.permutation(len(pack.trials)):
            trial = pack.trials[index]
            try:
                picture = treatment.face(CLEAN, trial.face)
                samples = treatment.voice(CLEAN, trial.voices)
            except PackError:
                continue
            readable = True
            hiss = 1e-5 * rng.standard_normal(count)
            flips = rng.integers(0, 2, picture.shape, dtype=np.uint8)
            yield picture ^ flips, (np.resize(samples, count) + hiss).astype(np.float32)
        if not readable:
            raise PackError(f"no trial of {pack.root} can be read, so nothing can be timed")


def _once(system: System, reference: Any, picture: Picture, samples: Samples) -> list[float]:
    face, face_s = _timed(lambda: system.face(picture))
    voice, voice_s = _timed(lambda: system.voice(samples))
    _, compare_s = _timed(lambda: system.compare(reference, face, voice))
    return [face_s, voice_s, compare_s, face_s + voice_s + compare_s]


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start


def _quartiles(values: Any) -> dict[str, float]:
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": float(median), "low_quartile": float(low), "high_quartile": float(high)}


def _cell(part: dict[str, float]) -> str:
    return f"{part['median']:.2f} ({part['low_quartile']:.2f} to {part['high_quartile']:.2f})"
