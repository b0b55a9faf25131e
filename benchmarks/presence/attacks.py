"""What is shown and said in a call, honest or not, made of one person's clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import overload

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.presence.material import (
    HEIGHT,
    RATE_HZ,
    STEP_SAMPLES,
    WIDTH,
    Clip,
    Picture,
    packed,
    unpacked,
)
from benchmarks.presence.screens import Filmed, filmed

Rng = np.random.Generator
_ENROL_S = 25.0


@dataclass(frozen=True)
class Show:
    """What comes in a call.

    Attributes:
        pictures: JPEG files, 25 a second.
        landmarks: shape (n, 5, 2), of the face in each.
        clips: shape (n,), which clip each is of.
        sound: int16, mono at 16 kHz, as long.
    """

    pictures: Sequence[bytes]
    landmarks: NDArray[np.float64]
    clips: NDArray[np.intp]
    sound: NDArray[np.int16]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.pictures) / RATE_HZ


class Rendered(Sequence[bytes]):
    """Pictures that are made when they are looked at, as most of a call's never are.

    Args:
        count: how many there are.
        make: makes one of them; the same each time.
    """

    def __init__(self, count: int, make: Callable[[int], Picture]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        """How many there are."""
        return self._count

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        """A picture, made now."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(self._count))]
        if not 0 <= at < self._count:
            raise IndexError(at)
        return packed(self._make(at))


Attack = Callable[[Show, Rng], Show]


def drawn(clips: Sequence[Clip], seconds: float, rng: Rng, *, again: bool = False) -> Show:
    """Clips in random order, for so long or until all were used.

    Args:
        clips: of one person.
        seconds: how long it is at most.
        rng: the order.
        again: whether clips come again where they do not suffice, as no living person does.
    """
    chosen = [clips[index] for index in rng.permutation(len(clips))]
    while again and sum(len(clip.pictures) for clip in chosen) < seconds * RATE_HZ:
        chosen += chosen
    pictures = [picture for clip in chosen for picture in clip.pictures]
    count = min(len(pictures), int(seconds * RATE_HZ))
    return Show(
        pictures[:count],
        np.concatenate([clip.landmarks for clip in chosen])[:count],
        np.repeat(np.arange(len(chosen)), [len(clip.pictures) for clip in chosen])[:count],
        np.concatenate([clip.sound for clip in chosen])[: count * STEP_SAMPLES],
    )


def to_enrol(clips: Sequence[Clip]) -> Show:
    """What a person shows and says to enrol, the same each time."""
    return drawn(clips, _ENROL_S, np.random.default_rng(0), again=True)


def honest(show: Show, _: Rng) -> Show:
    """The person."""
    return show


def still(show: Show, rng: Rng) -> Show:
    """One picture of the person, with the person's recorded voice."""
    chosen = int(rng.integers(len(show.pictures)))
    return replace(show, pictures=[show.pictures[chosen]] * len(show.pictures))


def moved_still(show: Show, rng: Rng) -> Show:
    """The same, held by hand: shifted, turned, zoomed, tilted, bent and now and then blurred."""
    picture = unpacked(show.pictures[int(rng.integers(len(show.pictures)))])
    amount = float(rng.uniform(1, 5))
    paths = _wander(len(show.pictures), rng)
    seeds = rng.integers(1 << 32, size=len(paths))

    def make(at: int) -> Picture:
        return _held(picture, paths[at], amount, np.random.default_rng(seeds[at]))

    return replace(show, pictures=Rendered(len(paths), make))


def shut_mouth(show: Show, _: Rng) -> Show:
    """The person's living face with a mouth at rest: somebody else, off camera, talks."""
    resting: dict[int, Picture] = {}
    for clip in np.unique(show.clips):
        own = [int(at) for at in np.flatnonzero(show.clips == clip)]
        pictures = {at: unpacked(show.pictures[at]) for at in own}
        quiet = min(pictures, key=lambda at: _opening(pictures[at], show.landmarks[at]))
        resting[int(clip)] = pictures[quiet]

    def make(at: int) -> Picture:
        own = resting[int(show.clips[at])]
        return _with_lower_face(unpacked(show.pictures[at]), show.landmarks[at], own)

    return replace(show, pictures=Rendered(len(show.pictures), make))


def other_words(show: Show, rng: Rng) -> Show:
    """The person talks, and other words of the same voice are heard."""
    shift = int(rng.integers(3 * RATE_HZ, len(show.pictures) - 3 * RATE_HZ))
    return replace(show, sound=np.roll(show.sound, shift * STEP_SAMPLES))


def dubbed_late(show: Show, _: Rng) -> Show:
    """The right words, 0.4 s late."""
    return replace(show, sound=np.roll(show.sound, round(0.4 * RATE_HZ) * STEP_SAMPLES))


