"""Talking people of a pack, as if each sat before a webcam: clips, with a pause behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.media import read_voice
from model.lips.clips import Listed, follow, listed, read_pictures
from model.runtime.align import similarity, template
from model.runtime.detect import FaceDetector
from model.runtime.mouth import steady

RATE_HZ = 25
STEP_SAMPLES = 640
HEIGHT, WIDTH = 480, 640
_FACE_PX = 150
_SHORTEST, _LONGEST = 8, 24
"""Steps of a pause, of 40 ms."""
_TONE_LEVEL = 12.0
_QUALITY = 75

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Clip:
    """One clip, on the clock of 25 pictures a second.

    Attributes:
        pictures: JPEG files of 640 x 480.
        landmarks: shape (n, 5, 2), pixels, smoothed over time.
        sound: int16, mono at 16 kHz, 640 samples a picture.
    """

    pictures: tuple[bytes, ...]
    landmarks: NDArray[np.float64]
    sound: NDArray[np.int16]


@dataclass(frozen=True)
class Person:
    """Somebody's clips, some to enrol with and some to call with."""

    name: str
    source: str
    enrol: tuple[Clip, ...]
    call: tuple[Clip, ...]


def people(pack: Path, detector: FaceDetector, *, most_clips: int) -> list[Person]:
    """Read a pack's talking people; a third of each one's clips is for the enrolment.

    Raises:
        PackError: the pack lists no talking clips.
    """
    by_name: dict[str, list[Listed]] = {}
    for clip in listed(pack):
        by_name.setdefault(clip.identity, []).append(clip)
    return [_person(name, rows[:most_clips], detector) for name, rows in by_name.items()]


def unpacked(picture: bytes) -> Picture:
    """A JPEG file as BGR."""
    return np.asarray(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def packed(picture: NDArray[np.uint8], quality: int = _QUALITY) -> bytes:
    """A BGR picture as a JPEG file."""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def _person(name: str, rows: Sequence[Listed], detector: FaceDetector) -> Person:
    clips = [clip for row in rows if (clip := _clip(row, detector)) is not None]
    third = len(clips) // 3
    return Person(name, name.split("/")[0], tuple(clips[:third]), tuple(clips[third:]))


def _clip(row: Listed, detector: FaceDetector) -> Clip | None:
    times_s, pictures = read_pictures(row.path)
    faces = follow(pictures, detector)
    if not pictures or any(face is None for face in faces):
        return None
    raw = np.stack([face.landmarks for face in faces if face is not None]).astype(np.float64)
    # One map for the whole clip: the head's own movement stays.
    there = similarity(np.median(raw, axis=0), _before_the_webcam())
    sound = (np.clip(read_voice(row.path), -1, 1) * 32767).astype(np.int16)  # noqa: PLR2004
    count = min(len(pictures), len(sound) // STEP_SAMPLES)
    placed = _placed(pictures[:count], there)
    landmarks = steady(times_s[:count], raw[:count]) @ there[:, :2].T + there[:, 2]
    return _paused(placed, landmarks, sound[: count * STEP_SAMPLES], crc32(row.path.name.encode()))


def _placed(pictures: Sequence[Picture], there: NDArray[np.float64]) -> list[Picture]:
    """A clip's pictures in a webcam's frame, and around them what they show, far out of focus."""
    size = (WIDTH, HEIGHT)
    inside = np.full(pictures[0].shape[:2], 255, np.uint8)
    shown = cv2.erode(cv2.warpAffine(inside, there, size), np.ones((25, 25), np.uint8))
    soft = cv2.GaussianBlur(shown.astype(np.float32) / 255, (0, 0), 8)[..., None]
    tiny = cv2.resize(pictures[0], (16, 12), interpolation=cv2.INTER_AREA)
    room = cv2.resize(tiny, size, interpolation=cv2.INTER_CUBIC) * (1 - soft)
    placed = []
    for picture in pictures:
        warped = cv2.warpAffine(
            picture, there, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        placed.append(np.asarray(np.clip(warped * soft + room, 0, 255), np.uint8))
    return placed


def _before_the_webcam() -> NDArray[np.float64]:
    """Landmarks of a face in the middle of the picture."""
    middle = np.array([WIDTH / 2, HEIGHT / 2])
    return np.asarray((template(112) - 56.0) * (_FACE_PX / 112) + middle)


def _paused(
    placed: Sequence[Picture], landmarks: NDArray[np.float64], sound: NDArray[np.int16], seed: int
) -> Clip:
    """With a pause behind it, in which nothing is said and the picture stands."""
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(_SHORTEST, _LONGEST))
    pictures = [packed(one) for one in placed]
    pictures += [pictures[-1]] * steps
    still = np.repeat(landmarks[-1:], steps, axis=0)
    tone = rng.normal(0, _TONE_LEVEL, steps * STEP_SAMPLES)
    return Clip(
        tuple(pictures),
        np.concatenate([landmarks, still]),
        np.concatenate([sound, tone.astype(np.int16)]),
    )
