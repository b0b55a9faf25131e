from __future__ import annotations

import re
from typing import Any

import av
import numpy as np
import pytest
from aiortc.codecs.h264 import h264_depayload
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.media.webrtc.frame_size import check_shown, frame_sizes

SIZES = [(64, 48), (640, 480), (1280, 720), (1920, 1080), (720, 1280), (322, 242)]


def encoded(codec: str, width: int, height: int, pixels: str = "yuv420p", **options: str) -> bytes:
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = width, height, pixels
    context.framerate, context.options = 30, options
    picture = av.VideoFrame.from_ndarray(np.zeros((height * 3 // 2, width), np.uint8), "yuv420p")
    packets = [*context.encode(picture.reformat(format=pixels)), *context.encode(None)]
    return bytes(packets[0])


def parameter_set(
    *, width_mbs: int, height_mbs: int, crop: tuple[int, int, int, int] | None = None
) -> bytes:
    """A baseline set with its start code."""

    bits = f"{66:08b}{0:08b}{31:08b}" + ue(0) + sized(width_mbs, height_mbs)
    bits = bits[:-1] + ("1" + "".join(map(ue, crop)) if crop else "0") + "01"
    return b"\x00\x00\x01\x67" + bits_to_bytes(bits + "0" * (-len(bits) % 8))


def ue(value: int) -> str:
    return f"{value + 1:b}".rjust(2 * (value + 1).bit_length() - 1, "0")


def sized(width_mbs: int, height_mbs: int) -> str:
    """What follows the first number of a set, up to its size, nothing cropped."""
    return ue(0) + ue(2) + ue(1) + "0" + ue(width_mbs - 1) + ue(height_mbs - 1) + "110"


def bits_to_bytes(bits: str) -> bytes:
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_vp8_says_its_size(width: int, height: int) -> None:
    assert frame_sizes("VP8", encoded("libvpx", width, height)) == [(width, height)]


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_h264_says_its_size_without_what_fills_up_its_macroblocks(
    profile: str, width: int, height: int
) -> None:
    data = encoded("libx264", width, height, profile=profile, tune="zerolatency")
    (size,) = set(frame_sizes("H264", data))
    assert size == (width, height)


@pytest.mark.parametrize("pixels", ["yuv444p", "yuv422p", "yuv420p10"])
def test_pictures_that_cost_more_than_their_pixels_say_are_refused(pixels: str) -> None:
    with pytest.raises(ValueError, match="other colours|8 bits"):
        frame_sizes("H264", encoded("libx264", 64, 48, pixels, tune="zerolatency"))


def test_more_cropped_than_fills_up_macroblocks_is_counted() -> None:
    """Frames of 16 lines shown that are 1600 coded are allocated as 1600."""
    set_ = parameter_set(width_mbs=100, height_mbs=100, crop=(0, 0, 0, 792))
    assert frame_sizes("H264", set_) == [(1600, 1600)]
    assert frame_sizes("H264", parameter_set(width_mbs=100, height_mbs=100)) == [(1600, 1600)]
    with pytest.raises(ValueError, match="crops all"):
        frame_sizes("H264", parameter_set(width_mbs=2, height_mbs=2, crop=(8, 8, 0, 0)))


def test_a_set_is_read_with_its_escapes_and_without() -> None:
    """A decoder that fails at one reading takes the other, which may be larger."""
    huge = "00000" + sized(512, 512)
    huge += "1" * (-len(huge) % 8)
    # The first number of a set, read without escapes, begins with the escape itself.
    twofold = b"\x00\x00\x01\x67\x42\x00\x00\x03" + bits_to_bytes(huge) + bytes([255] * 20)
    assert frame_sizes("H264", twofold) == [(16, 16), (8192, 8192)]


def test_what_comes_after_the_end_of_a_set_is_not_read_into_it() -> None:
    set_ = parameter_set(width_mbs=40, height_mbs=30)
    with pytest.raises(ValueError, match="breaks off"):
        frame_sizes("H264", set_[:6] + b"\x00\x00\x02" + set_[6:])


@pytest.mark.parametrize("packed", [True, False])
def test_sets_are_found_however_packets_carried_them(packed: bool) -> None:
    set_ = parameter_set(width_mbs=512, height_mbs=512)[3:]
    picture = b"\x65\x88\x84\x00\x33" * 9
    if packed:  # STAP-A
        units = b"".join(len(unit).to_bytes(2, "big") + unit for unit in (set_, picture))
        data = h264_depayload(b"\x78" + units)
    else:  # FU-A, of two pieces
        head, rest = set_[0] & 0x60 | 28, set_[0] & 0x1F
        first = h264_depayload(bytes([head, 0x80 | rest]) + set_[1:4])
        data = first + h264_depayload(bytes([head, 0x40 | rest]) + set_[4:])
    assert frame_sizes("H264", data) == [(8192, 8192)]


def slice_at(macroblock: int, kind: int = 1) -> bytes:
    bits = ue(macroblock) + "1" * 16
    return b"\x00\x00\x01" + bytes([0x60 | kind]) + bits_to_bytes(bits + "0" * (-len(bits) % 8))


@pytest.mark.parametrize(
    ("odd", "units"),
    [
        ("two pictures", [slice_at(0, 5), slice_at(0)]),
        ("two pictures, something between", [slice_at(0, 5), b"\0\0\1\x09\xf0", slice_at(0)]),
        ("two pictures of two slices", [slice_at(0), slice_at(9), slice_at(0), slice_at(9)]),
        ("slices over each other", [slice_at(0), slice_at(9), slice_at(1)]),
        ("the same slice again", [slice_at(0), slice_at(9), slice_at(9)]),
        ("partitions of a slice", [slice_at(0, 2), slice_at(0, 3), slice_at(0, 4)]),
        ("a picture beside another", [slice_at(0, 5), slice_at(0, 19)]),
        ("a layer above another", [slice_at(0, 5), slice_at(0, 20)]),
    ],
)
def test_a_frame_of_h264_shows_one_picture_that_all_decoders_show(
    odd: str, units: list[bytes]
) -> None:
    check_shown("H264", units[0] if units[0][3] & 31 in (1, 5) else slice_at(0))
    with pytest.raises(ValueError, match="H.264 frame"):
        check_shown("H264", b"".join(units))
    assert odd


@pytest.mark.parametrize("slices", [1, 4])
@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
def test_encoders_pictures_of_h264_are_shown(profile: str, slices: int) -> None:
    cut = {"x264-params": f"sliced-threads=0:slices={slices}"}
    data = encoded("libx264", 640, 480, profile=profile, tune="zerolatency", **cut)
    check_shown("H264", data)
    assert len(re.findall(rb"\x00\x00\x01\x65", data)) == slices
    with pytest.raises(ValueError, match="more than one picture"):
        check_shown("H264", data * 2)


def test_a_frame_of_vp8_that_is_not_shown_is_told() -> None:
    data = encoded("libvpx", 64, 48)
    check_shown("VP8", data)
    with pytest.raises(ValueError, match="not shown"):
        check_shown("VP8", bytes([data[0] & ~0x10]) + data[1:])


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


@pytest.mark.parametrize("unit", [b"\x09", b"\x41\x9a\x00", b"\x06", b"\x65\x88\x80"])
def test_a_frame_in_tiny_pieces_is_garbled_at_once(unit: bytes) -> None:
    with pytest.raises(ValueError, match="tiny pieces"):
        frame_sizes("H264", (b"\x00\x00\x00\x01" + unit) * 100_000)
    assert frame_sizes("H264", (b"\x00\x00\x01" + unit) * 128) == []
    # Cut at packets, as encoders do it: so many are none too many.
    assert frame_sizes("H264", (b"\x00\x00\x01\x41" + bytes([0x9A]) * 1000) * 600) == []


def test_a_frame_has_no_more_parameter_sets_than_a_decoder_keeps() -> None:
    one = parameter_set(width_mbs=2, height_mbs=2)
    assert len(frame_sizes("H264", one * 32)) == 32
    with pytest.raises(ValueError, match="more parameter sets"):
        frame_sizes("H264", one * 33)
