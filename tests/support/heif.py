"""HEIC and AVIF pictures in tiles, turned and mirrored, as phones write them (ISO/IEC 23008-12)."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

_CODECS = {
    "heic": ("libx265", {"x265-params": "log-level=none:keyint=1", "crf": "4"}, b"hvc1", b"hvcC"),
    "avif": ("libsvtav1", {"preset": "12", "crf": "8"}, b"av01", b"av1C"),
}
_GRID = 1


def heif(
    kind: str,
    image: NDArray[np.uint8],
    *,
    columns: int = 1,
    rows: int = 1,
    turns: int = 0,
    mirror: int | None = None,
) -> bytes:
    """Write a picture.

    Args:
        kind: "heic" or "avif".
        image: uint8, shape (height, width, 3), BGR; sides divide evenly into even tiles.
        columns: of tiles.
        rows: of tiles.
        turns: quarter turns counter-clockwise that a viewer must make (``irot``).
        mirror: and then exchange top and bottom (0) or left and right (1) (``imir``).
    """
    height, width = image.shape[0] // rows, image.shape[1] // columns
    tiles = [
        _coded(kind, image[y * height :, x * width :][:height, :width].tobytes(), (height, width))
        for y in range(rows)
        for x in range(columns)
    ]
    _, _, item_type, config_type = _CODECS[kind]
    grid = bytes((0, 0, rows - 1, columns - 1)) + _u16(image.shape[1]) + _u16(image.shape[0])
    data = [grid, *(sample for sample, _ in tiles)]
    properties = [
        _box(b"ispe", bytes(4) + _u32(image.shape[1]) + _u32(image.shape[0])),
        _box(b"ispe", bytes(4) + _u32(width) + _u32(height)),
        _box(config_type, tiles[0][1]),
        _box(b"irot", bytes((turns,))),
    ]
    shown = bytes((1, 0x80 | 4))
    if mirror is not None:
        properties.append(_box(b"imir", bytes((mirror,))))
        shown += bytes((0x80 | 5,))
    ids = range(_GRID, _GRID + len(data))
    infos = [_info(i, b"grid" if i == _GRID else item_type) for i in ids]
    links = [
        _u16(i) + (bytes((len(shown),)) + shown if i == _GRID else bytes((2, 2, 0x80 | 3)))
        for i in ids
    ]
    front = [
        _box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
        _box(b"pitm", bytes(4) + _u16(_GRID)),
        _box(b"iinf", bytes(4) + _u16(len(infos)) + b"".join(infos)),
        _box(b"iref", bytes(4) + _box(b"dimg", _u16(_GRID) + _u16(len(tiles))
             + b"".join(map(_u16, ids[1:])))),
        _box(b"iprp", _box(b"ipco", b"".join(properties))
             + _box(b"ipma", bytes(4) + _u32(len(links)) + b"".join(links))),
    ]  # fmt: skip
    brand = b"mif1" if kind == "heic" else b"avif"
    start = _box(b"ftyp", brand + bytes(4) + b"mif1miaf" + (b"heic" if kind == "heic" else b"avif"))
    length = len(start) + len(_meta(front, data, 0)) + 8
    return start + _meta(front, data, length) + _box(b"mdat", b"".join(data))


def _meta(front: list[bytes], data: list[bytes], offset: int) -> bytes:
    entries = b""
    for number, part in enumerate(data, _GRID):
        entries += _u16(number) + _u16(0) + _u16(1) + _u32(offset) + _u32(len(part))
        offset += len(part)
    places = _box(b"iloc", bytes(4) + b"\x44\0" + _u16(len(data)) + entries)
    return _box(b"meta", bytes(4) + b"".join(front) + places)


@cache
def _coded(kind: str, tile: bytes, shape: tuple[int, int]) -> tuple[bytes, bytes]:
    """A tile's sample and its decoder's configuration, taken from an MP4 of one picture."""
    encoder, options, _, config = _CODECS[kind]
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        with av.open(file.name, "w") as container:
            stream: Any = container.add_stream(encoder, rate=1, options=options)
            stream.height, stream.width = shape
            stream.pix_fmt = "yuv420p"
            pixels = np.frombuffer(tile, np.uint8).reshape(*shape, 3)
            frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        data = Path(file.name).read_bytes()
        with av.open(file.name) as container:
            sample = bytes(next(container.demux(video=0)))
    at = data.index(config)
    return sample, data[at + 4 : at - 4 + int.from_bytes(data[at - 4 : at], "big")]


def _info(number: int, kind: bytes) -> bytes:
    return _box(b"infe", b"\x02\0\0" + (b"\0" if number == _GRID else b"\x01")
                + _u16(number) + _u16(0) + kind + b"\0")  # fmt: skip


def _box(kind: bytes, body: bytes) -> bytes:
    return _u32(len(body) + 8) + kind + body


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "big")
