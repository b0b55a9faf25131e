from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from stream_verifier.errors import DamagedMediaError, MediaError, UnsupportedMediaError
from tests.support.heif import heif
from tests.support.media import numbered
from tests.support.recordings import read, recording

STORED = {
    1: lambda i: i,
    2: lambda i: i[:, ::-1],
    3: lambda i: i[::-1, ::-1],
    4: lambda i: i[::-1],
    5: lambda i: i.swapaxes(0, 1),
    6: lambda i: np.rot90(i, 1),
    7: lambda i: np.rot90(i.swapaxes(0, 1), 2),
    8: lambda i: np.rot90(i, -1),
}
"""How a picture is stored under each value of EXIF's orientation (JEITA CP-3451)."""


def _patches(width: int = 192, height: int = 128) -> NDArray[np.uint8]:
    """Soft patches of colour, another in every corner."""
    small = np.random.default_rng(4).integers(30, 220, (4, 6, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


def _saved(image: NDArray[Any], kind: str, *, mode: str = "RGB", **options: Any) -> bytes:
    picture = Image.fromarray(np.ascontiguousarray(image[:, :, ::-1]))
    picture = picture.quantize() if mode == "P" else picture.convert(mode)
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def _read(path: Path, data: bytes) -> NDArray[np.int16]:
    path.write_bytes(data)
    heard = read(path)
    assert heard.error is None
    (frame,) = heard.pictures
    assert frame.time_s == 0.0
    return frame.image.astype(np.int16)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_exif_orientation(tmp_path: Path, kind: str, orientation: int) -> None:
    image = _patches()
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    data = _saved(STORED[orientation](image), kind, exif=exif, **options)
    seen = _read(tmp_path / "picture", data)
    assert seen.shape == image.shape
    assert np.abs(seen - image).mean() < 4.0


@pytest.mark.parametrize("kind", ["heic", "avif"])
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirror", [None, 0, 1])
def test_tiles_are_put_together_and_turned(
    tmp_path: Path, kind: str, turns: int, mirror: int | None
) -> None:
    image = _patches(256, 128)
    shown = np.rot90(image, turns)
    shown = shown if mirror is None else shown[::-1] if mirror == 0 else shown[:, ::-1]
    data = heif(kind, image, columns=2, rows=2, turns=turns, mirror=mirror)
    seen = _read(tmp_path / "tiles", data)
    assert seen.shape == shown.shape
    assert np.abs(seen - shown).mean() < 6.0


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("JPEG", "CMYK", {}),
        ("JPEG", "L", {}),
        ("JPEG", "RGB", {"progressive": True}),
        ("PNG", "P", {}),
        ("PNG", "L", {}),
        ("TIFF", "CMYK", {}),
        ("BMP", "RGB", {}),
        ("GIF", "P", {}),
        ("JPEG2000", "RGB", {}),
        ("PPM", "RGB", {}),
    ],
)
def test_formats_and_modes(tmp_path: Path, kind: str, mode: str, options: dict[str, Any]) -> None:
    image = _patches()
    wanted = image if mode != "L" else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[:, :, None]
    seen = _read(tmp_path / "picture", _saved(image, kind, mode=mode, **options))
    assert seen.shape == image.shape
    assert np.abs(seen - wanted).mean() < 12.0


@pytest.mark.parametrize("grey", [True, False])
def test_sixteen_bits(tmp_path: Path, grey: bool) -> None:
    image = cv2.cvtColor(_patches(), cv2.COLOR_BGR2GRAY)[:, :, None] if grey else _patches()
    data = cv2.imencode(".png", image.astype(np.uint16) * 257)[1].tobytes()
    assert np.abs(_read(tmp_path / "deep.png", data) - image).max() <= 1


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    image = np.zeros((40, 60, 4), np.uint8)
    image[:, :30] = (10, 200, 30, 255)
    seen = _read(tmp_path / "cut.png", cv2.imencode(".png", image)[1].tobytes())
    assert seen[20, 10].tolist() == [10, 200, 30]
    assert seen[20, 50].tolist() == [255, 255, 255]


