"""Pictures that do not move, or only a little: read by Pillow, upright, in bounded memory.

Pillow and libheif compose the tiles of HEIC and AVIF, know what an orientation means in each
format, and say when a picture breaks off, which a video decoder conceals.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from stream_verifier.errors import DamagedMediaError, MediaError, UnsupportedMediaError
from stream_verifier.media.footage import isobmff
from stream_verifier.media.footage.stretch import bytes_at, find, size_of
from stream_verifier.media.sampler import FrameSampler
from stream_verifier.media.types import VideoFrame

MAX_PIXELS = 128_000_000
"""No picture may have more, unless its format can be read at a fraction of its size."""
_FORMATS = (
    "JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "TIFF", "BMP", "JPEG2000", "PPM"
)  # fmt: skip
_MOVING = {"GIF", "WEBP", "PNG", "AVIF"}
"""Formats whose further pictures are a film, not pages or previews."""
_JPEGS = {"JPEG", "MPO"}
_MAX_CHECKED_PIXELS = 64_000_000
"""Larger ones, which are read at a fraction of their size, would take too much memory."""
_MAGIC = (
    b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*",
    b"\0\0\0\x0cJXL \r\n\x87\n",
    b"\xff\x0a",
    b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51",
)  # fmt: skip
_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_STILL_S = 0.1
"""How long a picture of a film is shown where it does not say."""
_BACKGROUND = (255, 255, 255)
_CONVERT = "Convert it to JPEG or PNG first, for instance with: magick FILE CONVERTED.jpg"

Image.init()
pi_heif.register_heif_opener()


def is_still(file: BinaryIO) -> bool:
    """Whether a file holds a picture rather than a recording; a stream of JPEGs is none."""
    head = bytes_at(file, 0, 32)
    if head.startswith(b"\xff\xd8\xff"):
        return not _is_jpeg_stream(file)
    if head[4:8] == b"ftyp":
        return head[8:12] in _BRANDS
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return True
    return head.startswith(_MAGIC)


def read_still(
    file: BinaryIO, *, name: str, rate_hz: float, max_side_px: int
) -> Iterator[VideoFrame]:
    """Yield a picture at time 0, or the sampled pictures of an animation.

    Args:
        file: open for reading, seekable.
        name: for messages.
        rate_hz: pictures per second of an animation.
        max_side_px: longer side of what is yielded, at most.

    Raises:
        UnsupportedMediaError: it is too large, or of a kind that cannot be read.
        DamagedMediaError: it breaks off or is broken; nothing is made of half a picture.
    """
    _check_whole(file, name)
    file.seek(0)
    image = _open(file, name)
    if image.format in _JPEGS and image.width * image.height <= _MAX_CHECKED_PIXELS:
        _check_scans(file, name)
    _check_size(image, name, max_side_px)
    if image.format in _MOVING and getattr(image, "n_frames", 1) > 1:
        yield from _film(image, name, rate_hz, max_side_px)
    else:
        yield VideoFrame(upright_pixels(image, name, max_side_px), 0.0)


def _open(file: BinaryIO, name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Its own limit on size warns before ours refuses.
            return Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise UnsupportedMediaError(f"{name} is no picture that can be read. {_CONVERT}") from error
    except Image.DecompressionBombError as error:
        raise UnsupportedMediaError(_too_large(name, "")) from error
    except Exception as error:  # Pillow's readers raise whatever the bytes lead them to.
        raise _damaged(name, error) from error


def _check_whole(file: BinaryIO, name: str) -> None:
    """Refuse HEIC and AVIF that break off: their decoders make up what is missing."""
    size = size_of(file)
    if isobmff.begins(bytes_at(file, 0, 8)) and (lost := isobmff.walk(file, 0, size).missing):
        raise _damaged(name, EOFError(f"it breaks off: its last {lost} bytes are missing"))


def _check_scans(file: BinaryIO, name: str) -> None:
    """Refuse a JPEG whose coding ends too early: Pillow paints the rest without a word."""
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = {"err_detect": "explode"}
    decoder.thread_count = 1
    try:
        decoder.decode(av.Packet(bytes_at(file, 0, size_of(file))))
    except av.InvalidDataError as error:
        raise _damaged(name, ValueError("some of it is missing")) from error
    except (OSError, ValueError, av.FFmpegError):
        pass  # of a kind that only Pillow knows


def _check_size(image: Image.Image, name: str, max_side_px: int) -> None:
    if image.format in _JPEGS:
        image.draft("RGB", (2 * max_side_px, 2 * max_side_px))
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UnsupportedMediaError(_too_large(name, f" ({width} x {height})"))


def _too_large(name: str, size: str) -> str:
    return (
        f"{name} is too large to be read{size}: at most {MAX_PIXELS // 1_000_000} million pixels. "
        "Make it smaller first."
    )


def _film(image: Image.Image, name: str, rate_hz: float, max_side_px: int) -> Iterator[VideoFrame]:
    sampler, time_s = FrameSampler(rate_hz), 0.0
    pictures = iter(ImageSequence.Iterator(image))
    while True:
        try:
            picture = next(pictures)
            picture.load()
        except StopIteration:
            return
        except Exception as error:
            raise _damaged(name, error) from error
        if sampler.wants(time_s):
            yield VideoFrame(upright_pixels(picture, name, max_side_px), time_s)
        time_s += float(picture.info.get("duration") or 0) / 1000 or _STILL_S


def upright_pixels(image: Image.Image, name: str, max_side_px: int) -> NDArray[np.uint8]:
    """Decode a picture, turn it upright and scale it down.

    Args:
        image: open, of a size that was checked.
        name: for messages.
        max_side_px: longer side of what is returned, at most.

    Returns:
        uint8, shape (height, width, 3), BGR, contiguous.

    Raises:
        UnsupportedMediaError: it is too large.
        DamagedMediaError: it breaks off or is broken; nothing is made of half a picture.
    """
    try:
        image.load()
        small = _eight_bit(image)
        small.thumbnail((max_side_px, max_side_px), Image.Resampling.BOX)
        upright = ImageOps.exif_transpose(small)
        return np.ascontiguousarray(np.asarray(upright.convert("RGB"))[:, :, ::-1])
    except MediaError:
        raise
    except Exception as error:
        raise _damaged(name, error) from error


def _eight_bit(image: Image.Image) -> Image.Image:
    """Bring any mode to 8-bit RGB or grey, with what is transparent on white."""
    exif = image.getexif()
    if image.mode.startswith("I") or image.mode == "F":
        small = Image.fromarray(_levels(np.asarray(image)))
    elif image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layered = image.convert("RGBA")
        small = Image.new("RGB", image.size, _BACKGROUND)
        small.paste(layered, mask=layered.getchannel("A"))
    else:
        small = image.convert("RGB")
    small.getexif().update({0x0112: exif.get(0x0112, 1)})
    return small


def _levels(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey levels of more than 8 bits: 16-bit ones by their upper byte, others by their range."""
    top = 65535.0 if values.dtype.kind in "iu" else max(1.0, float(np.nanmax(values, initial=0.0)))
    scaled = np.clip(np.nan_to_num(values.astype(np.float32)) / top, 0.0, 1.0) * 255.0
    levels: NDArray[np.uint8] = scaled.round().astype(np.uint8)
    return levels


def _damaged(name: str, error: Exception) -> MediaError:
    reason = str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        return UnsupportedMediaError(_too_large(name, ""))
    return DamagedMediaError(
        f"{name} is a damaged picture ({reason}). Nothing of it was used: take it or copy it anew."
    )


def _is_jpeg_stream(file: BinaryIO) -> bool:
    """Whether another JPEG follows the first at once, and not as a preview that the first names."""
    at = 2
    while True:
        head = bytes_at(file, at, 8)
        if len(head) < 4 or head[0] != 0xFF:
            return False
        (length,) = struct.unpack(">H", head[2:4])
        if head[1] == 0xE2 and head[4:8] == b"MPF\0":
            return False
        if head[1] == 0xDA:
            break
        at += 2 + length
    size = file.seek(0, 2)
    end = find(file, b"\xff\xd9", at, size)
    while end >= 0 and (after := bytes_at(file, end + 2, 3)) and after != b"\xff\xd8\xff":
        end = find(file, b"\xff\xd9", end + 2, size)
    return end >= 0 and bytes_at(file, end + 2, 3) == b"\xff\xd8\xff"
