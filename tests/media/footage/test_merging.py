from __future__ import annotations

import numpy as np

from stream_verifier.media.footage.merging import Merger
from stream_verifier.media.types import AudioChunk, MediaGap, VideoFrame

PIXELS = np.zeros((10, 10, 3), np.uint8)


def _sound(start_s: float) -> AudioChunk:
    return AudioChunk(np.zeros(320, np.int16), start_s)


def _picture(time_s: float) -> VideoFrame:
    return VideoFrame(PIXELS, time_s)


def _merger(max_bytes: int = 1 << 20) -> Merger:
    merger = Merger(max_bytes=max_bytes)
    merger.begin(["audio", "video"])
    return merger


def test_a_fast_track_waits_for_the_slow_one() -> None:
    merger = _merger()
    merger.put("audio", [_sound(n * 0.02) for n in range(100)], 2.0)
    assert list(merger.ready()) == []
    merger.put("video", [_picture(0.0), _picture(0.5)], 0.9)
    times = [i.time_s if isinstance(i, VideoFrame) else i.start_s for i in merger.ready()]
    assert times == sorted(times)
    assert times.count(0.5) == 2
    assert max(times) <= 0.9
    assert merger.late == 0


def test_no_more_is_held_than_may_be_and_what_comes_late_is_counted() -> None:
    merger = _merger(max_bytes=640 * 50)
    for n in range(200):
        merger.put("audio", [_sound(n * 0.02)], n * 0.02)
    given = list(merger.ready())
    assert len(given) == 150
    merger.put("video", [_picture(0.0)], 0.0)
    assert _picture(0.0).time_s in [i.time_s for i in merger.ready() if isinstance(i, VideoFrame)]
    assert merger.late == 1


def test_a_track_that_was_silent_for_long_is_not_late() -> None:
    merger = _merger(max_bytes=640 * 50)
    merger.put("video", [_picture(0.0)], 0.0)
    for n in range(200):
        merger.put("audio", [_sound(n * 0.02)], n * 0.02)
        list(merger.ready())
    merger.put("video", [MediaGap("video", 0.0, 4.0, "network"), _picture(4.0)], 4.0)
    assert len(list(merger.ready(ended=True))) == 52
    assert merger.late == 0


def test_at_the_end_all_is_given() -> None:
    merger = _merger()
    merger.put("audio", [_sound(5.0)], 5.02)
    assert [i.start_s for i in merger.ready(ended=True) if isinstance(i, AudioChunk)] == [5.0]
