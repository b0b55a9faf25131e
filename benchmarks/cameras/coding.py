"""Pictures through the codecs of calls and of files, as grey pictures and in memory."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]
"""Grey, shape (n, height, width), both sides even."""

_REALTIME = {"deadline": "realtime", "cpu-used": "6", "lag-in-frames": "0", "error-resilient": "1"}
_FILE = {"preset": "medium", "bf": "2"}
_DECODERS = {"libvpx": "vp8", "libx264": "h264"}


RATE_HZ = 25
"""Pictures a second of the clips that go through."""
_FULL = 640 * 480
_CALL_HZ = 15


def called(pictures: Pictures, bits_per_s: int) -> Pictures:
    """As a browser's call brings them: VP8 in real time, a key frame at the start alone.

    Args:
        pictures: of any size.
        bits_per_s: of a call of 640x480 at 15 pictures a second; a pixel gets as many here.
    """
    scaled = bits_per_s * RATE_HZ // _CALL_HZ
    return _coded("libvpx", pictures, scaled, len(pictures) + 1, _REALTIME)


def filed(pictures: Pictures, bits_per_s: int, *, key: int = RATE_HZ) -> Pictures:
    """As a recorded file holds them: H.264 with a key frame each ``key`` pictures.

    Args:
        pictures: of any size.
        bits_per_s: of a file of 640x480 at 25 pictures a second; a pixel gets as many here.
        key: pictures from one key frame to the next.
    """
    return _coded("libx264", pictures, bits_per_s, key, _FILE | {"keyint_min": str(key)})


def _coded(
    codec: str, pictures: Pictures, bits_per_s: int, key: int, options: dict[str, str]
) -> Pictures:
    encoder = av.CodecContext.create(codec, "w")
    decoder = av.CodecContext.create(_DECODERS[codec], "r")
    assert isinstance(encoder, av.VideoCodecContext)  # all of them code pictures
    assert isinstance(decoder, av.VideoCodecContext)
    encoder.thread_count = decoder.thread_count = 1
    encoder.height, encoder.width = pictures.shape[1:]
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, RATE_HZ)
    encoder.framerate, encoder.gop_size = Fraction(RATE_HZ), key
    encoder.bit_rate = bits_per_s * pictures[0].size // _FULL
    encoder.options = options
    packets = [
        p for number, one in enumerate(pictures) for p in encoder.encode(_frame(one, number))
    ]
    packets += encoder.encode(None)
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    frames += decoder.decode(None)
    return np.stack([frame.to_ndarray()[: pictures.shape[1]] for frame in frames])


def _frame(picture: Pictures, number: int) -> av.VideoFrame:
    """Grey as planar YUV without colour."""
    colour = np.full((picture.shape[0] // 2, picture.shape[1]), 128, np.uint8)
    planes = np.concatenate([picture, colour])
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.pts = number
    return frame


def shown(pictures: Sequence[NDArray[np.uint8]]) -> Pictures:
    """Pictures of a clip, uint8 BGR, at half their size, which takes most of their own traces."""
    height, width = pictures[0].shape[:2]
    size = (width // 32 * 16, height // 32 * 16)
    grey = [cv2.cvtColor(one, cv2.COLOR_BGR2GRAY) for one in pictures]
    small = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in grey]
    return np.stack(small).astype(np.uint8)


def enlarged(pictures: Pictures, scale: float = 1.25) -> Pictures:
    """The upper left of pictures that are scaled up, as where a file has not the camera's size."""
    large = [cv2.resize(one, None, fx=scale, fy=scale) for one in pictures]
    cut = np.stack(large)[:, : pictures.shape[1], : pictures.shape[2]]
    return np.ascontiguousarray(cut).astype(np.uint8)


def noisy(pictures: Pictures, levels: float, rng: np.random.Generator) -> Pictures:
    """With a sensor's noise of so many grey levels."""
    grown = pictures + rng.normal(0, levels, pictures.shape)
    return np.clip(np.rint(grown), 0, 255).astype(np.uint8)