def looped(show: Show, _: Rng) -> Show:
    """Eight seconds of the person, again and again."""
    count = 8 * RATE_HZ
    times = -(-len(show.pictures) // count)
    length = len(show.pictures)
    return Show(
        (list(show.pictures[:count]) * times)[:length],
        np.tile(show.landmarks[:count], (times, 1, 1))[:length],
        np.tile(show.clips[:count], times)[:length],
        np.tile(show.sound[: count * STEP_SAMPLES], times)[: length * STEP_SAMPLES],
    )


def on_a_screen(show: Show, rng: Rng) -> Show:
    """The person's video on a phone or tablet before the camera."""
    return _filmed(show, Filmed.screen(rng), rng)


def on_paper(show: Show, rng: Rng) -> Show:
    """A print of the person's picture before the camera, with the person's recorded voice."""
    return _filmed(still(show, rng), Filmed.paper(rng), rng)


def _filmed(show: Show, setting: Filmed, rng: Rng) -> Show:
    seed = int(rng.integers(1 << 32))

    def make(at: int) -> Picture:
        noise = np.random.default_rng([seed, at])
        return filmed(unpacked(show.pictures[at]), setting, noise)

    return replace(show, pictures=Rendered(len(show.pictures), make))


def _wander(count: int, rng: Rng) -> NDArray[np.float64]:
    """Slow random paths of nine numbers around 0, shape (count, 9)."""
    steps = np.cumsum(rng.normal(0, 1, (count + 20, 9)), axis=0)
    kernel = np.ones(6) / 6
    smooth = np.stack([np.convolve(path, kernel, "valid") for path in steps.T], axis=1)[:count]
    # A hand comes back to where it was.
    reach = np.abs(smooth - smooth.mean(axis=0)).max(axis=0)
    return np.asarray((smooth - smooth.mean(axis=0)) / np.maximum(reach, 1e-9) * 6)


def _held(picture: Picture, at: NDArray[np.float64], amount: float, rng: Rng) -> Picture:
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    middle = np.array([WIDTH / 2, HEIGHT / 2])
    zoom = 1 + 0.01 * amount * at[8] / 2
    moved = (corners - middle) * zoom + middle + amount * (at[:2] + at[:8].reshape(4, 2) / 3)
    tilt = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    out = cv2.warpPerspective(picture, tilt, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    across, down = np.meshgrid(
        np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32)
    )
    bent = across + np.float32(amount * at[7]) * np.sin(across / WIDTH * np.pi)
    out = cv2.remap(out, bent.astype(np.float32), down, cv2.INTER_LINEAR)
    if rng.random() < 0.2:  # one in five is blurred
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.5, 1.2)))
    return np.asarray(out, np.uint8)


def _opening(picture: Picture, landmarks: NDArray[np.float64]) -> float:
    """How dark it is between the lips: an open mouth shows a hole."""
    x, y = ((landmarks[3] + landmarks[4]) / 2).astype(int)
    reach = max(2, int(np.linalg.norm(landmarks[4] - landmarks[3]) / 4))
    return -float(picture[y - reach : y + reach, x - reach : x + reach].mean())


def _with_lower_face(picture: Picture, landmarks: NDArray[np.float64], resting: Picture) -> Picture:
    """A picture with the lower face of another one, which goes with its eyes and nose."""
    size = float(np.linalg.norm(landmarks[1] - landmarks[0]))
    mouth = landmarks[3:].mean(axis=0)
    middle = mouth + (mouth - landmarks[2]) * 0.4
    mask = np.zeros(picture.shape[:2], np.float32)
    axes = (int(size * 1.2), int(size * 0.95))
    cv2.ellipse(mask, (int(middle[0]), int(middle[1])), axes, 0, 0, 360, 1.0, -1)
    mask[: int(landmarks[2][1] + 0.15 * size)] = 0
    soft = cv2.GaussianBlur(mask, (0, 0), size * 0.08)[..., None]
    mixed = picture * (1 - soft) + _laid(resting, picture, landmarks) * soft
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def _laid(resting: Picture, picture: Picture, landmarks: NDArray[np.float64]) -> Picture:
    """A picture of the same person, laid over another one by eyes and nose (ECC, affine)."""
    size = np.linalg.norm(landmarks[1] - landmarks[0])
    left, top = (landmarks[:3].min(axis=0) - size * 0.5) / 2
    right, bottom = (landmarks[:3].max(axis=0) + size * np.array([0.5, 0.1])) / 2
    mask = np.zeros((HEIGHT // 2, WIDTH // 2), np.uint8)
    mask[int(top) : int(bottom), int(left) : int(right)] = 255
    now, then = (
        cv2.resize(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY), None, fx=0.5, fy=0.5)
        for one in (picture, resting)
    )
    start = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-5)
    try:
        _, warp = cv2.findTransformECC(now, then, start, cv2.MOTION_AFFINE, stop, mask, 5)
    except cv2.error:  # it went astray: leave the mouth where it was
        return resting
    warp[:, 2] *= 2
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(
        resting, warp, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(laid, np.uint8)


ATTACKS: dict[str, Attack] = {
    "a still picture, own recorded voice": still,
    "a still picture held by hand, own recorded voice": moved_still,
    "a print, own recorded voice": on_paper,
    "a living face with its mouth at rest, own recorded voice": shut_mouth,
    "other words of the same voice": other_words,
    "the right words, 0.4 s late": dubbed_late,
    "eight seconds in a loop": looped,
    "a video on a screen": on_a_screen,
}
STILLS = (still, moved_still)
"""Of which there have to be many."""
