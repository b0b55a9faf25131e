"""Recordings that were written one behind the other, and clocks that jump within one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stream_verifier.errors import DamagedMediaError
from stream_verifier.media.types import AudioChunk, VideoFrame
from tests.support.recordings import read, recording

LIVE = {"live": "1"}
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov"}
SOUND_AND_PICTURE: list[tuple[str, dict[str, Any]]] = [
    ("mp4", {}),
    ("mp4", {"options": FRAGMENTED}),
    ("mov", {}),
    ("mpegts", {}),
    ("matroska", {}),
    ("webm", {"video": "libvpx", "audio": "libopus", "options": LIVE}),
    ("flv", {"video": "flv", "audio": "libmp3lame", "rate_hz": 44_100}),
    ("avi", {}),
    ("asf", {"video": "wmv2", "audio": "libmp3lame"}),
    ("mpeg", {"video": "mpeg2video"}),
]
SOUND = [("wav", "pcm_s16le"), ("ogg", "libopus"), ("ogg", "flac"), ("mp3", "libmp3lame"),
         ("flac", "flac"), ("amr", "libopencore_amrnb"), ("mp4", "aac")]  # fmt: skip


@pytest.mark.parametrize(("kind", "how"), SOUND_AND_PICTURE)
def test_what_follows_is_read_behind_a_gap(tmp_path: Path, kind: str, how: dict[str, Any]) -> None:
    path = tmp_path / "joined"
    path.write_bytes(recording(kind, **how) + recording(kind, first=100, **how))
    heard = read(path)
    assert heard.error is None
    assert {number for number in heard.numbers if number < 100} >= {0, 5, 10, 15}
    assert len([number for number in heard.numbers if number >= 100]) in (4, 5)
    assert heard.sound_s == pytest.approx(4.0, abs=0.15)
    assert sorted(gap.kind for gap in heard.jumps) == ["audio", "video"]
    assert all(gap.end_s - gap.start_s > 1.0 for gap in heard.jumps)
    late = zip(heard.times, heard.times[1:], strict=False)
    assert all(after > before - 0.01 for before, after in late if after < heard.jumps[0].start_s)


@pytest.mark.parametrize(("kind", "codec"), SOUND)
def test_sound_that_follows_is_read_behind_a_gap(tmp_path: Path, kind: str, codec: str) -> None:
    rate_hz = 8000 if kind == "amr" else 48_000
    one = recording(kind, video=None, audio=codec, rate_hz=rate_hz)
    path = tmp_path / "joined"
    path.write_bytes(one + one + one)
    heard = read(path)
    assert heard.error is None
    assert heard.sound_s == pytest.approx(6.0, abs=0.2)
    assert [gap.kind for gap in heard.jumps] == ["audio", "audio"]
    assert heard.notes == [f"{path} holds 3 recordings, one after the other."]


def test_links_of_a_chain_may_differ_in_codec(tmp_path: Path) -> None:
    links = [recording("ogg", video=None, audio=codec) for codec in ("libopus", "flac", "libopus")]
    (tmp_path / "chain.ogg").write_bytes(b"".join(links))
    heard = read(tmp_path / "chain.ogg")
    assert heard.error is None
    assert heard.sound_s == pytest.approx(6.0, abs=0.1)
    assert len(heard.jumps) == 2


MIXED = [
    ("mp4", "matroska"),
    ("matroska", "mpegts"),
    ("wav", "mp4"),
    ("mpegts", "mp4"),
    ("webm", "mp4"),
    ("flv", "matroska"),
    ("mpeg", "avi"),
]


@pytest.mark.parametrize("order", MIXED)
def test_recordings_of_several_formats_in_one_file(tmp_path: Path, order: tuple[str, str]) -> None:
    how = dict(SOUND_AND_PICTURE).get(order[0], {"video": None})
    data = recording(order[0], **how) + recording(order[1], first=100)
    (tmp_path / "mixed").write_bytes(data)
    heard = read(tmp_path / "mixed")
    assert heard.error is None
    assert heard.numbers[-4:] == [100, 105, 110, 115]
    assert heard.sound_s == pytest.approx(4.0, abs=0.15)
    assert [gap.kind for gap in heard.jumps].count("audio") == 1


def test_a_programme_with_other_streams_and_codecs(tmp_path: Path) -> None:
    second = recording("mpegts", video="mpeg2video", audio="libmp3lame", first=100)
    (tmp_path / "joined.ts").write_bytes(recording("mpegts", audio="aac") + second)
    heard = read(tmp_path / "joined.ts")
    assert heard.error is None
    assert heard.numbers[:4] == [0, 5, 10, 15]
    assert heard.numbers[-4:] == [100, 105, 110, 115]
    assert heard.sound_s == pytest.approx(4.0, abs=0.15)


@pytest.mark.parametrize("starts", [(500.0, 0.0), (0.0, 500.0), (3000.0, 2999.0), (0.0, 90_000.0)])
def test_a_clock_that_jumps_either_way(tmp_path: Path, starts: tuple[float, float]) -> None:
    parts = [recording("mpegts", start_s=s, first=100 * n) for n, s in enumerate(starts)]
    (tmp_path / "jump.ts").write_bytes(b"".join(parts))
    heard = read(tmp_path / "jump.ts")
    assert heard.error is None
    assert heard.numbers == [0, 5, 10, 15, 100, 105, 110, 115]
    assert sorted(gap.kind for gap in heard.jumps) == ["audio", "video"]
    assert heard.times[-1] < 7.0  # our own time goes on as if nothing had happened


def test_a_counter_that_runs_over_is_no_jump(tmp_path: Path) -> None:
    (tmp_path / "wrap.ts").write_bytes(recording("mpegts", start_s=2**33 / 90_000 - 1.0))
    heard = read(tmp_path / "wrap.ts")
    assert heard.error is None
    assert heard.numbers == [0, 5, 10, 15]
    assert heard.jumps == []
    assert heard.times[-1] < 2.1


def test_sound_and_picture_stay_together_behind_a_jump(tmp_path: Path) -> None:
    (tmp_path / "joined.mp4").write_bytes(recording("mp4") + recording("mp4", first=100))
    heard = read(tmp_path / "joined.mp4", video_rate_hz=10)
    (end_s,) = {round(gap.end_s, 2) for gap in heard.jumps}
    picture = next(f for f in heard.pictures if f.time_s >= end_s - 0.01)
    sound = next(c for c in heard.items if isinstance(c, AudioChunk) and c.start_s >= end_s - 0.01)
    assert picture.time_s == pytest.approx(sound.start_s, abs=0.03)
    assert all(isinstance(item, VideoFrame) or item.start_s < 10 for item in heard.items)


def test_a_second_recording_that_is_broken_is_told_with_what_was_read(tmp_path: Path) -> None:
    whole = recording("mp4")
    (tmp_path / "joined.mp4").write_bytes(whole + whole[: len(whole) // 2])
    heard = read(tmp_path / "joined.mp4")
    assert isinstance(heard.error, DamagedMediaError)
    assert "2. recording cannot be read" in str(heard.error)
    assert "never finished" in str(heard.error)
    assert heard.numbers == [0, 5, 10, 15]


def test_a_recording_well_joined_has_no_jump(tmp_path: Path) -> None:
    later = recording("mpegts", start_s=2.0, first=20)
    (tmp_path / "joined.ts").write_bytes(recording("mpegts") + later)
    heard = read(tmp_path / "joined.ts")
    assert heard.error is None
    # The second one's clock may lie a few ms beside the first one's.
    assert [round(number / 5) for number in heard.numbers] == list(range(8))
    assert heard.jumps == []
