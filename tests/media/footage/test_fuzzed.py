"""Whatever the bytes are, what comes is media in order, or an error that a caller expects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.random import Generator

from tests.support.heif import heif
from tests.support.recordings import read, recording

_PICTURE = np.random.default_rng(0).integers(0, 255, (128, 128, 3), dtype=np.uint8)
SEEDS: dict[str, Callable[[], bytes]] = {
    "mp4": lambda: recording("mp4", video="libx264", audio="aac"),
    "mpegts": lambda: recording("mpegts"),
    "matroska": lambda: recording("matroska", audio="aac"),
    "webm": lambda: recording("webm", video="libvpx", audio="libopus", options={"live": "1"}),
    "flv": lambda: recording("flv", video="flv", audio="aac", rate_hz=44_100),
    "avi": lambda: recording("avi"),
    "ogg": lambda: recording("ogg", video=None, audio="libopus"),
    "wav": lambda: recording("wav", video=None, audio="pcm_s16le"),
    "mp3": lambda: recording("mp3", video=None, audio="libmp3lame"),
    "heic": lambda: heif("heic", _PICTURE, columns=2),
    "jpeg": lambda: cv2.imencode(".jpg", _PICTURE)[1].tobytes(),
    "webp": lambda: cv2.imencode(".webp", _PICTURE)[1].tobytes(),
}


def _spoilt(data: bytes, rng: Generator) -> bytes:
    """Overwrite, cut out, flip or repeat a few stretches, the first bytes above all."""
    spoilt = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        reach = len(spoilt) if rng.random() < 0.5 else min(600, len(spoilt))
        at, length = int(rng.integers(reach)), int(rng.integers(1, 3000))
        match int(rng.integers(4)):
            case 0:
                spoilt[at : at + length] = rng.bytes(length)
            case 1:
                del spoilt[at : at + length]
            case 2:
                spoilt[at] ^= 1 << int(rng.integers(8))
            case _:
                spoilt[at:at] = data[:length]
        spoilt = spoilt or bytearray(data)
    return bytes(spoilt)


@pytest.mark.parametrize("kind", SEEDS)
def test_no_file_breaks_the_reader(tmp_path: Path, kind: str) -> None:
    data = SEEDS[kind]()
    rng = np.random.default_rng(11)
    refused = 0
    for _ in range(25):
        (tmp_path / "spoilt").write_bytes(_spoilt(data, rng))
        heard = read(tmp_path / "spoilt")  # anything but a MediaError fails the test
        refused += heard.error is not None
        assert heard.times == [] or min(heard.times) >= 0
    assert refused > 0
