"""Batches to train on: mouths as poor cameras show them, sounds as poor lines carry them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.augment import augment_speech
from model.data.codecs import grey_jpeg
from model.lips.clips import KEPT_PX, MARGIN_PX, Clip
from model.lips.material import Stills, by_person, told
from model.lips.network import POINT_NUMBERS, POINT_UNIT_PX
from model.lips.points import MIRRORED
from model.runtime.fbank import FRAME, HOP, fbank
from model.runtime.lips import SOUND_FRAMES_PER_STEP
from model.runtime.mouth import RATE_HZ, SIDE_PX, standardised

Batch = tuple[Any, ...]
Rng = np.random.Generator

LOSSLESS = 100
LEAST_RATE_HZ = 12.0
SHIFT_PX = 5.0


@dataclass(frozen=True, slots=True)
class View:
    """How one clip is looked at, all through.

    Attributes:
        place: shape (2, 3), from what is kept to what is seen: turned, scaled, moved.
        mirrored: left for right.
        side_px: pixels that a poor camera has for it; 56 for a good one.
        quality: of JPEG, 1 to 99; 100 for none.
        gamma: of the grey levels.
        slope: how much brighter one side and the upper edge are, in grey levels.
        hiss: standard deviation of noise, in grey levels.
    """

    place: NDArray[np.float64]
    mirrored: bool
    side_px: int
    quality: int
    gamma: float
    slope: tuple[float, float]
    hiss: float


def draw_view(rng: Rng) -> View:
    """A view as a call might have it."""
    turn, scale = rng.uniform(-10, 10), float(np.exp(rng.uniform(-0.15, 0.15)))
    middle = (KEPT_PX - 1) / 2
    place = np.asarray(cv2.getRotationMatrix2D((middle, middle), turn, scale), np.float64)
    place[:, 2] += rng.uniform(-SHIFT_PX, SHIFT_PX, 2) - MARGIN_PX
    return View(
        place=place,
        mirrored=bool(rng.random() < 0.5),
        side_px=int(rng.integers(18, 50)) if rng.random() < 0.5 else SIDE_PX,
        quality=int(rng.integers(15, 80)) if rng.random() < 0.5 else LOSSLESS,
        gamma=float(np.exp(rng.uniform(-0.6, 0.6))) if rng.random() < 0.5 else 1.0,
        slope=(rng.uniform(-50, 50), rng.uniform(-30, 30)) if rng.random() < 0.3 else (0.0, 0.0),
        hiss=float(rng.uniform(0, 8)) if rng.random() < 0.5 else 0.0,
    )


def seen(
    mouth: NDArray[np.uint8], points: NDArray[np.float32], view: View, rng: Rng
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One mouth as a view shows it.

    Args:
        mouth: uint8, shape (72, 72), as it is kept.
        points: shape (43, 2), in its pixels.
        view: how it is looked at.
        rng: draws the noise.

    Returns:
        Grey levels, shape (56, 56); the points in its pixels.
    """
    size = (SIDE_PX, SIDE_PX)
    shown = cv2.warpAffine(mouth, view.place, size, borderMode=cv2.BORDER_REPLICATE)
    there = np.asarray(points @ view.place[:, :2].T + view.place[:, 2], np.float64)
    if view.mirrored:
        shown = np.ascontiguousarray(shown[:, ::-1])
        there = there[MIRRORED] * np.array([-1.0, 1.0]) + np.array([SIDE_PX - 1.0, 0.0])
    if view.side_px < SIDE_PX:
        small = cv2.resize(shown, (view.side_px, view.side_px), interpolation=cv2.INTER_AREA)
        shown = cv2.resize(small, size)
    if view.quality < LOSSLESS:
        shown = grey_jpeg(np.asarray(shown, np.uint8), view.quality)
    return _lit(np.asarray(shown, np.float32), view, rng), there.astype(np.float32)


def _lit(grey: NDArray[np.float32], view: View, rng: Rng) -> NDArray[np.float32]:
    """A picture under a view's light, by its sensor."""
    lit: NDArray[Any] = grey
    if view.gamma != 1:
        lit = 255 * (lit / 255) ** view.gamma
    if any(view.slope):
        ramp = np.linspace(-1, 1, SIDE_PX, dtype=np.float32)
        lit = lit + ramp * view.slope[0] + ramp[:, None] * view.slope[1]
    if view.hiss:
        lit = lit + rng.standard_normal(lit.shape, dtype=np.float32) * view.hiss
    return lit.astype(np.float32)


