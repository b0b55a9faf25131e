"""Aligned faces out of pictures of any size, for packs."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model.data.align import align
from model.data.media import Picture
from model.errors import PackError
from model.runtime.weights import Weights


class FaceAligner:
    """Finds the largest face by YuNet (Wu et al. 2023) and aligns it on its five landmarks.

    Args:
        weights: hold the detector.
        min_score: detections below are dropped, 0 to 1.
        max_side_px: larger pictures are searched scaled down to this.

    Raises:
        WeightsError: the weights list no detector.
    """

    def __init__(self, weights: Weights, *, min_score: float = 0.7, max_side_px: int = 640) -> None:
        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        model = str(weights.path("face_detector"))
        self._net = cv2.FaceDetectorYN.create(model, "", (320, 320), min_score)
        cv2.utils.logging.setLogLevel(level)  # OpenCV 5 warns of each network it loads
        self._max_side_px = max_side_px

    def aligned(self, image: Picture) -> Picture:
        """Find and align.

        Args:
            image: uint8, shape (height, width, 3), RGB.

        Returns:
            uint8, shape (160, 160, 3), RGB.

        Raises:
            PackError: no face was found.
        """
        height, width = image.shape[:2]
        scale = min(1.0, self._max_side_px / max(height, width))
        size = (max(2, round(width * scale)), max(2, round(height * scale)))
        small = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        self._net.setInputSize((small.shape[1], small.shape[0]))
        found: Any = self._net.detect(np.ascontiguousarray(small[:, :, ::-1]))[1]
        if found is None:
            raise PackError("no face was found")
        largest = found[np.argmax(found[:, 2] * found[:, 3])].astype(np.float64)
        back = np.divide((width, height), (small.shape[1], small.shape[0]))
        return align(image, largest[4:14].reshape(5, 2) * back)
