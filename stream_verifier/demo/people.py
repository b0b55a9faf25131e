"""Two people for demo calls and tests: public-domain portraits and synthesised voices.

Nothing of theirs is part of this package; it is made anew whenever it is asked for.
"""

from __future__ import annotations

import importlib
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from math import pi, sin
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from model.errors import MissingExtraError
from stream_verifier.demo.espeak import synthesise
from stream_verifier.media.types import SAMPLE_RATE_HZ

_TEXT = (
    "Good morning, it is nice to see you again. I am calling about the report that we finished "
    "last week. The numbers look better than we had hoped. Please have a look at the second page, "
    "where the large table begins. We could ship the first part in June, and the rest before the "
    "summer is over. My colleagues have checked every single line of it. If you find a mistake, "
    "just tell me, and I will change it today. How is the weather on your side of the ocean?"
)
_ROOM_NOISE_DBFS = -66.0
_PERIODS_S = (7.3, 5.9, 9.1, 8.3, 8.7)  # sideways, up and down, nearness, tilt, light
_LEVEL_DBFS = -20.0


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A made-up participant with a real portrait.

    Attributes:
        id: short, fit for an identity's name.
        name: for people to read.
        voice: espeak-ng's voice and variant.
        words_per_min: how fast it speaks.
        face_box: x, y, width, height of the face in the portrait, pixels.
        load: reads the portrait: uint8, shape (height, width, 3), BGR.
    """

    id: str
    name: str
    voice: str
    words_per_min: int
    face_box: tuple[int, int, int, int]
    load: Callable[[], NDArray[np.uint8]]


def portrait_frames(
    person: DemoPerson,
    *,
    seconds: float,
    fps: float = 15.0,
    size: tuple[int, int] = (640, 480),
    seed: int = 0,
) -> Iterator[NDArray[np.uint8]]:
    """Move a portrait about as a person before a webcam moves.

    The face drifts, nears, tilts and changes its light by slow sines, whose phases come from
    ``seed``; its height is 36 to 44 % of the picture's.

    Args:
        person: whose portrait.
        seconds: how long.
        fps: pictures a second.
        size: width and height in pixels.
        seed: of the movement.

    Yields:
        uint8, shape (height, width, 3), BGR.

    Raises:
        MissingExtraError: the package that the portrait comes in is not installed.
    """
    picture = person.load()
    phases = np.random.default_rng(seed).uniform(0, 2 * pi, len(_PERIODS_S))
    for number in range(round(seconds * fps)):
        at = 2 * pi * number / fps
        sway = [
            sin(at / period_s + phase) for period_s, phase in zip(_PERIODS_S, phases, strict=True)
        ]
        place = _placement(person, size, sway)
        # The edge is drawn out, not mirrored: a mirrored face would be a second person.
        view = cv2.warpAffine(picture, place, size, borderMode=cv2.BORDER_REPLICATE)
        yield cv2.convertScaleAbs(view, alpha=1 + 0.08 * sway[4]).astype(np.uint8, copy=False)


def speech(
    person: DemoPerson, text: str | None = None, *, seconds: float, seed: int = 0
) -> NDArray[np.int16]:
    """Have a person speak, with a short pause after each sentence and a little room noise.

    Args:
        person: whose voice.
        text: what to say, again and again until the time is up; some small talk by default.
        seconds: how long.
        seed: of the pauses, the noise and, without ``text``, the sentence to start with.

    Returns:
        int16, shape (seconds x 16000,), mono at 16 kHz.

    Raises:
        MissingExtraError: no speech synthesiser is installed.
    """
    rng = np.random.default_rng(seed)
    sentences = re.split(r"(?<=[.!?])\s+", (text or _TEXT).strip())
    if text is None:
        first = int(rng.integers(len(sentences)))
        sentences = sentences[first:] + sentences[:first]
    needed = round(seconds * SAMPLE_RATE_HZ)
    pieces = [np.zeros(SAMPLE_RATE_HZ // 5)]
    for sentence in itertools.cycle(sentences):
        if sum(map(len, pieces)) >= needed:
            break
        pause = np.zeros(int(rng.uniform(0.25, 0.55) * SAMPLE_RATE_HZ))
        pieces += [_say(sentence, person.voice, person.words_per_min), pause]
    spoken = np.concatenate(pieces)[:needed]
    noise = rng.standard_normal(len(spoken)) * _amplitude(_ROOM_NOISE_DBFS)
    return np.clip(spoken + noise, -32768, 32767).astype(np.int16)


def _placement(person: DemoPerson, size: tuple[int, int], sway: list[float]) -> NDArray[np.float64]:
    """The affine map that puts the face where the sway (five values, -1 to 1) has it."""
    x, y, width, height = person.face_box
    scale = (0.40 + 0.04 * sway[2]) * size[1] / height
    centre = (x + width / 2, y + height / 2)
    matrix: NDArray[np.float64] = cv2.getRotationMatrix2D(centre, 3 * sway[3], scale).astype(float)
    matrix[0, 2] += size[0] * (0.5 + 0.03 * sway[0]) - centre[0]
    matrix[1, 2] += size[1] * (0.5 + 0.02 * sway[1]) - centre[1]
    return matrix


@cache
def _say(sentence: str, voice: str, words_per_min: int) -> NDArray[np.float64]:
    """One sentence at 16 kHz and the demo's level, silence around it cut off."""
    samples, rate_hz = synthesise(sentence, voice=voice, words_per_min=words_per_min)
    heard = np.flatnonzero(np.abs(samples.astype(np.int32)) > 30)
    if not len(heard):
        return np.zeros(0)
    spoken = samples[heard[0] : heard[-1] + 1].astype(np.float64)
    divisor = np.gcd(SAMPLE_RATE_HZ, rate_hz)
    spoken = resample_poly(spoken, SAMPLE_RATE_HZ // divisor, rate_hz // divisor)
    result: NDArray[np.float64] = spoken * _amplitude(_LEVEL_DBFS) / np.sqrt(np.mean(spoken**2))
    return result


def _amplitude(level_dbfs: float) -> float:
    return float(32768 * 10 ** (level_dbfs / 20))


@cache
def _grace_hopper() -> NDArray[np.uint8]:
    try:
        from matplotlib.cbook import get_sample_data
    except ImportError as error:
        raise _missing("matplotlib") from error
    path = get_sample_data("grace_hopper.jpg", asfileobj=False)
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), np.uint8)


@cache
def _eileen_collins() -> NDArray[np.uint8]:
    try:
        portraits: Any = importlib.import_module("skimage.data")
    except ImportError as error:
        raise _missing("scikit-image") from error
    return np.ascontiguousarray(portraits.astronaut()[:, :, ::-1], np.uint8)


def _missing(package: str) -> MissingExtraError:
    return MissingExtraError(
        f"A demo person's portrait is in the package {package}: pip install 'stream-verifier[demo]'"
    )


DEMO_PEOPLE = (
    DemoPerson("grace", "Demo Grace", "en-us+f3", 160, (183, 120, 170, 213), _grace_hopper),
    DemoPerson("eileen", "Demo Eileen", "en-us+m7", 150, (178, 63, 90, 114), _eileen_collins),
)
"""Grace Hopper (U.S. Navy) and Eileen Collins (NASA), with voices that are not theirs."""
