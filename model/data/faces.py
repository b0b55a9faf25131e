"""Aligned faces out of pictures of any size, for packs."""

from __future__ import annotations

import numpy as np

from model.data.align import align
from model.data.media import Picture
from model.errors import PackError
from model.runtime.detect import FaceDetector
from model.runtime.weights import Weights


class FaceAligner:
    """Finds the largest face, as serving does, and aligns it on its five landmarks.

    Args:
        weights: hold the detector.

    Raises:
        WeightsError: the weights list no detector.
    """

    def __init__(self, weights: Weights) -> None:
        self._detector = FaceDetector(weights.path("face_detector"))

    def aligned(self, image: Picture) -> Picture:
        """Find and align.

        Args:
            image: uint8, shape (height, width, 3), RGB.

        Returns:
            uint8, shape (160, 160, 3), RGB.

        Raises:
            PackError: no face was found.
        """
        faces = self._detector.detect(np.ascontiguousarray(image[:, :, ::-1]))
        if not faces:
            raise PackError("no face was found")
        largest = max(faces, key=lambda face: face.box[2] * face.box[3])
        return align(image, largest.landmarks)
