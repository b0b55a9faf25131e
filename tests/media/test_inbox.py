from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame

_PIXELS = np.zeros((2, 2, 3), np.uint8)


def _chunk(start_s: float, seconds: float = 0.1) -> AudioChunk:
    return AudioChunk(np.zeros(round(seconds * 16_000), np.int16), start_s)


def _frame(time_s: float) -> VideoFrame:
    return VideoFrame(_PIXELS, time_s)


def test_items_come_out_once_in_media_time_order() -> None:
    inbox = MediaInbox()
    gap = MediaGap("video", 0.01, 0.02, "muted")
    first, second, frame = _chunk(0.0), _chunk(0.1), _frame(0.05)
    for item in (first, second, frame, gap):
        inbox.put(item)
    assert inbox.drain() == [first, gap, frame, second]
    assert inbox.drain() == []


def test_only_the_newest_frame_is_kept_and_drops_are_counted() -> None:
    inbox = MediaInbox()
    for number in range(4):
        inbox.put(_frame(number / 2))
    assert [item.time_s for item in inbox.drain() if isinstance(item, VideoFrame)] == [1.5]
    assert (inbox.stats.video_frames, inbox.stats.video_frames_dropped) == (4, 3)


def test_a_frame_of_a_changed_picture_outlasts_newer_ones_and_few_of_them_are_kept() -> None:
    inbox = MediaInbox()
    changed = [VideoFrame(_PIXELS, number / 10, prompted=True) for number in range(8)]
    for number, frame in enumerate(changed):
        inbox.put(frame)
        inbox.put(_frame(number / 10 + 0.05))
    kept = [*(number / 10 for number in range(2, 8)), 0.75]
    assert [i.time_s for i in inbox.drain() if isinstance(i, VideoFrame)] == kept
    assert inbox.stats.video_frames_dropped == 2 + 7
    inbox.put(changed[0])
    assert inbox.drain() == [changed[0]]
    assert inbox.drain() == []


def test_audio_beyond_the_bound_becomes_one_gap_of_what_was_dropped() -> None:
    inbox = MediaInbox(max_audio_s=1.0)
    for number in range(15):
        inbox.put(_chunk(number / 10))
    gap, *rest = inbox.drain()
    assert isinstance(gap, MediaGap)
    assert (gap.kind, gap.reason, gap.start_s) == ("audio", "overrun", 0.0)
    assert np.isclose(gap.end_s, rest[0].start_s)
    assert np.isclose(gap.end_s, 0.5)
    assert len(rest) == 10
    assert inbox.stats.audio_overruns == 1
    assert np.isclose(inbox.stats.audio_overrun_s, 0.5)


def test_a_second_overrun_is_counted_anew_and_memory_stays_bounded() -> None:
    inbox = MediaInbox(max_audio_s=1.0)
    for number in range(1000):
        inbox.put(_chunk(number / 10))
    assert len(inbox.drain()) == 11
    for number in range(1000, 1020):
        inbox.put(_chunk(number / 10))
    assert inbox.stats.audio_overruns == 2


def test_one_chunk_longer_than_the_bound_does_not_break_it() -> None:
    inbox = MediaInbox(max_audio_s=0.05)
    inbox.put(_chunk(0.0))
    assert inbox.drain() == [MediaGap("audio", 0.0, 0.1, "overrun")]


def test_two_video_gaps_before_a_drain_become_one() -> None:
    inbox = MediaInbox()
    inbox.put(MediaGap("video", 1.0, 2.0, "network"))
    inbox.put(MediaGap("video", 2.5, 4.0, "muted"))
    assert inbox.drain() == [MediaGap("video", 1.0, 4.0, "muted")]


def test_why_media_was_refused_outlasts_a_gap_that_says_less() -> None:
    inbox = MediaInbox()
    for reason in ("network", "frame_too_large", "network"):
        inbox.put(MediaGap("video", 1.0, 2.0, reason))
    (gap,) = inbox.drain()
    assert isinstance(gap, MediaGap)
    assert gap.reason == "frame_too_large"


def test_what_was_lost_before_pictures_that_are_dropped_is_told_with_those_that_stay() -> None:
    inbox = MediaInbox()
    for number in range(3):
        inbox.put(replace(_frame(number / 10), lost_s=0.25))
    inbox.put(replace(_frame(0.4), burst=True, lost_s=0.25))
    inbox.put(replace(_frame(0.5), prompted=True))
    looks = [item for item in inbox.drain() if isinstance(item, VideoFrame)]
    assert sum(look.lost_s for look in looks if not look.burst) == 1.0
    inbox.put(_frame(1.0))
    assert [getattr(item, "lost_s", None) for item in inbox.drain()] == [0.0]


