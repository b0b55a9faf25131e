"""What a feed of decoded media sends, made up."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stream_verifier.client import DecodedCall
from stream_verifier.decoded.frames import Picture, Piece, Sound
from stream_verifier.media.audio import AudioNormaliser
from stream_verifier.media.types import AudioChunk


def silence(seconds: float, *, at_s: float) -> Sound:
    return Sound(at_s, bytes(2 * round(seconds * 16_000)))


def encoded(image: NDArray[np.uint8], kind: str = "JPEG", **options: Any) -> bytes:
    """A picture as a file; uint8, shape (height, width, 3), BGR."""
    target = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image[:, :, ::-1])).save(target, kind, **options)
    return target.getvalue()


def patches(width: int = 192, height: int = 128) -> NDArray[np.uint8]:
    """Patches of colour, another in every corner."""
    small = np.random.default_rng(4).integers(30, 220, (4, 6, 3), dtype=np.uint8)
    return np.kron(small, np.ones((height // 4, width // 6, 1), np.uint8))


def jpeg(width: int = 192, height: int = 128, **options: Any) -> bytes:
    return encoded(patches(width, height), "JPEG", **options)


def png() -> bytes:
    return encoded(patches(), "PNG")


def pieces_of(path: Path, *, pictures_per_s: float = 15.0, kind: str = "JPEG") -> list[Piece]:
    """A recording as what a bot would feed of it, in the order of time."""
    pieces: list[Piece] = []
    with av.open(str(path)) as container:
        next_s = 0.0
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= next_s - 1e-3:
                next_s += 1 / pictures_per_s
                image = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                pieces.append(Picture(frame.time, encoded(image, kind)))
    line = AudioNormaliser()
    with av.open(str(path)) as container:
        for sound in container.decode(audio=0):
            pieces += [
                Sound(chunk.start_s, chunk.samples.astype("<i2").tobytes())
                for chunk in line.push(sound, sound.time or 0.0)
                if isinstance(chunk, AudioChunk)
            ]
    return sorted(pieces, key=lambda piece: piece.at_s)


async def feed(call: DecodedCall, pieces: Sequence[Piece], *, from_s: float = 0.0) -> None:
    """Feed pieces as time passes; their times are on a clock of their own."""
    began_s = time.monotonic()
    for piece in pieces:
        await asyncio.sleep(max(0.0, began_s + piece.at_s - time.monotonic()))
        at_s = 1e6 + from_s + piece.at_s
        if isinstance(piece, Sound):
            await call.audio(piece.pcm, at=at_s)
        else:
            await call.picture(piece.image, at=at_s)
