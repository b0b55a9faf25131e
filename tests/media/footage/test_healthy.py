"""Recordings that look odd and are whole: nothing may be said against them."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.support.recordings import read, recording


@pytest.mark.parametrize("kind", ["matroska", "mpegts", "mp4"])
def test_a_segment_that_starts_late(tmp_path: Path, kind: str) -> None:
    (tmp_path / "late").write_bytes(recording(kind, start_s=40.0))
    heard = read(tmp_path / "late")
    assert heard.error is None
    assert heard.notes == []
    assert heard.numbers == [0, 5, 10, 15]
    assert heard.times[0] < 0.05


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("webm", {"video": "libvpx", "audio": "libopus", "options": {"live": "1"}}),
        ("mp4", {"options": {"movflags": "frag_keyframe+empty_moov"}}),
        ("mp4", {"options": {"movflags": "faststart"}}),
        ("mp4", {"video": "libx264", "coding": {"bf": "8", "b-pyramid": "normal"}}),
        ("matroska", {"video": "libx264", "coding": {"bf": "8", "b-pyramid": "normal"}}),
        ("mp4", {"video": "libx265", "coding": {"x265-params": "log-level=none"},
                 "pix_fmt": "yuv420p10le"}),
        ("mp4", {"video": "libsvtav1", "coding": {"preset": "12"}}),
        ("mov", {"video": "prores_ks", "audio": "pcm_s24le", "pix_fmt": "yuva444p10le"}),
        ("matroska", {"video": "ffv1", "audio": "flac", "pix_fmt": "gray"}),
        ("mov", {"video": "mjpeg", "audio": "pcm_alaw", "rate_hz": 8000,
                      "pix_fmt": "yuvj422p"}),
    ],
)  # fmt: skip
def test_formats_of_phones_tools_and_studios(
    tmp_path: Path, kind: str, how: dict[str, Any]
) -> None:
    (tmp_path / "clip").write_bytes(recording(kind, **how))
    heard = read(tmp_path / "clip")
    assert heard.error is None
    assert heard.numbers == [0, 5, 10, 15]
    assert heard.sound_s == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("sound_s", [1.0, 6.0])
def test_a_track_that_ends_before_the_other(tmp_path: Path, sound_s: float) -> None:
    (tmp_path / "held.mp4").write_bytes(recording("mp4", sound_s=sound_s))
    heard = read(tmp_path / "held.mp4")
    assert heard.error is None
    assert heard.numbers == [0, 5, 10, 15]
    assert heard.sound_s == pytest.approx(sound_s, abs=0.1)


def test_a_transport_stream_may_begin_and_end_anywhere(tmp_path: Path) -> None:
    coding = {"g": "10", "bf": "0"}
    data = recording("mpegts", video="libx264", coding=coding, seconds=4.0)
    (tmp_path / "middle.ts").write_bytes(data[188 * 60 : -188 * 21 - 77])
    heard = read(tmp_path / "middle.ts")
    assert heard.error is None
    assert heard.numbers


def test_a_transport_stream_may_end_inside_its_last_packet_of_sound(tmp_path: Path) -> None:
    data = recording("mpegts", video="libx264", audio="aac", coding={"g": "10", "bf": "0"})
    packets = len(data) // 188
    for cut in range(packets // 2, packets, 10):
        (tmp_path / "cut.ts").write_bytes(data[: 188 * cut])
        assert read(tmp_path / "cut.ts").error is None


@pytest.mark.parametrize("rates_hz", [(44_100, 24_000), (24_000, 44_100)])
@pytest.mark.parametrize(
    ("kind", "audio"), [("adts", "aac"), ("ac3", "ac3"), ("mp3", "libmp3lame")]
)
def test_packets_alone_may_change_their_rate(
    tmp_path: Path, kind: str, audio: str, rates_hz: tuple[int, int]
) -> None:
    rates_hz = (32_000, 48_000) if audio == "ac3" else rates_hz
    options = {"write_xing": "0", "id3v2_version": "0"} if kind == "mp3" else {}
    parts = [
        recording(kind, video=None, audio=audio, rate_hz=rate_hz, options=options)
        for rate_hz in rates_hz
    ]
    (tmp_path / "joined").write_bytes(b"".join(parts))
    heard = read(tmp_path / "joined")
    assert heard.error is None
    assert heard.sound_s == pytest.approx(4.0, abs=0.25)
    assert heard.times[-1] < 4.25


def test_a_piped_wav_does_not_know_its_length(tmp_path: Path) -> None:
    data = bytearray(recording("wav", video=None, audio="pcm_s16le"))
    at = data.index(b"data")
    data[4:8] = data[at + 4 : at + 8] = b"\xff" * 4
    (tmp_path / "piped.wav").write_bytes(data)
    heard = read(tmp_path / "piped.wav")
    assert heard.error is None
    assert heard.sound_s == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize("kind", ["amr", "3gp"])
def test_narrow_band_amr_with_pauses(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"note.{kind}"
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream("libopencore_amrnb", rate=8000, options={"dtx": "1"})
        stream.layout = "mono"
        for n in range(200):  # a rattle, then nothing
            frame = av.AudioFrame(format="s16", layout="mono", samples=160)
            level = bytes([0, 40]) if n < 50 else bytes(2)
            frame.planes[0].update(level * 160)
            frame.sample_rate, frame.pts = 8000, n * 160
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert path.stat().st_size < 200 * 20  # pauses were saved
    heard = read(path)
    assert heard.error is None
    assert heard.sound_s == pytest.approx(4.0, abs=0.05)


def test_wide_band_amr_with_pauses(tmp_path: Path) -> None:
    rng = random.Random(2)
    speech, pause, nothing = bytes([2 << 3 | 4]), bytes([9 << 3 | 4]), bytes([15 << 3 | 4])
    frames = [speech + rng.randbytes(32) for _ in range(100)]
    frames += [pause + bytes(5) if n % 8 == 0 else nothing for n in range(100)]
    (tmp_path / "note.awb").write_bytes(b"#!AMR-WB\n" + b"".join(frames))
    heard = read(tmp_path / "note.awb")
    assert heard.error is None
    assert heard.sound_s == pytest.approx(4.0, abs=0.05)


def test_what_lies_behind_a_recording_is_told_and_no_damage(tmp_path: Path) -> None:
    (tmp_path / "tail.mp4").write_bytes(recording("mp4") + bytes(5000))
    heard = read(tmp_path / "tail.mp4")
    assert heard.error is None
    assert "last 5000 bytes lie behind the recording" in heard.notes[0]


@pytest.mark.parametrize(("kind", "aspect"), [("matroska", 2), ("mpegts", 2), ("mp4", "1/2")])
def test_oblong_pixels_are_shown_as_they_are_meant(
    tmp_path: Path, kind: str, aspect: int | str
) -> None:
    path = tmp_path / "squeezed"
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 100, 120, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(aspect)
        frame = av.VideoFrame(100, 120, "yuv420p")
        for pts in range(5):
            frame.pts = pts
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    shape = (120, 200, 3) if aspect == 2 else (240, 100, 3)
    assert read(path).pictures[0].image.shape == shape