def test_on_ready_is_called_only_when_it_stops_being_empty() -> None:
    calls: list[int] = []
    inbox = MediaInbox(on_ready=lambda: calls.append(1))
    inbox.put(_chunk(0.0))
    inbox.put(_frame(0.0))
    assert len(calls) == 1
    inbox.drain()
    inbox.put(_frame(0.5))
    assert len(calls) == 2


def test_a_worker_may_drain_from_on_ready_and_from_another_thread() -> None:
    inbox, got = MediaInbox(max_audio_s=100.0), list[MediaItem]()
    ready = threading.Semaphore(0)
    inbox.on_ready = ready.release

    def work() -> None:
        while len(got) < 500 and ready.acquire(timeout=10):
            got.extend(inbox.drain())

    worker = threading.Thread(target=work)
    worker.start()
    for number in range(500):
        inbox.put(_chunk(float(number)))
    worker.join(timeout=30)
    assert [item.start_s for item in got if isinstance(item, AudioChunk)] == list(range(500))


def arrived(start_s: float, *, arrived_s: float) -> AudioChunk:
    return AudioChunk(np.zeros(1600, np.int16), start_s, arrived_s)


def test_what_waited_for_too_long_is_dropped_down_to_the_newest_bit() -> None:
    inbox = MediaInbox(stale_s=0.7, keep_s=0.3)
    for number in range(10):
        inbox.put(arrived(number / 10, arrived_s=(number + 1) / 10))
    gap, *chunks = inbox.drain(1.05)
    assert isinstance(gap, MediaGap)
    assert (gap.start_s, gap.end_s, gap.reason) == (0.0, pytest.approx(0.7), "overrun")
    assert [chunk.start_s for chunk in chunks] == pytest.approx([0.7, 0.8, 0.9])
    assert inbox.stats.audio_overruns == 1
    assert inbox.stats.audio_overrun_s == pytest.approx(0.7)


def test_what_has_not_waited_for_long_is_kept_whole() -> None:
    inbox = MediaInbox(stale_s=0.7, keep_s=0.3)
    for number in range(6):
        inbox.put(arrived(number / 10, arrived_s=(number + 1) / 10))
    starts_s = [item.start_s for item in inbox.drain(0.75)]
    assert starts_s == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert inbox.stats.audio_overruns == 0


def test_that_another_connection_took_over_is_told_however_much_is_dropped() -> None:
    inbox = MediaInbox(stale_s=0.7, keep_s=0.3)
    inbox.put(arrived(0.0, arrived_s=0.1))
    inbox.put(MediaGap("audio", 0.1, 1.0, "reconnected"))
    inbox.put(arrived(1.0, arrived_s=1.1))
    inbox.put(MediaGap("audio", 1.1, 1.3, "network"))
    inbox.put(arrived(1.3, arrived_s=9.0))
    overrun, told, chunk = inbox.drain(9.0)
    assert (overrun.start_s, overrun.end_s, overrun.reason) == (0.0, 1.3, "overrun")  # type: ignore[union-attr]
    assert (told.start_s, told.end_s, told.reason) == (0.1, 1.3, "reconnected")  # type: ignore[union-attr]
    assert chunk.start_s == 1.3


def test_pictures_that_waited_for_too_long_are_counted_and_dropped() -> None:
    inbox = MediaInbox(stale_s=0.7)
    image = np.zeros((4, 4, 3), np.uint8)
    for at_s, prompted in ((0.1, True), (0.5, True), (0.2, False)):
        inbox.put(VideoFrame(image, at_s, at_s, prompted))
    assert [item.start_s for item in inbox.drain(1.0)] == [0.5]
    assert inbox.stats.video_frames_dropped == 2


def test_small_pieces_of_live_sound_are_joined_where_they_follow_on() -> None:
    inbox = MediaInbox()
    for number in (0, 1, 2, 3, 4, 5, 6, 9):
        samples = np.full(320, number, np.int16)
        inbox.put(AudioChunk(samples, number * 0.02, arrived_s=5 + number * 0.02))
    pieces = [item for item in inbox.drain() if isinstance(item, AudioChunk)]
    assert [(one.start_s, len(one.samples)) for one in pieces] == [
        (0.0, 1600), (pytest.approx(0.1), 640), (pytest.approx(0.18), 320)
    ]  # fmt: skip
    assert [one.arrived_s for one in pieces] == pytest.approx([5.08, 5.12, 5.18])
    assert [int(one.samples[0]) for one in pieces] == [0, 5, 9]
    assert int(pieces[0].samples[-1]) == 4


