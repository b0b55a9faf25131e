"""Find faces in a frame and bring them into the position that the face tower wants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError
from stream_verifier.windows.types import DetectedFace

CROP = 112
"""Side of an aligned face in pixels."""

TEMPLATE: NDArray[np.float64] = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ]
)
"""Where the landmarks lie in an aligned face (ArcFace, Deng et al. 2019)."""


class FaceDetector:
    """YuNet (Wu et al. 2023) through OpenCV.

    Keep one per call or share one among calls; either way, use it from one thread at a time.
    """

    def __init__(
        self,
        model_path: Path | str,
        *,
        max_side_px: int = 480,
        min_score: float = 0.7,
        max_overlap: float = 0.3,
        max_faces: int = 20,
    ) -> None:
        """Load the network.

        Args:
            model_path: the ONNX file.
            max_side_px: frames are scaled down to this longer side before the search.
            min_score: detections below are dropped, 0 to 1.
            max_overlap: intersection over union from which two detections are one face.
            max_faces: no more than these are reported, the surest first.

        Raises:
            WeightsError: the file is missing or OpenCV cannot read it.
        """
        if not Path(model_path).is_file():
            raise WeightsError(f"face detector {model_path} is missing: install the package again")
        try:
            self._net = cv2.FaceDetectorYN.create(
                str(model_path), "", (max_side_px, max_side_px), min_score, max_overlap, 5000
            )
        except cv2.error as error:
            raise WeightsError(
                f"OpenCV cannot read the face detector {model_path}: install the package again"
            ) from error
        self._max_side_px = max_side_px
        self._max_faces = max_faces

    def detect(self, image: NDArray[np.uint8]) -> list[DetectedFace]:
        """Find the faces in one frame, whatever its size.

        Args:
            image: uint8, shape (height, width, 3), BGR.

        Returns:
            Faces in pixels of ``image``, the surest first; boxes may reach beyond the frame.
        """
        height, width = image.shape[:2]
        if min(height, width) < 2:
            return []
        scale = min(1.0, self._max_side_px / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = image if size == (width, height) else _shrink(image, size)
        self._net.setInputSize(size)
        found: Any = self._net.detect(small)[1]  # None without a face, whatever its stub says
        rows = np.empty((0, 15)) if found is None else np.asarray(found, np.float64)
        back = np.array([width / size[0], height / size[1]])
        faces = [_face(row, back) for row in rows]
        return sorted(faces, key=lambda face: -face.score)[: self._max_faces]


def _shrink(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _face(row: NDArray[np.float64], back: NDArray[np.float64]) -> DetectedFace:
    x, y, width, height = (row[:4].reshape(2, 2) * back).ravel().tolist()
    landmarks = (row[4:14].reshape(5, 2) * back).astype(np.float32)
    return DetectedFace((x, y, width, height), landmarks, min(1.0, float(row[14])))


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """Least-squares rotation, scale and shift from one set of points to another.

    The plane's case of Umeyama (1991): with points as complex numbers the transform is a z + b,
    which cannot mirror, and the best a is a quotient of two sums.

    Args:
        source: shape (n, 2), not all points equal.
        target: shape (n, 2).

    Returns:
        Shape (2, 3), to be applied to columns (x, y, 1).
    """
    z = source[:, 0].astype(np.float64) + 1j * source[:, 1]
    w = target[:, 0].astype(np.float64) + 1j * target[:, 1]
    centred = z - z.mean()
    a = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred).real
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Cut out one face, upright and with its features in the places of ``TEMPLATE``.

    A face much larger than the crop is averaged down first: sampling it at single points would
    alias.

    Args:
        image: uint8, shape (height, width, 3), BGR.
        landmarks: shape (5, 2), pixels of ``image``, in YuNet's order.

    Returns:
        uint8, shape (112, 112, 3), RGB; black where it reaches beyond the frame.
    """
    transform = similarity(landmarks, TEMPLATE)
    shrink = int(1 / max(np.hypot(transform[0, 0], transform[1, 0]), 1e-3))
    if shrink > 1:
        height, width = image.shape[:2]
        size = (max(1, width // shrink), max(1, height // shrink))
        # Pixel centres lie at whole numbers, hence the shift by half a pixel on either side.
        ratio = np.array([size[0] / width, size[1] / height])
        transform = similarity((landmarks + 0.5) * ratio - 0.5, TEMPLATE)
        image = _shrink(image, size)
    crop = cv2.warpAffine(image, transform, (CROP, CROP), flags=cv2.INTER_LINEAR)
    return np.ascontiguousarray(crop[:, :, ::-1], np.uint8)
