from __future__ import annotations

from pathlib import Path

import av
import pytest
from av.stream import Disposition

from stream_verifier.errors import MediaError
from tests.support.media import SIZE, numbered
from tests.support.recordings import read, recording

NONE = Disposition(0)


def _pictures(
    path: Path, dispositions: list[Disposition], sizes: list[tuple[int, int]] | None = None
) -> None:
    """A file with several pictures; those of track n say n."""
    sizes = sizes or [SIZE] * len(dispositions)
    with av.open(str(path), "w") as container:
        streams = []
        for size, disposition in zip(sizes, dispositions, strict=True):
            stream = container.add_stream("mpeg4", rate=10)
            stream.width, stream.height = size
            stream.pix_fmt, stream.bit_rate = "yuv420p", 2_000_000
            stream.disposition = disposition
            streams.append(stream)
        for pts in range(10):
            for number, stream in enumerate(streams, 1):
                image = numbered(number, (stream.width, stream.height))
                frame = av.VideoFrame.from_ndarray(image, format="bgr24")
                frame.pts = pts
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("dispositions", "used"),
    [
        ([NONE, Disposition.default], 2),
        ([Disposition.default, NONE], 1),
        ([Disposition.default | Disposition.comment, Disposition.default], 2),
        ([NONE, NONE], 1),
    ],
)
def test_the_track_that_is_meant_to_be_played(
    tmp_path: Path, dispositions: list[Disposition], used: int
) -> None:
    path = tmp_path / "several.mkv"
    _pictures(path, dispositions)
    heard = read(path)
    assert heard.error is None
    assert set(heard.numbers) == {used}
    assert f"picture track {used} of 2 is used; --video-track takes another" in heard.notes[0]


def test_of_equals_the_largest_picture(tmp_path: Path) -> None:
    _pictures(tmp_path / "several.mkv", [NONE, NONE], [(160, 120), (320, 240)])
    assert set(read(tmp_path / "several.mkv").numbers) == {2}


@pytest.mark.parametrize("wanted", [1, 2])
def test_a_track_is_chosen_by_number(tmp_path: Path, wanted: int) -> None:
    _pictures(tmp_path / "several.mkv", [NONE, Disposition.default])
    heard = read(tmp_path / "several.mkv", tracks={"video": wanted})
    assert set(heard.numbers) == {wanted}
    assert heard.notes == []


def test_a_track_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "one.mp4").write_bytes(recording("mp4"))
    heard = read(tmp_path / "one.mp4", tracks={"video": 2})
    assert isinstance(heard.error, MediaError)
    assert "no picture track 2. It has 1: mpeg4 320x240" in str(heard.error)


def test_a_file_without_what_is_wanted_says_so(tmp_path: Path) -> None:
    (tmp_path / "mute.mp4").write_bytes(recording("mp4", audio=None))
    heard = read(tmp_path / "mute.mp4", kinds=("audio",))
    assert "has no sound. Give a file that has." in str(heard.error)


@pytest.mark.parametrize("sound", [True, False])
def test_a_cover_is_a_picture_only_where_there_is_nothing_else(tmp_path: Path, sound: bool) -> None:
    path = tmp_path / "cover.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        tone = container.add_stream("alac", rate=44_100) if sound else None
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = *SIZE, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        if tone is not None:
            tone.layout = "mono"
            frame = av.AudioFrame(format="s16p", layout="mono", samples=4096)
            frame.sample_rate, frame.pts = 44_100, 0
            container.mux([*tone.encode(frame), *tone.encode(None)])
        picture = av.VideoFrame.from_ndarray(numbered(7), format="bgr24")
        container.mux([*cover.encode(picture), *cover.encode(None)])
    heard = read(path)
    assert heard.error is None
    assert heard.numbers == ([] if sound else [7])
