from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from stream_verifier.errors import MediaError
from stream_verifier.media.encode import write_webm
from stream_verifier.media.file import FileSource
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from tests.support.media import FPS, SECONDS, SIZE, number_in, numbered, sweep


def _when(item: MediaItem) -> float:
    return item.time_s if isinstance(item, VideoFrame) else item.start_s


def _sound_s(items: Iterable[MediaItem]) -> float:
    return sum(len(i.samples) for i in items if isinstance(i, AudioChunk)) / 16_000


def _pictures(items: Iterable[MediaItem]) -> list[VideoFrame]:
    return [item for item in items if isinstance(item, VideoFrame)]


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_call_comes_in_media_time_order_with_the_right_pictures(call_webm: Path) -> None:
    items = list(FileSource(call_webm))
    assert [_when(i) for i in items] == sorted(_when(i) for i in items)
    assert _sound_s(items) == pytest.approx(SECONDS, abs=0.02)
    expected = [round(t * FPS) for t in (0, 0.52, 1, 1.52, 2, 2.52, 3, 3.52)]
    assert [number_in(frame.image) for frame in _pictures(items)] == expected
    assert all(item.arrived_s is None for item in items if not isinstance(item, MediaGap))


def test_rate_and_size_are_settings(call_webm: Path) -> None:
    frames = _pictures(FileSource(call_webm, video_rate_hz=5, max_side_px=160))
    assert len(frames) == 5 * SECONDS
    assert frames[0].image.shape == (120, 160, 3)


def test_a_source_can_be_read_twice(call_webm: Path) -> None:
    source = FileSource(call_webm)
    assert [_when(i) for i in source] == [_when(i) for i in source]


def test_leaving_early_releases_the_file(call_webm: Path) -> None:
    before = _open_files()
    with FileSource(call_webm) as source:
        next(iter(source))
        assert _open_files() == before + 1
    assert _open_files() == before


@pytest.mark.parametrize("name", ["tone.wav", "tone.flac"])
def test_a_sound_only_file(tmp_path: Path, name: str) -> None:
    with av.open(str(tmp_path / name), "w") as container:
        codec = "pcm_s16le" if name.endswith("wav") else "flac"
        stream = container.add_stream(codec, rate=44_100)
        stream.layout = "mono"  # type: ignore[union-attr]
        frame = av.AudioFrame.from_ndarray(
            sweep(2.0, 44_100).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))  # type: ignore[arg-type, union-attr]
        container.mux(stream.encode(None))  # type: ignore[union-attr]
    items = list(FileSource(tmp_path / name))
    assert items
    assert all(isinstance(item, AudioChunk) for item in items)
    assert _sound_s(items) == pytest.approx(2.0, abs=0.01)


def test_a_picture_is_one_frame_at_time_zero(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "face.jpg"), numbered(77, (1000, 800)))
    items = list(FileSource(tmp_path / "face.jpg"))
    assert [type(item) for item in items] == [VideoFrame]
    frame = _pictures(items)[0]
    assert (frame.time_s, frame.image.shape, number_in(frame.image)) == (0.0, (512, 640, 3), 77)


def test_h264_in_mp4_with_b_frames(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"bf": "2", "preset": "fast"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(numbered(number), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert [number_in(frame.image) for frame in _pictures(FileSource(path))] == [0, 13, 25, 38]


@pytest.mark.parametrize("sound_s", [0.0, 8.0])
def test_streams_of_unequal_length(tmp_path: Path, sound_s: float) -> None:
    path = tmp_path / "uneven.webm"
    frames = (numbered(n) for n in range(FPS))
    write_webm(path, frames, sweep(sound_s), fps=FPS, size=SIZE)
    items = list(FileSource(path))
    assert len(_pictures(items)) == 2
    assert _sound_s(items) == pytest.approx(sound_s, abs=0.02)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"nowhere\.mp4.*No such file"):
        list(FileSource(tmp_path / "nowhere.mp4"))


@pytest.mark.parametrize("content", [b"", b"not media at all\n" * 50, bytes(range(256)) * 40])
def test_something_that_is_no_media(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.webm").write_bytes(content)
    before = _open_files()
    with pytest.raises(MediaError, match=r"broken\.webm"):
        list(FileSource(tmp_path / "broken.webm"))
    assert _open_files() == before


def test_a_truncated_file_yields_its_first_part_and_then_raises(
    tmp_path: Path, call_webm: Path
) -> None:
    data = call_webm.read_bytes()
    path = tmp_path / "half.webm"
    path.write_bytes(data[: len(data) // 2])
    items: list[MediaItem] = []
    with pytest.raises(MediaError, match=r"half\.webm is damaged"):
        items.extend(FileSource(path))  # extend keeps what came before the error.
    assert 0.5 < _sound_s(items) < SECONDS - 0.5
    assert number_in(_pictures(items)[0].image) == 0


def test_a_file_with_a_hole_of_noise_is_reported_as_damaged(
    tmp_path: Path, call_webm: Path
) -> None:
    data = bytearray(call_webm.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = np.random.default_rng(3).bytes(4000)
    (tmp_path / "hole.webm").write_bytes(data)
    items: list[MediaItem] = []
    try:
        items.extend(FileSource(tmp_path / "hole.webm"))
    except MediaError as error:
        assert "damaged" in str(error)
    assert _sound_s(items) > 1.0
    assert [_when(i) for i in items] == sorted(_when(i) for i in items)


def test_subtitles_alone_are_neither_picture_nor_sound(tmp_path: Path) -> None:
    (tmp_path / "words.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n\n")
    with pytest.raises(MediaError, match="neither picture nor sound"):
        list(FileSource(tmp_path / "words.srt"))


@pytest.mark.parametrize(
    "name",
    [
        *("http:x.webm", "concat:a|b.webm", "-x.webm", "data:,x", "file:x", "pipe:0", "%03d.webm"),
        *("2026-11-28T12:30:00.webm", "a\nb.webm", "c\udcff.webm", "[b]:smile:.webm", "~x"),
        "*?.webm",
    ],
)
def test_any_name_is_the_name_of_a_file(
    name: str, call_webm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(call_webm, tmp_path / name)
    with FileSource(name) as source:
        assert isinstance(next(iter(source)), AudioChunk | VideoFrame)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (os.mkfifo, "a pipe"),  # nobody ever writes
        (lambda path: path.symlink_to("/dev/zero"), "a device or socket"),
        (lambda path: path.symlink_to("/dev/null"), "a device or socket"),
    ],
)
def test_what_cannot_be_read_again_is_refused_in_words(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / "call.mp4"
    make(path)
    with pytest.raises(MediaError, match=rf"call\.mp4: it is {words}.*into a file"):
        list(FileSource(path))
