"""Decoding a pack's files: pictures by OpenCV, sound by PyAV."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av
import cv2
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from model.data.notes import Notes
from model.errors import PackError
from model.runtime.audio import FULL_SCALES
from model.runtime.audio import SAMPLE_RATE_HZ as SAMPLE_RATE_HZ

PICTURE_SIDE_PX = 160
CROP = slice(24, 136)

Samples = NDArray[np.float32]
Picture = NDArray[np.uint8]


def read_image(path: Path) -> Picture:
    """Decode a picture of any size.

    Returns:
        uint8, shape (height, width, 3), RGB.

    Raises:
        PackError: the file cannot be read or is no picture.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise PackError(f"{path} cannot be read: {error.strerror}") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise PackError(f"{path} is no picture that can be decoded: replace it or take it out")
    return np.ascontiguousarray(image[:, :, ::-1], dtype=np.uint8)


def read_picture(path: Path) -> Picture:
    """Decode an aligned picture.

    Returns:
        uint8, shape (160, 160, 3), RGB.

    Raises:
        PackError: the file is no picture or of another size.
    """
    picture = read_image(path)
    height, width = picture.shape[:2]
    if (height, width) != (PICTURE_SIDE_PX, PICTURE_SIDE_PX):
        raise PackError(
            f"{path} is {width}x{height}, not an aligned {PICTURE_SIDE_PX}x{PICTURE_SIDE_PX} "
            "picture: 'python -m model voxceleb' aligns pictures of any size"
        )
    return picture


def crop_face(picture: Picture) -> Picture:
    """The face tower's input, shape (112, 112, 3), out of an aligned 160x160 picture."""
    return np.ascontiguousarray(picture[CROP, CROP])


def read_voice(path: Path, *, notes: Notes | None = None) -> Samples:
    """Decode sound to mono at 16 kHz.

    Args:
        path: any file that FFmpeg reads; its first sound stream counts.
        notes: told when the sound was at another rate.

    Returns:
        float32, shape (n,), -1 to 1.

    Raises:
        PackError: the file holds no sound that can be decoded, or numbers that are no samples.
    """
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    try:
        with av.open(str(path)) as container:
            rate_hz = container.streams.audio[0].rate
            frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
            frames += resampler.resample(None)
    except (FFmpegError, IndexError) as error:
        raise PackError(
            f"{path} holds no sound that can be decoded ({error}): replace it or take it out"
        ) from error
    if not frames:
        raise PackError(f"{path} holds no sound: replace it or take it out")
    if notes and rate_hz != SAMPLE_RATE_HZ:
        notes.resampled(path, rate_hz)
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)
    _check_samples(path, samples)
    return samples


def _check_samples(path: Path, samples: Samples) -> None:
    """Refuse what a program wrote as floats and did not scale, or could not compute."""
    peak = float(np.abs(samples).max())
    if not np.isfinite(peak):
        raise PackError(f"{path} holds samples that are no numbers (NaN): make it anew")
    if peak > FULL_SCALES:
        raise PackError(
            f"{path} holds samples up to {peak:.0f}, where 1 is full scale: divide them first, "
            "16-bit ones by 32768"
        )


def join_voices(paths: Iterable[Path], *, notes: Notes | None = None) -> Samples:
    """Decode several files and put one after the other."""
    return np.concatenate([read_voice(path, notes=notes) for path in paths])
