"""The codecs that calls run through, for real: Opus, VP8 and JPEG.

PyAV brings libopus and libvpx, the very libraries that browsers code a call with.
"""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from model.data.media import SAMPLE_RATE_HZ, Picture, Samples

PACKET_S = 0.02
_PACKET = int(PACKET_S * SAMPLE_RATE_HZ)
_DECODED_RATE_HZ = 48_000
# What libopus delays a signal by at any rate (RFC 7845, section 4.2: the pre-skip).
_DELAY = int(0.0065 * _DECODED_RATE_HZ)

_MU = 255
_TELEPHONE = butter(6, (300, 3400), "bandpass", fs=SAMPLE_RATE_HZ / 2, output="sos")


def opus(samples: Samples, bitrate_bps: int) -> Samples:
    """Code speech as a call does and decode it again.

    Mono, VoIP application, packets of 20 ms, variable bit rate; the coder's delay is taken out,
    so that the result lies on the original to within two samples.

    Args:
        samples: float32, shape (n,), -1 to 1, 16 kHz.
        bitrate_bps: 6000 to 510000; calls use 12000 to 32000.

    Returns:
        float32, shape (n,), -1 to 1.
    """
    encoder = av.CodecContext.create("libopus", "w")
    decoder = av.CodecContext.create("libopus", "r")
    for codec in (encoder, decoder):
        codec.sample_rate, codec.layout = SAMPLE_RATE_HZ, "mono"
    encoder.format, encoder.bit_rate = "flt", bitrate_bps
    encoder.options = {
        "application": "voip",
        "frame_duration": str(round(PACKET_S * 1000)),
        "compression_level": "10",
    }
    # One packet more than there is speech pushes the last of it through the delay.
    count = len(samples) // _PACKET + 2
    padded = np.zeros((count, 1, _PACKET), dtype=np.float32)
    padded.reshape(-1)[: len(samples)] = samples
    packets = [p for index in range(count) for p in encoder.encode(_sound(padded[index], index))]
    decoded = [frame.to_ndarray()[0] for packet in packets for frame in decoder.decode(packet)]
    sound = np.concatenate(decoded).astype(np.float32)[_DELAY:] / 32768
    ratio = _DECODED_RATE_HZ // SAMPLE_RATE_HZ
    heard = resample_poly(sound[: ratio * len(samples)], 1, ratio)
    return np.asarray(np.clip(heard, -1, 1), dtype=np.float32)


def narrow_band(samples: Samples) -> Samples:
    """Sample speech at 8 kHz and again at 16, as a file or a phone of the narrow band has it.

    Args:
        samples: float32, shape (n,), -1 to 1, 16 kHz.

    Returns:
        float32, shape (n,), -1 to 1.
    """
    slow = resample_poly(samples, 1, 2)
    return np.asarray(np.clip(resample_poly(slow, 2, 1), -1, 1), np.float32)[: len(samples)]


def telephone(samples: Samples) -> Samples:
    """Send speech over a telephone: 300 to 3400 Hz, mu-law at 8 kHz (ITU-T G.711).

    Args:
        samples: float32, shape (n,), -1 to 1, 16 kHz.

    Returns:
        float32, shape (n,), -1 to 1.
    """
    slow = sosfilt(_TELEPHONE, resample_poly(samples, 1, 2))
    loudness = np.log1p(_MU * np.abs(np.clip(slow, -1, 1))) / np.log1p(_MU)
    coded = np.round(loudness * 127) / 127
    heard = np.sign(slow) * np.expm1(coded * np.log1p(_MU)) / _MU
    return np.asarray(np.clip(resample_poly(heard, 2, 1), -1, 1), np.float32)[: len(samples)]


def vp8(picture: Picture, *, quantizer: int = 50, scale: float = 1.0) -> Picture:
    """Code a picture as the first frame of a poor video call and decode it again.

    Args:
        picture: uint8, shape (side, side, 3), RGB.
        quantizer: 0 (best) to 63 (worst).
        scale: the picture is shrunk so much before and enlarged again after.

    Returns:
        uint8, of the same shape.
    """
    side = picture.shape[0]
    coded_side = max(16, 2 * round(side * scale / 2))
    encoder, decoder = av.CodecContext.create("libvpx", "w"), av.CodecContext.create("vp8", "r")
    encoder.thread_count = decoder.thread_count = 1
    encoder.width = encoder.height = coded_side
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 30)
    encoder.bit_rate = 100_000  # wanted by libvpx, overruled by the quantizer
    level = str(quantizer)
    encoder.options = {
        "deadline": "realtime",
        "cpu-used": "-8",  # a positive speed would depend on how fast the machine is
        "lag-in-frames": "0",
        "qmin": level,
        "qmax": level,
    }
    frame = av.VideoFrame.from_ndarray(_resized(picture, coded_side), format="rgb24")
    packets = encoder.encode(frame.reformat(format="yuv420p")) + encoder.encode(None)
    frames = [f for packet in packets for f in decoder.decode(packet)] + decoder.decode(None)
    return _resized(frames[0].to_ndarray(format="rgb24").astype(np.uint8, copy=False), side)


def jpeg(picture: Picture, *, quality: int = 30, scale: float = 1.0) -> Picture:
    """Code a picture as JPEG and decode it again.

    Args:
        picture: uint8, shape (side, side, 3), RGB.
        quality: 1 (worst) to 100.
        scale: the picture is shrunk so much before and enlarged again after.

    Returns:
        uint8, of the same shape.
    """
    side = picture.shape[0]
    small = _resized(picture, max(16, round(side * scale)))
    bgr = np.ascontiguousarray(small[:, :, ::-1])
    _, coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert decoded is not None  # what OpenCV has just coded it can decode
    return _resized(np.ascontiguousarray(decoded[:, :, ::-1], dtype=np.uint8), side)


def grey_jpeg(grey: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Code a grey picture as JPEG and decode it again.

    Args:
        grey: uint8, shape (height, width).
        quality: 1 (worst) to 100.

    Returns:
        uint8, of the same shape.
    """
    _, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    assert decoded is not None  # what OpenCV has just coded it can decode
    return np.asarray(decoded, np.uint8)


def _resized(picture: Picture, side: int) -> Picture:
    if picture.shape[0] == side:
        return picture
    smaller = side < picture.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (side, side), interpolation=how), dtype=np.uint8)


def _sound(packet: Samples, index: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(packet, format="flt", layout="mono")
    frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, index * _PACKET
    return frame
