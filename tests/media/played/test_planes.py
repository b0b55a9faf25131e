from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_verifier.errors import MediaError
from stream_verifier.media.played.planes import Turn, frame_of_planes


def planes(width: int, height: int) -> bytes:
    """White in the upper left quarter, else black."""
    luma = np.full((height, width), 16, np.uint8)
    luma[: height // 2, : width // 2] = 235
    colour = 2 * ((width + 1) // 2) * ((height + 1) // 2)
    return luma.tobytes() + bytes([128]) * colour


def shown(width: int, height: int, turn: Turn) -> NDArray[np.uint8]:
    frame = frame_of_planes(planes(width, height), width, height, turn)
    return np.asarray(frame.to_ndarray(format="gray"), np.uint8)


@pytest.mark.parametrize(
    ("turn", "rows", "columns"), [(0, 0, 0), (90, 0, 1), (180, 1, 1), (270, 1, 0)]
)
@pytest.mark.parametrize("size", [(64, 48), (47, 64), (63, 47)])
def test_a_picture_is_turned_clockwise(
    turn: Turn, rows: int, columns: int, size: tuple[int, int]
) -> None:
    image = shown(*size, turn)
    high, wide = image.shape
    assert abs((wide if not turn % 180 else high) - size[0]) <= 1
    quarters = image.reshape(2, high // 2, 2, wide // 2)[:, 4:-4, :, 4:-4].mean(axis=(1, 3))
    assert quarters[rows, columns] > 200
    assert sorted(quarters.ravel())[2] < 60


@pytest.mark.parametrize(
    ("data", "width", "height"),
    [(b"", 0, 0), (b"", 64, 48), (bytes(64 * 48), 64, 48), (b"a", 1, 1)],
)
def test_less_than_its_size_says_is_no_picture(data: bytes, width: int, height: int) -> None:
    with pytest.raises(MediaError):
        frame_of_planes(data, width, height)
