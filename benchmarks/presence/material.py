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
from model.runtime.detect import FaceDetector
from model.runtime.mouth import steady

RATE_HZ = 25
STEP_SAMPLES = 640
HEIGHT, WIDTH = 480, 640
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


def packed(picture: NDArray[np.uint8]) -> bytes:
    """A BGR picture as a JPEG file."""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])


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
    there = _to_the_webcam(pictures[0], np.median(raw, axis=0))
    sound = (np.clip(read_voice(row.path), -1, 1) * 32767).astype(np.int16)
    count = min(len(pictures), len(sound) // STEP_SAMPLES)
    placed = [_placed(picture, there) for picture in pictures[:count]]
    landmarks = steady(times_s[:count], raw[:count]) @ there[:, :2].T + there[:, 2]
    return _paused(placed, landmarks, sound[: count * STEP_SAMPLES], crc32(row.path.name.encode()))


def _placed(picture: Picture, there: NDArray[np.float64]) -> Picture:
    size = (WIDTH, HEIGHT)
    warped = cv2.warpAffine(
        picture, there, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


def _to_the_webcam(picture: Picture, landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    """The map that lets a clip fill a webcam's frame from top to bottom, the face in its middle.

    What is framed by anything looks like a screen, as it should.
    """
    scale = HEIGHT / picture.shape[0]
    left = WIDTH / 2 - scale * float(landmarks[:, 0].mean())
    return np.array([[scale, 0.0, left], [0.0, scale, 0.0]])


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
