"""Time that towers take on one thread, in turns, so that a busy machine slows all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.runtime.face import CROP_SHAPE, FaceTower
from model.runtime.voice import MEL_BANDS, VoiceTower
from model.runtime.weights import Weights

FACE = "face"
Call = Callable[[], object]
Advance = Callable[[], None]


def voice_call(frames: int) -> str:
    """What the embedding of so many frames of speech is called in figures."""
    return f"voice {(frames + 2) / 100:g} s"


def time_towers(
    folders: Mapping[str, Weights],
    frames: Sequence[int],
    repeats: int,
    *,
    advance: Advance = lambda: None,
) -> dict[str, dict[str, dict[str, float]]]:
    """Time one face and some lengths of speech by the towers of several folders.

    A tower that several folders share is measured once. Inputs are noise: the time does not
    depend on what is in them.

    Args:
        folders: by name; the first is what the others are compared with.
        frames: lengths of speech, 100 frames a second.
        repeats: calls of each kind.
        advance: called ``work(folders, frames, repeats)`` times.

    Returns:
        By folder and call: median milliseconds of processor and wall time, and the median over
        the repeats of processor time as a share of the first folder's in the same round.
    """
    found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in folders}
    for call, towers in _calls(folders, frames).items():
        measured = _in_turns(towers, repeats, advance)
        hashes = {name: _tower(weights, call) for name, weights in folders.items()}
        first = measured[next(iter(hashes.values()))]
        for name, sha256 in hashes.items():
            found[name][call] = _summary(measured[sha256], first)
    return found


def work(folders: Mapping[str, Weights], frames: Sequence[int], repeats: int) -> int:
    """How often ``time_towers`` will call ``advance``."""
    calls = [FACE, *map(voice_call, frames)]
    towers = [len({_tower(weights, call) for weights in folders.values()}) for call in calls]
    return repeats * sum(towers)


def _calls(folders: Mapping[str, Weights], frames: Sequence[int]) -> dict[str, dict[str, Call]]:
    """Each call of each different tower, by the tower's hash."""
    rng = np.random.default_rng(0)
    crop = rng.integers(0, 256, (1, *CROP_SHAPE), dtype=np.uint8)
    faces = {_tower(weights, FACE): FaceTower(weights) for weights in _different(folders, FACE)}
    calls: dict[str, dict[str, Call]] = {
        FACE: {sha256: partial(tower.embed, crop) for sha256, tower in faces.items()}
    }
    voices = {_tower(weights, ""): VoiceTower(weights) for weights in _different(folders, "")}
    for count in frames:
        fbank = rng.standard_normal((count, MEL_BANDS)).astype(np.float32)
        calls[voice_call(count)] = {
            sha256: partial(tower.embed, fbank) for sha256, tower in voices.items()
        }
    return calls


def _different(folders: Mapping[str, Weights], call: str) -> list[Weights]:
    return list({_tower(weights, call): weights for weights in folders.values()}.values())


def _tower(weights: Weights, call: str) -> str:
    part = "face_tower" if call == FACE else "voice_tower"
    return str(weights.manifest["parts"][part]["sha256"])


def _in_turns(
    towers: Mapping[str, Call], repeats: int, advance: Advance
) -> dict[str, NDArray[np.float64]]:
    """Processor and wall milliseconds, shape (repeats, 2), by tower."""
    for call in towers.values():
        call()  # the first call of a length prepares the interpreter
    taken: dict[str, list[tuple[float, float]]] = {sha256: [] for sha256 in towers}
    for _ in range(repeats):
        for sha256, call in towers.items():
            taken[sha256].append(_time(call))
            advance()
    return {sha256: np.array(rows) for sha256, rows in taken.items()}


def _time(call: Call) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return 1e3 * (time.process_time() - cpu), 1e3 * (time.perf_counter() - wall)


def _summary(measured: Any, first: Any) -> dict[str, float]:
    cpu_ms, wall_ms = np.median(measured, axis=0)
    ratio = float(np.median(measured[:, 0] / first[:, 0]))
    return {"cpu_ms": float(cpu_ms), "wall_ms": float(wall_ms), "ratio": ratio}
