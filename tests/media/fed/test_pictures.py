"""Still pictures from anybody: upright, in bounds, and at a price that is known before."""

from __future__ import annotations

import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from stream_verifier.media.fed.pictures import PictureReader, PictureRefusedError
from stream_verifier.media.limits import MediaLimits
from tests.media.footage.test_stills import STORED
from tests.support.fed import encoded, jpeg, patches, png

LIMITS = MediaLimits()


def refused(data: bytes, reader: PictureReader | None = None, now_s: float = 0.0) -> str:
    with pytest.raises(PictureRefusedError) as error:
        (reader or PictureReader(LIMITS)).read(data, now_s)
    return error.value.reason


def png_of(width: int, height: int, body: bytes = b"", *chunks: tuple[bytes, bytes]) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(body)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def sized(data: bytes, width: int, height: int) -> bytes:
    """A JPEG that claims another size."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_is_turned_upright(kind: str, orientation: int) -> None:
    image = patches()
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(STORED[orientation](image), kind, exif=exif)
    seen = PictureReader(LIMITS).read(data, 0.0)
    assert seen.shape == image.shape
    assert np.abs(seen.astype(int) - image).mean() < 6.0


def test_a_large_picture_is_scaled_down() -> None:
    assert PictureReader(LIMITS).read(jpeg(1920, 1080), 0.0).shape == (360, 640, 3)


@pytest.mark.parametrize("size", [(65_535, 65_535), (65_535, 1), (1_921, 1_080), (4_097, 8)])
def test_what_claims_to_be_huge_is_not_decoded(size: tuple[int, int]) -> None:
    assert refused(sized(jpeg(), *size)) == "frame_too_large"
    assert refused(png_of(*size)) == "frame_too_large"


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        jpeg()[:-400],
        png()[:-60],
        sized(jpeg(), 0, 10),
        png_of(64, 64, b"\0" * 10),
        b"\xff\xd8\xff" + bytes(100_000),
    ],
)
def test_what_is_broken_is_told(data: bytes) -> None:
    assert refused(data) == "frame_garbled"


def test_a_progressive_picture_is_read_and_one_of_a_thousand_scans_is_not() -> None:
    data = jpeg(480, 480, progressive=True)
    assert PictureReader(LIMITS).read(data, 0.0).shape == (480, 480, 3)
    at = data.index(b"\xff\xda")
    length = struct.unpack(">H", data[at + 2 : at + 4])[0]
    scan = data[at : at + 2 + length]
    bomb = data[:at] + scan * 1_000 + data[at:]
    began_s = time.thread_time()
    assert refused(bomb) == "too_many_scans"
    assert time.thread_time() - began_s < 0.1


def test_chunks_that_unfold_are_bounded_by_the_time_they_take() -> None:
    """Whatever a picture is made of, a call has so much of a processor and no more."""
    text = b"k\0\0" + zlib.compress(bytes(1_000_000), 9)
    data = png_of(64, 64, (b"\0" + bytes(64 * 3)) * 64, *[(b"zTXt", text)] * 60)
    reader = PictureReader(LIMITS, share=0.01)
    reasons = set()
    for _ in range(20):
        try:
            reader.read(data, 0.0)
        except PictureRefusedError as error:
            reasons.add(error.reason)
    assert "decoder_behind" in reasons
    assert reader.read(jpeg(), 60.0).shape == (128, 192, 3)


def test_more_pixels_a_second_than_agreed_are_not_decoded() -> None:
    limits = MediaLimits(pixels_per_s=192 * 128 * 2.0)
    reader = PictureReader(limits)
    for _ in range(6):
        reader.read(jpeg(), 0.0)
    assert refused(jpeg(), reader) == "too_many_frames"
    reader.read(jpeg(), 1.0)
