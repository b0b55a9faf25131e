"""Pictures of every format and turn; each enrols with one voice."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks.media.case import Case, Wish
from benchmarks.media.making import Make, after, cut, face, ffmpeg, joined, run, with_exif

_TURNS: dict[int, tuple[int | None, int | None]] = {
    1: (None, None),
    2: (None, 1),
    3: (cv2.ROTATE_180, None),
    4: (None, 0),
    5: (cv2.ROTATE_90_COUNTERCLOCKWISE, 0),
    6: (cv2.ROTATE_90_COUNTERCLOCKWISE, None),
    7: (cv2.ROTATE_90_CLOCKWISE, 0),
    8: (cv2.ROTATE_90_CLOCKWISE, None),
}
"""For each EXIF value, how the upright picture is stored: turned, then flipped (cv2's codes)."""


def stored(orientation: int) -> Any:
    """The demo's face as it is stored under an EXIF orientation; uint8, BGR."""
    turn, flip = _TURNS[orientation]
    image = face() if turn is None else cv2.rotate(face(), turn)
    return image if flip is None else cv2.flip(image, flip)


def _picture(out: str, what: str, make: Make, wish: Wish = "enrolled", says: str = "") -> Case:
    return Case(
        files=(out, "voice.wav"),
        roles=("face", "voice"),
        what=what,
        make=make,
        wish=wish,
        says=says,
    )


def _saved(out: str, mode: str, **options: Any) -> Make:
    """A maker that lets Pillow write the face in a mode."""
    return lambda folder: (
        Image.open(folder / "face.png").convert(mode).save(folder / out, **options)
    )


def _written(out: str, orientation: int) -> Make:
    """A maker of the face as it is stored under an EXIF orientation, without saying so."""

    def make(folder: Path) -> None:
        cv2.imwrite(str(folder / out), stored(orientation))

    return make


def _deep(out: str, grey: bool) -> Make:
    def make(folder: Path) -> None:
        image = cv2.cvtColor(face(), cv2.COLOR_BGR2GRAY) if grey else face()
        cv2.imwrite(str(folder / out), image.astype(np.uint16) * 257)

    return make


def _cut_out(out: str) -> Make:
    """A face on nothing: what is transparent is black underneath."""

    def make(folder: Path) -> None:
        image = cv2.cvtColor(face(), cv2.COLOR_BGR2BGRA)
        around = np.ones(image.shape[:2], np.uint8)
        height, width = around.shape
        cv2.ellipse(around, (width // 2, height // 2), (260, 330), 0, 0, 360, 0, -1)
        image[around == 1] = 0
        cv2.imwrite(str(folder / out), image)

    return make


def _moving(out: str) -> Make:
    return ffmpeg(f"-i probe.mp4 -t 3 -r 5 -an {out}")


def _tool(words: str) -> Make:
    """A maker that runs another program, as ffmpeg would be."""

    def make(folder: Path) -> None:
        subprocess.run(shlex.split(words), check=True, cwd=folder, stdout=subprocess.DEVNULL)

    return make


def _huge(folder: Path) -> None:
    run(folder, "-f lavfi -i color=c=black:s=16000x15000 -frames:v 1 huge.png")


PICTURES = (
    *(
        _picture(f"exif{n}.jpg", f"EXIF {n}", lambda folder, n=n: with_exif(  # type: ignore[misc]
            f"exif{n}.jpg", stored(n), n)(folder))
        for n in _TURNS
    ),
    _picture("cmyk.jpg", "CMYK JPEG", _saved("cmyk.jpg", "CMYK")),
    _picture("grey.jpg", "grey JPEG", _saved("grey.jpg", "L")),
    _picture("progressive.jpg", "progressive JPEG", _saved("progressive.jpg", "RGB",
             progressive=True)),
    _picture("deep.png", "PNG of 16 bits", _deep("deep.png", grey=False)),
    _picture("deep_grey.png", "grey PNG of 16 bits", _deep("deep_grey.png", grey=True)),
    _picture("palette.png", "PNG with a palette", _saved("palette.png", "P")),
    _picture("cut_out.png", "PNG, transparent around the face", _cut_out("cut_out.png")),
    _picture("face.webp", "WebP", _saved("face.webp", "RGB")),
    _picture("face.tiff", "TIFF", _saved("face.tiff", "RGB")),
    _picture("face.bmp", "BMP", _saved("face.bmp", "RGB")),
    _picture("face.jp2", "JPEG 2000, as in passports", _saved("face.jp2", "RGB")),
    _picture("moving.gif", "animated GIF", _moving("moving.gif")),
    _picture("moving.webp", "animated WebP", _moving("moving.webp")),
    _picture("face.heic", "HEIC", _tool("heif-enc -q 90 face.png -o face.heic")),
    _picture("face.avif", "AVIF", _tool("avifenc -s 9 face.png face.avif")),
    _picture("deep.avif", "AVIF of 10 bits", _tool("avifenc -s 9 -d 10 face.png deep.avif")),
    _picture("tiles.avif", "AVIF in four tiles", _tool("avifenc -s 9 -g 2x2 face.png tiles.avif")),
    _picture("turned.avif", "AVIF in tiles, turned and mirrored",
             after(_written("stored.png", 7),
                   _tool("avifenc -s 9 -g 2x2 --irot 3 --imir 0 stored.png turned.avif"))),
    _picture("motion.jpg", "motion photo: an MP4 behind the JPEG",
             joined("motion.jpg", "face.jpg", "probe.mp4")),
    _picture("cut.jpg", "JPEG that broke off", cut("cut.jpg", "face.jpg", 0.6), "error",
             "damaged picture"),
    _picture("cut.png", "PNG that broke off", cut("cut.png", "face.png", 0.6), "error",
             "damaged picture"),
    _picture("cut.heic", "HEIC that broke off", cut("cut.heic", "face.heic", 0.6), "error",
             "damaged|read"),
    _picture("huge.png", "PNG of 240 megapixels", _huge, "error", "too large"),
    _picture("voice.wav", "a voice given as the face", lambda _: None, "error", "no picture"),
)  # fmt: skip
