from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.media.webrtc.clock import MediaClock, RtpTimeline

_WRAP = 1 << 32
_NTP_S = 4_000_000_000.0


def _clock(*, audio_delay_s: float = 0.0, video_delay_s: float = 0.0) -> MediaClock:
    """A call whose streams began together, each arriving with a delay of its own."""
    clock = MediaClock()
    clock.arrived("audio", 1_000, 100.0 + audio_delay_s)
    clock.arrived("video", 7_000, 100.0 + video_delay_s)
    return clock


def _report(clock: MediaClock, at_s: float) -> None:
    clock.report("audio", 1_000 + round(at_s * 48_000), _NTP_S + at_s)
    clock.report("video", 7_000 + round(at_s * 90_000), _NTP_S + at_s)


def test_time_starts_at_zero_with_the_first_media() -> None:
    clock = _clock()
    assert clock.seconds("audio", 1_000) == pytest.approx(0.0, abs=1e-9)
    assert clock.seconds("audio", 1_000 + 48_000) == pytest.approx(1.0)


def test_before_reports_streams_are_aligned_by_arrival() -> None:
    clock = _clock(video_delay_s=0.2)
    clock.seconds("audio", 1_000)
    assert clock.seconds("video", 7_000) == pytest.approx(0.2)
    assert not clock.synchronised


def test_the_least_delayed_frame_dates_a_stream() -> None:
    clock = _clock(video_delay_s=0.2)
    clock.arrived("video", 7_000 + 90_000, 101.05)
    clock.seconds("audio", 1_000)
    assert clock.seconds("video", 7_000) == pytest.approx(0.05)


def test_a_late_first_packet_is_made_good_by_the_next_ones() -> None:
    clock = _clock(audio_delay_s=0.3)
    clock.seconds("audio", 1_000)
    clock.seconds("video", 7_000)
    clock.arrived("audio", 1_000 + 960, 100.03)
    assert clock.seconds("audio", 1_000 + 48_000) == pytest.approx(1.0)
    assert clock.seconds("video", 7_000 + 90_000) == pytest.approx(1.0 - 0.01)


def test_reports_move_video_onto_the_audio_and_never_the_audio() -> None:
    clock = _clock(video_delay_s=0.15)
    clock.seconds("audio", 1_000)
    clock.seconds("video", 7_000)
    before = clock.seconds("audio", 49_000)
    _report(clock, 1.0)
    assert clock.synchronised
    assert clock.seconds("video", 7_000 + 180_000) == pytest.approx(2.0)
    assert clock.seconds("audio", 49_000 + 48_000) == pytest.approx(before + 1.0)


def test_a_correction_backwards_never_makes_time_run_backwards() -> None:
    clock = _clock(video_delay_s=0.3)
    clock.seconds("audio", 1_000)
    shown = clock.seconds("video", 7_000 + 90_000)
    _report(clock, 1.0)
    assert clock.seconds("video", 7_000 + 93_000) == shown
    assert clock.seconds("video", 7_000 + 180_000) == pytest.approx(2.0)


def test_later_reports_correct_gently() -> None:
    clock = _clock()
    clock.seconds("audio", 1_000)
    clock.seconds("video", 7_000)
    _report(clock, 1.0)
    clock.report("video", 7_000 + 180_000, _NTP_S + 1.98)
    assert clock.seconds("video", 7_000 + 270_000) == pytest.approx(3.0 - 0.25 * 0.02, abs=1e-6)


def test_a_report_that_a_busy_sender_dated_late_changes_nothing() -> None:
    clock = _clock()
    clock.seconds("audio", 1_000)
    clock.seconds("video", 7_000)
    _report(clock, 1.0)
    clock.report("video", 7_000 + 180_000, _NTP_S + 2.4)
    clock.report("audio", 1_000 + 96_000, _NTP_S + 2.3)
    assert clock.seconds("video", 7_000 + 270_000) == pytest.approx(3.0, abs=1e-6)


def test_drifting_clocks_are_followed() -> None:
    clock = _clock()
    clock.seconds("audio", 1_000)
    clock.seconds("video", 7_000)
    for second in range(1, 200):  # The video's clock runs 0.1 per mille fast.
        clock.report("audio", 1_000 + second * 48_000, _NTP_S + second)
        clock.report("video", 7_000 + second * 90_009, _NTP_S + second)
    assert clock.seconds("video", 7_000 + 199 * 90_009) == pytest.approx(199.0, abs=0.002)


def test_reports_that_share_no_wall_clock_are_ignored() -> None:
    clock = _clock(video_delay_s=0.1)
    clock.seconds("audio", 1_000)
    clock.report("audio", 49_000, _NTP_S)
    clock.report("video", 97_000, 12.0)
    assert clock.seconds("video", 7_000) == pytest.approx(0.1)
    assert not clock.synchronised


