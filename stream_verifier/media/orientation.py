"""Which way up a picture is: display matrices of video, as containers and codecs carry them.

A display matrix (ISO/IEC 14496-12, ``tkhd``) maps a stored pixel (x, y) to where it is shown:
``x' = a x + c y``, ``y' = b x + d y``, with y growing downwards. Cameras write quarter turns,
front cameras with a mirror; anything slanted is taken for the nearest of these eight.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from numpy.typing import NDArray

_side_data: Any = SideDataContainer
"""Its stub knows no arguments."""
_MATRIX = struct.Struct("=9i")


@dataclass(frozen=True, slots=True)
class Orientation:
    """One of the eight ways a picture may lie: first swapped, then mirrored.

    Attributes:
        transposed: rows and columns are swapped, over the main diagonal.
        mirrored: left and right are swapped.
        flipped: top and bottom are swapped.
    """

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn a picture upright.

        Args:
            image: shape (height, width, channels).

        Returns:
            The same pixels, contiguous.
        """
        turned = image.swapaxes(0, 1) if self.transposed else image
        rows = slice(None, None, -1 if self.flipped else 1)
        columns = slice(None, None, -1 if self.mirrored else 1)
        return np.ascontiguousarray(turned[rows, columns])


UPRIGHT = Orientation()


def from_matrix(a: int, b: int, c: int, d: int) -> Orientation:
    """Return the orientation of the linear part of a display matrix, in any scale."""
    if not a * d - b * c:
        return UPRIGHT  # It shows nothing at all: nobody means that.
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(transposed=True, mirrored=c < 0, flipped=b < 0)
    return Orientation(mirrored=a < 0, flipped=d < 0)


def of_frame(frame: av.VideoFrame) -> Orientation:
    """Return the orientation that a frame, its track or its codec says."""
    try:
        # Not `frame.side_data`: frame and container would hold each other, and half a megabyte
        # would stay with every picture until cycles are collected.
        data = bytes(_side_data(frame)[Type.DISPLAYMATRIX])
    except KeyError:
        return UPRIGHT
    except ValueError:  # Beside it is data of a kind that PyAV has no name for.
        return quarter_turns(round(frame.rotation / 90))
    a, b, _, c, d, *_ = _MATRIX.unpack(data[: _MATRIX.size])
    return from_matrix(a, b, c, d)


def quarter_turns(count: int) -> Orientation:
    """So many quarter turns, counter-clockwise; clockwise where negative."""
    return (
        UPRIGHT,
        Orientation(transposed=True, flipped=True),
        Orientation(mirrored=True, flipped=True),
        Orientation(transposed=True, mirrored=True),
    )[count % 4]
