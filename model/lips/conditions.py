"""What is shown and said in trials: faces that do not speak, poor cameras, poor lines."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.codecs import grey_jpeg, opus
from model.data.degrade import add_noise
from model.lips.clips import Clip
from model.lips.points import opening
from model.lips.trials import Mouths, Show, Sound, Speak, shown
from model.runtime.mouth import RATE_HZ, SIDE_PX

Steps = NDArray[np.intp]

SHUT_STEPS = 5
"""Steps in a row in which a mouth is least open, shown to and fro: 0.2 s."""


def still(clip: Clip, steps: Steps) -> Mouths:
    """One picture of the mouth all the time."""
    return shown(clip.mouths[np.full(len(steps), steps[len(steps) // 2])])


def moved_still(clip: Clip, steps: Steps) -> Mouths:
    """One picture that is swayed, turned and brought nearer as by a hand."""
    picture = clip.mouths[steps[len(steps) // 2]]
    rng = np.random.default_rng(int(picture.sum()))
    phase = rng.uniform(0, 2 * np.pi, 4)
    hertz = rng.uniform(0.5, 2.5, 4)
    moved = []
    for step in range(len(steps)):
        turn, scale, right, down = np.sin(2 * np.pi * hertz * step / RATE_HZ + phase)
        middle = (picture.shape[1] - 1) / 2
        place = cv2.getRotationMatrix2D((middle, middle), 4 * turn, 1 + 0.05 * scale)
        place[:, 2] += (3 * right, 3 * down)
        size = (picture.shape[1], picture.shape[0])
        moved.append(cv2.warpAffine(picture, place, size, borderMode=cv2.BORDER_REPLICATE))
    return shown(np.stack(moved).astype(np.uint8))


def shut(clip: Clip, steps: Steps) -> Mouths:
    """The mouth where it is least open, with what little it does there, to and fro."""
    open_px = opening(clip.points)
    mean = np.convolve(open_px, np.ones(SHUT_STEPS) / SHUT_STEPS, mode="valid")
    first = int(np.argmin(mean))
    there_and_back = [*range(SHUT_STEPS), *range(SHUT_STEPS - 2, 0, -1)]
    return shown(clip.mouths[first + np.resize(there_and_back, len(steps))])


def slow(rate_hz: float) -> Show:
    """A camera of so many pictures a second; each is shown until the next comes."""

    def show(clip: Clip, steps: Steps) -> Mouths:
        every = RATE_HZ / rate_hz
        index = np.arange(len(steps))
        return shown(clip.mouths[steps[np.floor(np.floor(index / every) * every).astype(np.intp)]])

    return show


def coarse(clip: Clip, steps: Steps) -> Mouths:
    """A mouth of half the pixels each way, coded as JPEG of quality 30."""
    half = (SIDE_PX // 2, SIDE_PX // 2)
    out = []
    for mouth in shown(clip.mouths[steps]):
        small = cv2.resize(mouth, half, interpolation=cv2.INTER_AREA)
        out.append(cv2.resize(grey_jpeg(np.asarray(small, np.uint8), 30), (SIDE_PX, SIDE_PX)))
    return np.stack(out).astype(np.uint8)


def through_opus(bitrate_bps: int) -> Speak:
    """A line that codes speech."""
    return lambda sound: _pcm(opus(_floats(sound), bitrate_bps))


def in_noise(noises: Sequence[NDArray[np.float32]], snr_db: float, seed: int) -> Speak:
    """A place where something else is heard, another one for each clip."""
    rng = np.random.default_rng(seed)

    def speak(sound: Sound) -> Sound:
        noise = noises[int(rng.integers(len(noises)))]
        return _pcm(
            add_noise(_floats(sound), np.roll(noise, -int(rng.integers(len(noise)))), snr_db)
        )

    return speak


def _floats(sound: Sound) -> NDArray[np.float32]:
    return sound.astype(np.float32) / np.float32(32768)


def _pcm(samples: NDArray[np.floating]) -> Sound:
    return np.asarray(np.clip(samples, -1, 1) * 32767, np.int16)
