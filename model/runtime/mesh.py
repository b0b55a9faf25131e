"""468 points of a face in space: MediaPipe's face mesh in LiteRT.

Kartynnik et al. 2019, https://arxiv.org/abs/1907.06724. About 2 ms a picture.
"""

from __future__ import annotations

import math
import threading
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from model.errors import WeightsError
from model.runtime.detect import Box
from model.runtime.weights import Weights

PART = "face_mesh"
COUNT = 468
LEAST_PRESENCE = 4.0
"""Log-odds of a face from which its points are believed."""

_SIDE_PX = 192
_WIDENED = 1.5


class FaceMesh:
    """Finds the points of a face that the face detector has found; threads take turns.

    Args:
        weights: a checked ``.tflite`` file, or what it holds.

    Raises:
        WeightsError: LiteRT cannot read it.
    """

    def __init__(self, weights: Path | bytes) -> None:
        content = weights.read_bytes() if isinstance(weights, Path) else weights
        try:
            self._interpreter = Interpreter(model_content=content, num_threads=1)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise WeightsError(f"LiteRT cannot load the face mesh: {error}") from error
        self._lock = threading.Lock()
        self._input = self._interpreter.get_input_details()[0]["index"]
        sizes = {
            math.prod(out["shape"]): out["index"] for out in self._interpreter.get_output_details()
        }
        self._points, self._presence = sizes[3 * COUNT], sizes[1]

    @classmethod
    def load(cls, weights: Weights) -> FaceMesh:
        """Load the part "face_mesh".

        Raises:
            WeightsError: it is missing or cannot be loaded.
        """
        return cls(weights.path(PART))

    def locate(
        self, image: NDArray[np.uint8], box: Box, landmarks: NDArray[np.floating]
    ) -> tuple[NDArray[np.float32], float]:
        """Find the points of one face.

        Args:
            image: uint8, shape (height, width, 3), BGR.
            box: x, y, width, height of the face.
            landmarks: shape (5, 2); the eyes say how far it is tilted.

        Returns:
            float32, shape (468, 3): across, down and out towards the camera, pixels of ``image``;
            log-odds that there is a face.
        """
        there = _upright(box, landmarks)
        scale = math.hypot(there[0, 0], there[0, 1])
        how = cv2.INTER_LINEAR if scale > 0.6 else cv2.INTER_AREA
        face = cv2.warpAffine(image, there, (_SIDE_PX, _SIDE_PX), flags=how)
        batch = (face[None, :, :, ::-1] / 255).astype(np.float32)
        with self._lock:
            self._interpreter.set_tensor(self._input, batch)
            self._interpreter.invoke()
            found = self._interpreter.get_tensor(self._points).reshape(COUNT, 3)
            presence = float(self._interpreter.get_tensor(self._presence).reshape(-1)[0])
        back = cv2.invertAffineTransform(there)
        flat = found[:, :2] @ back[:, :2].T + back[:, 2]
        return np.column_stack([flat, -found[:, 2] / scale]).astype(np.float32), presence


def _upright(box: Box, landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """The transform that brings a face upright into the mesh's picture."""
    x, y, width, height = box
    across = landmarks[1] - landmarks[0]
    angle = -math.atan2(across[1], across[0])
    scale = _SIDE_PX / (_WIDENED * max(width, height))
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    middle_x, middle_y = x + width / 2, y + height / 2
    half = _SIDE_PX / 2
    return np.array(
        [
            [c, -s, half - c * middle_x + s * middle_y],
            [s, c, half - s * middle_x - c * middle_y],
        ]
    )