def test_what_is_told_of_pieces_of_sound_is_kept_where_they_are_joined() -> None:
    inbox, aside = MediaInbox(), np.ones((320, 3), np.int16)
    for number in range(10):
        chunk = AudioChunk(np.zeros(320, np.int16), number / 50, 7.0, lost_s=0.1)
        inbox.put(chunk if number < 4 else replace(chunk, asides=number * aside))
    joined = [item for item in inbox.drain() if isinstance(item, AudioChunk)]
    assert sum(chunk.lost_s for chunk in joined) == pytest.approx(1.0)
    assert [chunk.asides is None for chunk in joined][:2] == [True, False]
    others = [chunk.asides for chunk in joined if chunk.asides is not None]
    np.testing.assert_array_equal(np.concatenate(others)[::320, 0], range(4, 10))
    assert all(
        len(chunk.samples) == len(chunk.asides) for chunk in joined if chunk.asides is not None
    )


def test_of_a_burst_the_newest_pictures_are_kept_and_no_regular_one_goes_for_it() -> None:
    inbox = MediaInbox()
    inbox.put(_frame(0.0))
    for number in range(1, 12):
        inbox.put(VideoFrame(_PIXELS, number / 25, burst=True))
    times = [item.time_s for item in inbox.drain() if isinstance(item, VideoFrame)]
    assert times == [0.0, *(number / 25 for number in range(4, 12))]
    assert inbox.stats.burst_frames_dropped == 3
    assert (inbox.stats.video_frames, inbox.stats.video_frames_dropped) == (1, 0)
    assert inbox.drain() == []


def _asked_burst(inbox: MediaInbox, pictures: int, *, firm: bool = False) -> None:
    """Fifteen pictures a second that arrive as they are taken."""
    inbox.burst.ask(10.0, firm=firm)
    for number in range(pictures):
        time_s = number / 15
        assert inbox.burst.grants(time_s)
        inbox.put(VideoFrame(_PIXELS, time_s, time_s, burst=True))


def test_a_burst_is_kept_whose_pictures_wait_no_longer_than_is_usual() -> None:
    inbox = MediaInbox(behind_s=0.4)
    inbox.put(AudioChunk(np.zeros(1600, np.int16), 0.0, arrived_s=0.1))
    _asked_burst(inbox, 5)
    assert sum(isinstance(item, VideoFrame) for item in inbox.drain(now_s=0.35)) == 5
    assert inbox.burst.grants(5 / 15)
    assert inbox.stats.burst_frames_dropped == 0


@pytest.mark.parametrize("late", ["sound", "pictures"])
def test_a_burst_is_given_up_where_the_worker_is_behind(late: str) -> None:
    inbox = MediaInbox(behind_s=0.4)
    inbox.put(AudioChunk(np.zeros(1600, np.int16), 0.0, arrived_s=-0.1 if late == "sound" else 0.3))
    inbox.put(_frame(0.1))
    _asked_burst(inbox, 5)
    kinds = [item.kind for item in inbox.drain(now_s=0.35 if late == "sound" else 0.45)]
    assert kinds == ["audio", "video"]  # sound and the regular picture stay
    assert inbox.stats.burst_frames_dropped == 5
    assert inbox.stats.video_frames_dropped == 0
    assert not any(inbox.burst.grants(5 / 15 + step / 15) for step in range(100))


def test_a_burst_may_be_asked_for_again_after_one_was_given_up() -> None:
    inbox = MediaInbox(behind_s=0.4)
    _asked_burst(inbox, 5)
    inbox.drain(now_s=2.0)
    assert not inbox.burst.grants(2.0)
    inbox.burst.ask(1.0)
    assert inbox.burst.grants(2.1)


def test_of_a_firm_burst_only_the_pictures_go_that_are_stale_themselves() -> None:
    inbox = MediaInbox(stale_s=0.7, behind_s=0.4)
    inbox.put(AudioChunk(np.zeros(1600, np.int16), 0.0, arrived_s=-0.1))
    _asked_burst(inbox, 5, firm=True)
    times = [item.time_s for item in inbox.drain(now_s=0.8) if isinstance(item, VideoFrame)]
    assert times == [2 / 15, 3 / 15, 4 / 15]
    assert inbox.stats.burst_frames_dropped == 2
    assert inbox.burst.grants(5 / 15)


def test_the_worker_is_behind_for_a_while_once_sound_had_to_wait() -> None:
    inbox, behind = MediaInbox(behind_s=0.4), []
    for arrived_s, now_s in ((0.02, 0.4), (0.5, 0.95), (5.9, 5.91), (5.95, 5.96)):
        inbox.put(AudioChunk(np.zeros(320, np.int16), arrived_s - 0.02, arrived_s))
        inbox.drain(now_s)
        behind.append(inbox.behind)
    assert behind == [False, True, True, False]
