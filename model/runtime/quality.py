"""How good a face picture is; one definition for training and serving."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from model.runtime.align import TEMPLATE
from model.runtime.detect import DetectedFace
from model.types import FaceQuality


class CropQuality(NamedTuple):
    """What :class:`model.types.FaceQuality` takes from the crop."""

    sharpness: float
    brightness: float
    contrast: float


def crop_quality(crop: NDArray[np.uint8]) -> CropQuality:
    """Measure an aligned crop.

    Args:
        crop: uint8, shape (112, 112, 3), RGB.

    Returns:
        Sharpness: variance of the Laplacian of the grey crop, grey levels 0 to 255 (Pech-Pacheco
        et al. 2000). Brightness and contrast: mean and standard deviation of grey, 0 to 1.
    """
    grey = cv2.cvtColor(crop.astype(np.float32), cv2.COLOR_RGB2GRAY)
    laplacian = cv2.Laplacian(grey, cv2.CV_32F, borderType=cv2.BORDER_REFLECT_101)
    mean, deviation = (float(part[0, 0]) for part in cv2.meanStdDev(grey))
    roughness = float(cv2.meanStdDev(laplacian)[1][0, 0])
    return CropQuality(roughness**2, mean / 255, deviation / 255)


def measure(face: DetectedFace, crop: NDArray[np.uint8]) -> FaceQuality:
    """Measure one face.

    Args:
        face: as found in its frame.
        crop: uint8, shape (112, 112, 3), RGB: the same face aligned.

    Returns:
        All of ``FaceQuality``; yaw is positive when the nose points to the picture's right,
        pitch when it points down.
    """
    measured = crop_quality(crop)
    yaw, pitch = pose(face.landmarks)
    return FaceQuality(
        size_px=(face.box[2] + face.box[3]) / 2,
        sharpness=measured.sharpness,
        yaw=yaw,
        pitch=pitch,
        brightness=measured.brightness,
        contrast=measured.contrast,
        detection=face.score,
    )


def _nose_place(landmarks: NDArray[np.floating]) -> tuple[float, float]:
    """Where the nose lies between the eyes (-1 to 1), and from eyes (0) to mouth (1).

    Measured along and across the line of the eyes, so that a tilted head counts as upright.
    """
    points = [complex(x, y) for x, y in landmarks.tolist()]
    eye_line = points[1] - points[0]
    upright = eye_line.conjugate() / abs(eye_line)
    right_eye, left_eye, nose, right_mouth, left_mouth = (point * upright for point in points)
    eyes, mouth = (right_eye + left_eye) / 2, (right_mouth + left_mouth) / 2
    middle = eyes + (mouth - eyes) / 2
    across = 2 * (nose - middle).real / abs(eye_line)
    down = (nose - eyes).imag / max((mouth - eyes).imag, 1e-3)
    return across, down


_LEVEL_NOSE = _nose_place(TEMPLATE)[1]


def pose(landmarks: NDArray[np.floating]) -> tuple[float, float]:
    """Yaw and pitch, -1 to 1, out of landmarks of shape (5, 2); the head's tilt does not count."""
    if np.array_equal(landmarks[0], landmarks[1]):
        return 1.0, 0.0
    across, down = _nose_place(landmarks)
    pitch = 2 * (down - _LEVEL_NOSE)
    return max(-1.0, min(1.0, across)), max(-1.0, min(1.0, pitch))
