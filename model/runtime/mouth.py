"""From pictures of a face to pictures of its mouth, held still; one definition for all."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.runtime.align import CROP_SIDE_PX, align

RATE_HZ = 25.0
"""Pictures a second that mouths are read at, whatever the camera gives."""
STEP_S = 1 / RATE_HZ
SIDE_PX = 56
LEFT_PX, TOP_PX = 28, 62
"""Where the mouth's picture lies in the face tower's crop of 112 pixels, whose scale it has; its
lower edge is at the chin, a little below that crop."""
STEADY_S = 0.08
"""Standard deviation of the Gaussian that landmarks are smoothed with over time."""

_ROUND_PX = 160
_TIE_S = 1e-3
_CONTRAST_FLOOR = 4.0


def steady(times_s: NDArray[np.floating], landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Smooth a face's landmarks over time.

    A detector's landmarks tremble by a pixel or two, which would look like a mouth that moves; a
    head moves less fast than lips do.

    Args:
        times_s: shape (n,), when each picture was taken.
        landmarks: shape (n, 5, 2), pixels.

    Returns:
        Shape (n, 5, 2).
    """
    return np.stack([steady_at(time_s, times_s, landmarks) for time_s in times_s])


def steady_at(
    time_s: float, times_s: NDArray[np.floating], landmarks: NDArray[np.floating]
) -> NDArray[np.float64]:
    """What `steady` gives for one of the pictures, shape (5, 2)."""
    weights = np.exp(-0.5 * ((times_s - time_s) / STEADY_S) ** 2)
    return np.asarray(np.tensordot(weights / weights.sum(), landmarks, axes=1), np.float64)


def mouth(
    image: NDArray[np.uint8], landmarks: NDArray[np.floating], *, margin_px: int = 0
) -> NDArray[np.uint8]:
    """Cut out a mouth, upright and at the scale of the face tower's crop.

    Args:
        image: uint8, shape (height, width, 3), BGR, or (height, width), grey.
        landmarks: shape (5, 2), pixels, of this picture, smoothed.
        margin_px: how much more to show on each side.

    Returns:
        uint8, shape (56 + 2 margin, 56 + 2 margin), grey; black beyond the picture.
    """
    if image.ndim == 3:  # with channels
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    side_px = SIDE_PX + 2 * margin_px
    return align(
        image, landmarks, side_px=side_px, corner=(LEFT_PX - margin_px, TOP_PX - margin_px)
    )


def of_face(face: NDArray[np.uint8], *, margin_px: int = 0) -> NDArray[np.uint8]:
    """Cut the mouth out of an aligned grey face of 160 pixels, as packs of faces hold them."""
    edge = (_ROUND_PX - CROP_SIDE_PX) // 2 - margin_px
    side = SIDE_PX + 2 * margin_px
    top, left = edge + TOP_PX, edge + LEFT_PX
    return np.ascontiguousarray(face[top : top + side, left : left + side])


def standardised(mouths: NDArray[np.generic]) -> NDArray[np.float32]:
    """Take light and contrast out of each picture.

    Args:
        mouths: any type, shape (n, height, width), grey levels.

    Returns:
        float32, shape (n, height, width, 1), of mean 0 and standard deviation of about 1.
    """
    grey = mouths.astype(np.float32)
    grey -= grey.mean(axis=(1, 2), keepdims=True)
    grey /= grey.std(axis=(1, 2), keepdims=True) + _CONTRAST_FLOOR
    return grey[..., None]


def nearest(times_s: NDArray[np.floating], start_s: float, count: int) -> NDArray[np.intp]:
    """Which picture stands for each step of the common clock: the one nearest in time.

    Of two as near, the earlier.

    Args:
        times_s: shape (n,), rising, when each picture was taken; n > 0.
        start_s: where the first step begins; step k lies at ``start_s`` + (k + 0.5) / 25.
        count: how many steps.

    Returns:
        Shape (count,), indices of pictures.
    """
    wanted = start_s + (np.arange(count) + 0.5) * STEP_S
    after = np.clip(np.searchsorted(times_s, wanted), 1, max(len(times_s) - 1, 1))
    after = np.minimum(after, len(times_s) - 1)
    before = np.maximum(after - 1, 0)
    # At 25 pictures a second each step lies just between two, and rounding must not choose.
    later_is_nearer = times_s[after] - wanted < wanted - times_s[before] - _TIE_S
    return np.where(later_is_nearer, after, before)
