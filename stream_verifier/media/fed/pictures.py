"""Decodes still pictures that anybody may have made, at a price that is known before."""

from __future__ import annotations

import io
import time
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stream_verifier.errors import MediaError
from stream_verifier.media.footage.stills import upright_pixels
from stream_verifier.media.limits import Budget, MediaLimits

TOO_LARGE = "frame_too_large"
TOO_MANY = "too_many_frames"
GARBLED = "frame_garbled"
TOO_DEEP = "too_many_scans"
BEHIND = "decoder_behind"

# Its own limit on size warns before ours, which is lower, refuses.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_BURST_S = 3.0
_SCAN = b"\xff\xda"
_MOST_SCANS = 64
"""A progressive JPEG has about ten; each is a pass over the whole picture, however short it is."""


class PictureRefusedError(MediaError):
    """A picture is not decoded, or cannot be.

    Attributes:
        reason: as it is counted and told.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"A picture was not taken: {reason}.")
        self.reason = reason


class PictureReader:
    """Decodes the pictures of one call; from one thread at a time.

    Size, passes and number are bounded by what headers say. What all that leaves is bounded by the
    processor time that decoding took: a call that has used up its share is not decoded until some
    is there again.

    Args:
        limits: of pixels.
        max_side_px: longer side of what is returned, at most.
        share: of one processor that decoding may take.
    """

    def __init__(self, limits: MediaLimits, *, max_side_px: int = 640, share: float = 0.5) -> None:
        self._limits = limits
        self._max_side_px = max_side_px
        self._pixels = Budget(limits.pixels_per_s, burst_s=_BURST_S)
        self._share_s = Budget(share, burst_s=_BURST_S)

    def read(self, data: bytes, now_s: float) -> NDArray[np.uint8]:
        """Decode one picture and turn it upright.

        Args:
            data: a JPEG or PNG file.
            now_s: monotonic.

        Returns:
            uint8, shape (height, width, 3), BGR, scaled down.

        Raises:
            PictureRefusedError: why not.
        """
        if self._share_s.left(now_s) <= 0:
            raise PictureRefusedError(BEHIND)
        began_s = time.thread_time()
        try:
            return self._read(data, now_s)
        finally:
            self._share_s.spend(time.thread_time() - began_s)

    def _read(self, data: bytes, now_s: float) -> NDArray[np.uint8]:
        scans = data.count(_SCAN)
        if scans > _MOST_SCANS:
            raise PictureRefusedError(TOO_DEEP)
        image = _open(data)
        width, height = image.size
        if not self._limits.fits(width, height):
            raise PictureRefusedError(TOO_LARGE)
        if not self._pixels.take(width * height, now_s):
            raise PictureRefusedError(TOO_MANY)
        if image.format != "PNG":
            image.draft("RGB", (2 * self._max_side_px, 2 * self._max_side_px))
        try:
            return upright_pixels(image, "The picture", self._max_side_px)
        except MediaError:
            raise PictureRefusedError(GARBLED) from None


def _open(data: bytes) -> Image.Image:
    """Read a picture's header."""
    try:
        return Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    except Image.DecompressionBombError:
        raise PictureRefusedError(TOO_LARGE) from None
    except Exception:  # Pillow's readers raise whatever the bytes lead them to.
        raise PictureRefusedError(GARBLED) from None
