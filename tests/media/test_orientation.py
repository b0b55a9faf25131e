from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stream_verifier.media.orientation import UPRIGHT, Orientation, from_matrix, of_frame
from stream_verifier.media.video import to_bgr
from tests.support.recordings import read

MATRICES = [(1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1),
            (0, 1, 1, 0), (0, 1, -1, 0), (0, -1, 1, 0), (0, -1, -1, 0)]  # fmt: skip


def _corners(width: int = 160, height: int = 120) -> NDArray[np.uint8]:
    small = np.random.default_rng(4).integers(30, 220, (4, 6, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


def _mapped(image: NDArray[np.uint8], matrix: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """What the matrix says, pixel by pixel."""
    a, b, c, d = matrix
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    to_x, to_y = a * x + c * y, b * x + d * y
    to_x, to_y = to_x - to_x.min(), to_y - to_y.min()
    shown = np.zeros((to_y.max() + 1, to_x.max() + 1, 3), np.uint8)
    shown[to_y, to_x] = image
    return shown


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("scale", [1, 1 << 16])
def test_a_matrix_is_followed_pixel_by_pixel(matrix: tuple[int, int, int, int], scale: int) -> None:
    image = _corners()
    turned = from_matrix(*(value * scale for value in matrix)).apply(image)
    assert np.array_equal(turned, _mapped(image, matrix))
    assert turned.flags.c_contiguous


def test_a_slanted_or_empty_matrix_is_taken_for_the_nearest() -> None:
    assert from_matrix(99, 12, -12, 99) == UPRIGHT
    assert from_matrix(10, 99, -99, 10) == Orientation(transposed=True, mirrored=True)
    assert from_matrix(0, 0, 0, 0) == UPRIGHT


def _film(path: Path, image: NDArray[np.uint8], matrix: tuple[int, int, int, int]) -> None:
    """A film of one picture with a display matrix."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "4"})
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


@pytest.mark.parametrize("matrix", MATRICES)
def test_films_are_shown_upright_as_ffmpeg_shows_them(
    tmp_path: Path, matrix: tuple[int, int, int, int]
) -> None:
    image = _corners()
    path = tmp_path / "turned.mp4"
    _film(path, image, matrix)
    shown = read(path).pictures[0].image
    assert shown.shape == _mapped(image, matrix).shape
    assert np.abs(shown.astype(int) - _mapped(image, matrix)).mean() < 3.0
    if (ffmpeg := shutil.which("ffmpeg")) is None:
        pytest.skip("there is no ffmpeg to compare with: apt-get install ffmpeg")
    words = [ffmpeg, "-v", "error", "-i", str(path), "-frames:v", "1", "-f", "rawvideo",
             "-pix_fmt", "bgr24", "-"]  # fmt: skip
    raw = subprocess.run(words, check=True, capture_output=True).stdout
    theirs = np.frombuffer(raw, np.uint8).reshape(shown.shape)
    assert np.abs(shown.astype(int) - theirs).max() <= 4


def test_a_picture_is_let_go_of_without_a_collection_of_cycles() -> None:
    frame = av.VideoFrame(32, 24, "yuv420p")
    held = sys.getrefcount(frame)
    for _ in range(3):
        assert of_frame(frame) == UPRIGHT
        to_bgr(frame)
    assert sys.getrefcount(frame) == held
