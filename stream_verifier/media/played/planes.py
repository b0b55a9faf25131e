"""Pictures as three planes (I420), for those who read frames of PyAV."""

from __future__ import annotations

from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

from stream_verifier.errors import MediaError

Turn = Literal[0, 90, 180, 270]
"""Degrees clockwise by which a picture has to be turned to be upright."""


def frame_of_planes(
    data: bytes | bytearray | memoryview, width: int, height: int, turn: Turn = 0
) -> av.VideoFrame:
    """Make a frame of a picture, upright; of an odd side the last line is left out.

    Args:
        data: luma and the two of colour, one after the other, rows without padding.
        width: pixels of luma.
        height: likewise.
        turn: see `Turn`.

    Raises:
        MediaError: there is less of it than its size says, or it has none.
    """
    wide, high = (width + 1) // 2, (height + 1) // 2
    if width < 2 or height < 2 or len(data) < width * height + 2 * wide * high:
        raise MediaError("A picture has fewer pixels than its size says.")
    flat: NDArray[np.uint8] = np.frombuffer(data, np.uint8)
    if not turn and not width % 2 and not height % 2:
        whole = flat[: width * height * 3 // 2]
        return av.VideoFrame.from_ndarray(whole.reshape(-1, width), format="yuv420p")
    luma, rest = flat[: width * height], flat[width * height :]
    planes = (
        luma.reshape(height, width)[: height // 2 * 2, : width // 2 * 2],
        rest[: wide * high].reshape(high, wide)[: height // 2, : width // 2],
        rest[wide * high : 2 * wide * high].reshape(high, wide)[: height // 2, : width // 2],
    )
    turned = [np.rot90(plane, -turn // 90) for plane in planes]
    packed = np.concatenate([plane.ravel() for plane in turned])
    return av.VideoFrame.from_ndarray(packed.reshape(-1, turned[0].shape[1]), format="yuv420p")
