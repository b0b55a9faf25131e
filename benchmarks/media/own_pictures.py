"""Pictures of every format and turn; each enrols with one voice."""

from __future__ import annotations

import shlex
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.media.boxes import box
from benchmarks.media.case import Case, Wish
from benchmarks.media.making import (
    Make,
    after,
    cut,
    face,
    ffmpeg,
    joined,
    run,
    with_exif,
    written,
)

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


_SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'


def _turned(out: str) -> Make:
    """A maker of a picture that lies on its side and says so in EXIF data."""

    def make(folder: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        pixels = cv2.cvtColor(stored(6), cv2.COLOR_BGR2RGB)
        Image.fromarray(pixels).save(folder / out, exif=exif)

    return make


def _holed(folder: Path) -> None:
    data = (folder / "face.jpg").read_bytes()
    half = len(data) // 2
    written("hole.jpg", data[:half] + bytes(len(data) - half - 2) + b"\xff\xd9")(folder)


def _document(folder: Path) -> None:
    with zipfile.ZipFile(folder / "face.docx", "w") as file:
        file.write(folder / "face.png", "word/media/image1.png")


def _swollen(folder: Path) -> None:
    texts = PngInfo()
    texts.add_text("comment", "a" * (200 << 20), zip=True)
    Image.open(folder / "face.png").save(folder / "text.png", pnginfo=texts)


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
    *(
        _picture(f"turned.{kind}", f"EXIF 6 in {kind.upper()}", _turned(f"turned.{kind}"))
        for kind in ("png", "webp", "tiff")
    ),
    _picture("moving.png", "animated PNG", _moving("-f apng moving.png")),
    _picture("seen_through.webp", "WebP, half transparent",
             _saved("seen_through.webp", "RGBA", lossless=True)),
    _picture("grey_alpha.png", "grey PNG with alpha", _saved("grey_alpha.png", "LA")),
    _picture("interlaced.png", "interlaced PNG",
             ffmpeg("-i face.png -pred mixed -flags +ildct interlaced.png")),
    _picture("deep.tiff", "TIFF of 16 bits", _deep("deep.tiff", grey=False)),
    _picture("pages.tiff", "TIFF of several pages",
             _saved("pages.tiff", "RGB", save_all=True, append_images=[Image.new("RGB", (9, 9))])),
    _picture("fax.tiff", "TIFF of black and white",
             _saved("fax.tiff", "1")),
    _picture("pair.jpg", "JPEG of two pictures (MPO)",
             _saved("pair.jpg", "RGB", format="MPO", save_all=True,
                    append_images=[Image.new("RGB", (640, 480))])),
    _picture("named.heic", "JPEG named .heic", joined("named.heic", "face.jpg")),
    _picture("heic.jpg", "HEIC named .jpg", joined("heic.jpg", "face.heic")),
    _picture("live.heic", "moving HEIC: an MP4 in a box behind",
             lambda folder: written("live.heic", (folder / "face.heic").read_bytes() + box(
                 "mpvd", (folder / "probe.mp4").read_bytes()))(folder)),
    _picture("mirrored.avif", "AVIF turned and mirrored, in one piece",
             after(_written("stored.png", 7),
                   _tool("avifenc -s 9 --irot 3 --imir 0 stored.png mirrored.avif"))),
    _picture("moving.avif", "animated AVIF",
             after(_moving("-pix_fmt yuv420p moving.y4m"),
                   _tool("avifenc -s 9 moving.y4m moving.avif"))),
    _picture("face.tga", "TGA", _saved("face.tga", "RGB"), "error", "Cannot open"),
    _picture("face.pcx", "PCX", _saved("face.pcx", "RGB")),
    _picture("face.exr", "OpenEXR", ffmpeg("-i face.png face.exr")),
    _picture("face.ico", "icon", _saved("face.ico", "RGB", sizes=[(256, 192)])),
    _picture("face.jxl", "JPEG XL", written("face.jxl", b"\xff\x0a" + bytes(99)), "error",
             "Convert"),
    _picture("face.svg", "SVG", written("face.svg", _SVG), "error", "a drawing"),
    _picture("face.pdf", "PDF", _saved("face.pdf", "RGB"), "error", "PDF document"),
    _picture("face.docx", "Word document", _document, "error", "office document"),
    _picture("text.png", "PNG whose text would fill 200 MiB", _swollen, "error", "text|large"),
    _picture("bomb.gif", "GIF of 65535 x 65535", written("bomb.gif", b"GIF89a\xff\xff\xff\xff"
             b"\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;"), "error",
             "too large"),
    _picture("cut.jpg", "JPEG that broke off", cut("cut.jpg", "face.jpg", 0.6), "error",
             "damaged picture"),
    _picture("hole.jpg", "JPEG whose second half a download left empty", _holed, "error",
             "some of it is missing"),
    _picture("cut.png", "PNG that broke off", cut("cut.png", "face.png", 0.6), "error",
             "damaged picture"),
    _picture("cut.heic", "HEIC that broke off", cut("cut.heic", "face.heic", 0.6), "error",
             "damaged|read"),
    _picture("huge.png", "PNG of 240 megapixels", _huge, "error", "too large"),
    _picture("voice.wav", "a voice given as the face", lambda _: None, "error", "no picture"),
)  # fmt: skip
