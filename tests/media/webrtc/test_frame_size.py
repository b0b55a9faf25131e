from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.media.webrtc.frame_size import frame_sizes

SIZES = [(64, 48), (640, 480), (1280, 720), (1920, 1080), (720, 1280), (322, 242)]


def encoded(codec: str, width: int, height: int, **options: str) -> bytes:
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.framerate, context.options = 30, options
    picture = av.VideoFrame.from_ndarray(np.zeros((height * 3 // 2, width), np.uint8), "yuv420p")
    packets = [*context.encode(picture), *context.encode(None)]
    return bytes(packets[0])


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_vp8_says_its_size(width: int, height: int) -> None:
    assert frame_sizes("VP8", encoded("libvpx", width, height)) == [(width, height)]


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_h264_says_what_is_allocated(profile: str, width: int, height: int) -> None:
    data = encoded("libx264", width, height, profile=profile, tune="zerolatency")
    (size,) = set(frame_sizes("H264", data))
    # In whole macroblocks, what is cropped included.
    assert size == (-(-width // 16) * 16, -(-height // 16) * 16)


def test_a_frame_that_refers_to_others_says_nothing() -> None:
    assert frame_sizes("VP8", b"\x31\x02\x00rest of it") == []
    assert frame_sizes("H264", b"\x00\x00\x00\x01\x41\x9a\x00") == []


def test_a_patched_size_is_read_as_it_claims() -> None:
    data = bytearray(encoded("libvpx", 64, 48))
    data[6:10] = (16383).to_bytes(2, "little") * 2
    assert frame_sizes("VP8", bytes(data)) == [(16383, 16383)]


@pytest.mark.parametrize("codec", ["VP8", "H264"])
@given(data=st.binary(max_size=300))
def test_whatever_comes_is_a_size_or_garbled(codec: str, data: bytes) -> None:
    for prefix in (b"", b"\x00\x00\x01\x67", b"\x10\x02\x00\x9d\x01\x2a"):
        try:
            sizes = frame_sizes(codec, prefix + data)
        except ValueError:
            continue
        assert all(width > 0 and height > 0 for width, height in sizes)


@given(cut=st.integers(0, 60), flip=st.integers(0, 60), bit=st.integers(0, 7))
def test_a_damaged_parameter_set_is_a_size_or_garbled(cut: int, flip: int, bit: int) -> None:
    data = bytearray(H264)
    data[flip % len(data)] ^= 1 << bit
    try:
        frame_sizes("H264", bytes(data[: len(data) - cut]))
    except ValueError as error:
        assert "sequence parameter set" in str(error)


H264 = encoded("libx264", 640, 480, tune="zerolatency")[:200]