def as_numbers(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Points in a mouth's picture as the network gives them: (..., 43, 2) pixels to (..., 86)."""
    middle = (SIDE_PX - 1) / 2
    flat = ((points - middle) / POINT_UNIT_PX).reshape(*points.shape[:-2], POINT_NUMBERS)
    return flat.astype(np.float32)


def still_batches(stills: Stills, *, size: int, seed: int) -> Callable[[int], Iterator[Batch]]:
    """An epoch's batches of still mouths and their points."""

    def batches(epoch: int) -> Iterator[Batch]:
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(len(stills.mouths))
        for start in range(0, len(order) - size + 1, size):
            shown = [
                seen(stills.mouths[i], stills.points[i], draw_view(rng), rng)
                for i in order[start : start + size]
            ]
            pictures, points = (np.stack(part) for part in zip(*shown, strict=True))
            yield standardised(pictures), as_numbers(points)

    return batches


@dataclass(frozen=True)
class Lesson:
    """A clip and the forms of its sound, each log-mel of shape (4 steps, 80)."""

    clip: Clip
    sounds: tuple[NDArray[np.float32], ...]


def make_lessons(clips: Sequence[Clip], *, copies: int, seed: int) -> list[Lesson]:
    """Put each clip's sound through bad lines, ``copies`` times; noise of talk is of others."""
    rng = np.random.default_rng(seed)
    lessons = []
    for clip in told(clips, "spoiling sounds"):
        others = [c for c in clips if c.identity != clip.identity] or list(clips)

        def babble(count: int, others: Sequence[Clip] = others) -> list[NDArray[np.float32]]:
            chosen = rng.integers(len(others), size=count)
            return [_floats(others[i].sound) for i in chosen]

        speech = _floats(clip.sound)
        forms = [speech] + [augment_speech(speech, rng, babble=babble)[0] for _ in range(copies)]
        lessons.append(Lesson(clip, tuple(bands_of(form, clip.steps) for form in forms)))
    return lessons


def _floats(sound: NDArray[np.int16]) -> NDArray[np.float32]:
    return sound.astype(np.float32) / np.float32(32768)


def bands_of(speech: NDArray[np.floating] | NDArray[np.int16], steps: int) -> NDArray[np.float32]:
    """Log-mel of a clip's sound, float or int16, four frames a step; silence follows its end."""
    pcm = speech
    if pcm.dtype != np.int16:
        pcm = (np.clip(speech, -1, 1) * 32767).astype(np.int16)
    count = steps * SOUND_FRAMES_PER_STEP
    before = (FRAME - HOP) // 2
    missing = (count - 1) * HOP + FRAME - before - len(pcm)
    return fbank(np.pad(pcm, (before, max(0, missing))).astype(np.int16))[:count]


def clip_batches(
    lessons: Sequence[Lesson], *, steps: int, size: int, batches: int, seed: int
) -> Callable[[int], Iterator[Batch]]:
    """An epoch's batches, each of clips of one person."""
    people = by_person([lesson.clip for lesson in lessons])
    of = {who: [x for x in lessons if x.clip.identity == who] for who in people}
    of = {who: [x for x in few if x.clip.steps >= steps] for who, few in of.items()}
    of = {who: few for who, few in of.items() if len(few) > 1}
    # Who has few clips is drawn more often than they are many, or the batch would repeat them.
    share = np.sqrt([len(few) for few in of.values()])
    share /= share.sum()

    def one(epoch: int) -> Iterator[Batch]:
        rng = np.random.default_rng((seed, 1, epoch))
        names = list(of)
        for _ in range(batches):
            theirs = of[names[rng.choice(len(names), p=share)]]
            chosen = rng.choice(len(theirs), min(size, len(theirs)), replace=False)
            yield _clip_batch([theirs[i] for i in chosen], steps, rng)

    return one


def _clip_batch(lessons: Sequence[Lesson], steps: int, rng: Rng) -> Batch:
    pictures, points, bands = [], [], []
    for lesson in lessons:
        start = int(rng.integers(lesson.clip.steps - steps + 1))
        shown = _slow(np.arange(start, start + steps), rng)
        view = draw_view(rng)
        pairs = [seen(lesson.clip.mouths[i], lesson.clip.points[i], view, rng) for i in shown]
        pictures.append(standardised(np.stack([picture for picture, _ in pairs])))
        points.append(as_numbers(np.stack([where for _, where in pairs])))
        sound = lesson.sounds[int(rng.integers(len(lesson.sounds)))]
        first = start * SOUND_FRAMES_PER_STEP
        bands.append(_masked(sound[first : first + steps * SOUND_FRAMES_PER_STEP], rng))
    wanted = {"vectors": np.zeros((len(lessons), 1), np.float32), "points": np.stack(points)}
    return [np.stack(pictures), np.stack(bands)], wanted


def _slow(steps: NDArray[np.intp], rng: Rng) -> NDArray[np.intp]:
    """Which picture is shown at each step where the camera is slow: some stand for two."""
    if rng.random() < 0.5:
        return steps
    every = RATE_HZ / rng.uniform(LEAST_RATE_HZ, RATE_HZ)
    taken = np.round(np.arange(0, len(steps) + every, every) + rng.uniform(-0.5, 0.5) * every)
    nearest = np.abs(np.arange(len(steps))[:, None] - taken[None, :]).argmin(axis=1)
    picked = np.clip(taken[nearest].astype(np.intp), 0, len(steps) - 1)
    return np.asarray(steps[picked])


def _masked(bands: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    """Half the time a few neighbouring bands say nothing (Park et al. 2019, SpecAugment)."""
    if rng.random() < 0.5:
        return bands
    first, width = int(rng.integers(70)), int(rng.integers(1, 15))
    masked = bands.copy()
    masked[:, first : first + width] = masked[:, first : first + width].mean()
    return masked