def test_first_reports_far_from_arrival_are_believed_when_they_are_said_again() -> None:
    clock = _clock()
    clock.seconds("audio", 1_000)
    clock.seconds("video", 7_000)
    for at_s in (1.0, 2.0):
        assert clock.seconds("video", 7_000 + round(at_s * 90_000)) == pytest.approx(at_s)
        clock.report("audio", 1_000 + round(at_s * 48_000), _NTP_S + at_s)
        clock.report("video", 7_000 + round(at_s * 90_000), _NTP_S + at_s - 0.8)
    assert clock.synchronised
    assert clock.seconds("video", 7_000 + 270_000) == pytest.approx(3.0 - 0.8)


def test_a_first_packet_held_back_while_connecting_moves_no_stream_from_the_other() -> None:
    """Its sender reports when it let it go; GStreamer does so with each call."""
    clock = MediaClock()
    for kind, rate_hz in (("audio", 48_000), ("video", 90_000)):
        clock.arrived(kind, 0, 100.0)
        clock.seconds(kind, 0)
        clock.report(kind, 0, _NTP_S + (6.0 if kind == "video" else 0.0))
        clock.arrived(kind, 6 * rate_hz, 100.0)
    assert clock.seconds("audio", 7 * 48_000) == pytest.approx(7.0)
    assert clock.seconds("video", 7 * 90_000) == pytest.approx(7.0)


def test_reports_before_the_first_frame_count_as_soon_as_it_comes() -> None:
    clock = _clock(video_delay_s=0.4)
    _report(clock, 0.0)
    clock.seconds("audio", 1_000)
    assert clock.seconds("video", 7_000) == pytest.approx(0.0, abs=1e-6)


def test_a_frame_must_have_arrived_before_it_is_dated() -> None:
    with pytest.raises(ValueError, match="arrival"):
        MediaClock().seconds("audio", 0)


@settings(deadline=None)
@given(st.integers(0, _WRAP - 1), st.lists(st.integers(0, 48_000 * 5), min_size=1, max_size=50))
def test_ticks_measure_time_over_any_wraparound(start: int, steps: list[int]) -> None:
    timeline = RtpTimeline(48_000)
    raw, arrival_s = start, 0.0
    ticks = origin = timeline.extend(raw, arrival_s)
    for step in steps:
        raw, arrival_s = raw + step, arrival_s + step / 48_000
        ticks = timeline.extend(raw % _WRAP, arrival_s)
        assert timeline.locate((raw - 480) % _WRAP) == ticks - 480
    assert ticks - origin == raw - start


@settings(deadline=None)
@given(st.integers(0, _WRAP - 1), st.integers(0, _WRAP - 1), st.floats(0.0, 60.0))
def test_a_new_source_goes_on_by_arrival(first: int, second: int, elapsed_s: float) -> None:
    timeline = RtpTimeline(90_000)
    before = timeline.extend(first, 5.0)
    timeline.restart()
    after = timeline.extend(second, 5.0 + elapsed_s)
    assert after - before == pytest.approx(max(1, elapsed_s * 90_000), abs=1)


def test_a_sender_that_starts_over_goes_on_by_arrival() -> None:
    timeline = RtpTimeline(48_000)
    before = timeline.extend(1_000_000, 10.0)
    assert timeline.extend(960, 12.0) - before == 96_000
    assert timeline.extend(1_920, 12.02) - before == 96_960


def test_a_burst_after_a_stalled_network_is_dated_by_the_sender() -> None:
    timeline = RtpTimeline(48_000)
    before = timeline.extend(0, 0.0)
    assert [timeline.extend(960 * n, 3.0) - before for n in (1, 2, 3)] == [960, 1920, 2880]


def test_a_far_timestamp_is_not_located() -> None:
    timeline = RtpTimeline(48_000)
    assert timeline.locate(5) is None
    timeline.extend(0, 0.0)
    assert timeline.locate(48_000 * 3600) is None


@settings(deadline=None)
@given(st.integers(0, _WRAP - 1))
def test_frames_that_are_shown_before_earlier_ones_keep_their_time(start: int) -> None:
    """B-frames: the order of sending is not that of showing."""
    timeline = RtpTimeline(90_000, reorder_s=0.5)
    shown = (0, 3, 1, 2, 6, 4, 5, 9, 7, 8)
    ticks = [
        timeline.extend((start + 6_000 * frame) % _WRAP, number / 15)
        for number, frame in enumerate(shown)
    ]
    assert [(at - ticks[0]) // 6_000 for at in ticks] == list(shown)


def test_a_sender_of_pictures_that_starts_over_goes_on_by_arrival() -> None:
    timeline = RtpTimeline(90_000, reorder_s=0.5)
    before = timeline.extend(1_000_000, 10.0)
    assert timeline.extend(900_000, 12.0) - before == 180_000