def test_a_large_picture_is_scaled_down_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(_saved(numbered(77, (4000, 3000)), "JPEG"))
    assert read(path).pictures[0].image.shape == (480, 640, 3)
    assert read(path, still_side_px=3000).pictures[0].image.shape == (2250, 3000, 3)
    assert read(path).numbers == [77]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_a_film(tmp_path: Path, kind: str) -> None:
    pictures = [Image.fromarray(numbered(n)[:, :, ::-1]) for n in range(12)]
    path = tmp_path / "film"
    pictures[0].save(path, kind, save_all=True, append_images=pictures[1:], duration=200)
    heard = read(path)
    assert heard.error is None
    assert heard.numbers == [0, 3, 5, 8, 10]
    assert heard.times == pytest.approx([0.0, 0.6, 1.0, 1.6, 2.0])


def test_a_stream_of_jpegs_is_a_film_and_not_a_picture(tmp_path: Path) -> None:
    frames = [_saved(numbered(n), "JPEG", quality=90) for n in range(25)]
    (tmp_path / "webcam.mjpeg").write_bytes(b"".join(frames))
    assert read(tmp_path / "webcam.mjpeg").numbers[:2] == [0, 13]


def test_a_motion_photo_is_its_picture(tmp_path: Path) -> None:
    (tmp_path / "motion.jpg").write_bytes(_saved(numbered(9), "JPEG") + recording("mp4"))
    assert read(tmp_path / "motion.jpg").numbers == [9]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "heic", "avif"])
@pytest.mark.parametrize("share", [0.4, 0.8])
def test_nothing_is_made_of_half_a_picture(tmp_path: Path, kind: str, share: float) -> None:
    image = np.random.default_rng(1).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    whole = heif(kind, image, columns=2) if kind.islower() else _saved(image, kind)
    (tmp_path / "half").write_bytes(whole[: int(len(whole) * share)])
    heard = read(tmp_path / "half")
    assert heard.items == []
    assert isinstance(heard.error, DamagedMediaError | UnsupportedMediaError)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_jpeg_that_ends_early_and_says_that_it_ends_is_damaged(
    tmp_path: Path, share: float, progressive: bool
) -> None:
    image = np.random.default_rng(1).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    whole = _saved(image, "JPEG", progressive=progressive)
    (tmp_path / "early.jpg").write_bytes(whole[: int(len(whole) * share)] + b"\xff\xd9")
    heard = read(tmp_path / "early.jpg")
    assert heard.items == []
    assert isinstance(heard.error, DamagedMediaError)
    assert "some of it is missing" in str(heard.error)


@pytest.mark.parametrize(
    "how",
    [
        *({"subsampling": kind} for kind in range(3)),
        {"restart_marker_rows": 1},
        {"quality": 5},
        {"progressive": True, "quality": 100},
    ],
)
def test_a_whole_jpeg_has_no_hole(tmp_path: Path, how: dict[str, Any]) -> None:
    image = np.random.default_rng(1).integers(0, 255, (211, 257, 3), dtype=np.uint8)
    (tmp_path / "whole.jpg").write_bytes(_saved(image, "JPEG", **how) + b"\0\0note")
    heard = read(tmp_path / "whole.jpg")
    assert heard.error is None
    assert heard.pictures[0].image.shape == (211, 257, 3)


def test_a_picture_of_any_size_takes_no_more_memory_than_it_may(tmp_path: Path) -> None:
    side, row = 40_000, b"\0" * 5001
    import zlib

    squeezed = zlib.compress(row * side, 1)

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + kind + body + crc

    head = side.to_bytes(4, "big") * 2 + b"\x01\0\0\0\0"
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", squeezed)
    (tmp_path / "huge.png").write_bytes(data + chunk(b"IEND", b""))
    heard = read(tmp_path / "huge.png")
    assert isinstance(heard.error, UnsupportedMediaError)
    assert "too large" in str(heard.error)


def test_a_picture_has_no_sound(tmp_path: Path) -> None:
    (tmp_path / "face.png").write_bytes(_saved(_patches(), "PNG"))
    heard = read(tmp_path / "face.png", kinds=("audio",))
    assert isinstance(heard.error, MediaError)
    assert "has no sound" in str(heard.error)


def test_a_picture_of_a_kind_that_is_not_read_says_how_to_convert_it(tmp_path: Path) -> None:
    (tmp_path / "face.jxl").write_bytes(b"\xff\x0a" + bytes(range(200)))
    heard = read(tmp_path / "face.jxl")
    assert isinstance(heard.error, UnsupportedMediaError)
    assert "Convert it to JPEG or PNG first" in str(heard.error)
