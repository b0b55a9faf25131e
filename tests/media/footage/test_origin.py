"""Where time begins: sound lies at the same place in every container, whatever lies before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stream_verifier.media.types import AudioChunk
from tests.support.media import sweep
from tests.support.recordings import Heard, read, recording


def _sound(heard: Heard) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    sound = np.zeros(16_000)
    for item in heard.items:
        if isinstance(item, AudioChunk):
            at = round(item.start_s * 16_000)
            samples = item.samples[: max(0, len(sound) - at)]
            sound[at : at + len(samples)] = samples
    return sound


@pytest.mark.parametrize(
    ("kind", "audio"),
    [
        ("mp4", "aac"),
        ("matroska", "libopus"),
        ("matroska", "libmp3lame"),
        ("flv", "aac"),
        ("flv", "libmp3lame"),
        ("mpegts", "mp2"),
        ("mpegts", "aac"),
        ("mpeg", "mp2"),
    ],
)
def test_what_an_encoder_puts_before_the_sound_is_left_out(
    tmp_path: Path, kind: str, audio: str
) -> None:
    video = "flv" if kind == "flv" else "mpeg2video" if kind == "mpeg" else "mpeg4"
    path = tmp_path / "call"
    path.write_bytes(recording(kind, video=video, audio=audio))
    heard = read(path)
    assert heard.error is None
    expected = sweep(1.0, 16_000)[4_000:12_000].astype(float)
    got = _sound(heard)
    near = [float(expected @ got[4_000 + lag : 12_000 + lag]) for lag in range(-800, 801)]
    assert abs(int(np.argmax(near)) - 800) <= 16
    assert min(heard.times) >= 0.0


@pytest.mark.parametrize("kind", ["flv", "mpegts", "matroska"])
def test_sound_that_begins_long_before_the_picture_is_kept(tmp_path: Path, kind: str) -> None:
    video = "flv" if kind == "flv" else "mpeg4"
    path = tmp_path / "call"
    path.write_bytes(recording(kind, video=video, audio="libmp3lame", late_s=0.5))
    heard = read(path)
    assert heard.pictures[0].time_s == pytest.approx(0.5, abs=0.05)
    assert np.abs(_sound(heard)[:4_000]).max() > 5_000
