"""How media of one connection goes on where that of another stopped."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import Mark
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.media.webrtc.intake import Intake
from stream_verifier.windows.settings import WindowSettings

NOW_S = 5_000.0


class Tap:
    """Stands for what dates packets: everything arrived, nothing was muted."""

    def arrival_s(self, ticks: int) -> float | None:
        return None

    def pause_reason(self, ticks: int) -> str:
        return "network"

    def lost_s(self, ticks: int) -> float:
        return 0.0

    def passed_over_s(self) -> float:
        return 0.0

    def misses(self, ticks: int) -> bool:
        return False

    def turns(self, ticks: int) -> int:
        return 0

    def begins_anew(self, ticks: int) -> bool:
        return False


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    moment = [NOW_S]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    return moment


def make() -> tuple[Intake, MediaInbox]:
    inbox = MediaInbox()
    return Intake(inbox=inbox, video_rate_hz=2.0, max_side_px=64), inbox


def hear(intake: Intake, arrival_s: float, ticks: int, count: int = 10) -> None:
    """Take sound of 20 ms each, the first arriving at that time."""
    for number in range(count):
        at = ticks + 960 * number
        intake.clock.arrived("audio", at, arrival_s + 0.02 * number)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
        tap: Any = Tap()
        intake.take_sound(frame, tap)


def see(intake: Intake, arrival_s: float, ticks: int) -> None:
    intake.clock.arrived("video", ticks, arrival_s)
    frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="bgr24")
    frame.pts, frame.time_base = ticks, Fraction(1, 90_000)
    tap: Any = Tap()
    intake.take_picture(frame, tap)


def sounds(items: list[MediaItem]) -> list[AudioChunk]:
    return [item for item in items if isinstance(item, AudioChunk)]


def gaps(items: list[MediaItem]) -> dict[str, MediaGap]:
    return {item.kind: item for item in items if isinstance(item, MediaGap)}


def first_connection(now: list[float]) -> Mark:
    old, _ = make()
    hear(old, NOW_S, ticks=77_000)
    see(old, NOW_S + 0.1, ticks=5)
    now[0] = NOW_S + 0.2
    assert old.mark is not None
    return old.mark


def test_media_time_goes_on_by_the_time_that_was_really_away(now: list[float]) -> None:
    mark = first_connection(now)
    assert mark.ends_s["audio"] == pytest.approx(0.2)
    now[0] = NOW_S + 6
    new, inbox = make()
    new.carry_on(mark)
    hear(new, NOW_S + 6.5, ticks=1_000_000)
    see(new, NOW_S + 6.6, ticks=99)
    items = inbox.drain()
    assert sounds(items)[0].start_s == pytest.approx(6.5)
    told = gaps(items)
    assert told["audio"] == MediaGap(
        "audio",
        mark.ends_s["audio"],
        pytest.approx(6.5),  # type: ignore[arg-type]
        "reconnected",
    )
    assert told["video"] == MediaGap(
        "video",
        mark.ends_s["video"],
        pytest.approx(6.5),  # type: ignore[arg-type]
        "reconnected",
    )
    (picture,) = [item for item in items if isinstance(item, VideoFrame)]
    assert picture.time_s >= 6.5


def test_a_sender_whose_clock_ran_ahead_does_not_overlap(now: list[float]) -> None:
    mark = Mark(NOW_S, {"audio": 9.0})
    now[0] = NOW_S + 8  # its media is a second ahead of our clock
    new, inbox = make()
    new.carry_on(mark)
    hear(new, NOW_S + 8.1, ticks=0)
    items = inbox.drain()
    assert sounds(items)[0].start_s == pytest.approx(9.1)
    assert gaps(items)["audio"].end_s == pytest.approx(9.1)


def test_a_connection_without_media_hands_on_what_it_was_given(now: list[float]) -> None:
    mark = first_connection(now)
    silent, _ = make()
    silent.carry_on(mark)
    assert silent.mark is not None
    assert dict(silent.mark.ends_s) == dict(mark.ends_s)
    assert make()[0].mark is None


def test_what_a_later_connection_never_sent_is_missing_since_the_first(now: list[float]) -> None:
    first = first_connection(now)
    heard, _ = make()
    heard.carry_on(first)
    hear(heard, NOW_S + 3, ticks=0)
    assert heard.mark is not None
    now[0] = NOW_S + 4
    last, inbox = make()
    last.carry_on(heard.mark)
    see(last, NOW_S + 5, ticks=0)
    told = gaps(inbox.drain())
    assert told["video"].start_s == first.ends_s["video"]
    assert told["audio"].start_s == pytest.approx(3.02, abs=0.2)


def test_a_closed_intake_lets_nothing_in(now: list[float]) -> None:
    intake, inbox = make()
    intake.close()
    hear(intake, NOW_S, ticks=0)
    assert inbox.drain() == []


def test_a_hole_that_costs_no_trust_is_a_pause_and_not_a_gap(now: list[float]) -> None:
    """Listening begins anew after a gap: whoever made many short ones would not be heard at all."""
    least_s = WindowSettings().min_gap_s
    intake, inbox = make()
    at_s = 0.0
    for hole_s in (0.3, 0.51, least_s - 0.02, least_s + 0.1):
        hear(intake, NOW_S + at_s, round(at_s * 48_000), count=12)
        at_s += 0.24 + hole_s
    hear(intake, NOW_S + at_s, round(at_s * 48_000), count=12)
    items = inbox.drain()
    assert gaps(items)["audio"].end_s - gaps(items)["audio"].start_s == pytest.approx(least_s + 0.1)
    assert [isinstance(one, MediaGap) for one in items].count(True) == 1
    before = sounds(items[: items.index(gaps(items)["audio"])])
    assert sum(len(chunk.samples) for chunk in before) == pytest.approx(
        16_000 * (4 * 0.24 + 0.3 + 0.51 + least_s - 0.02), abs=5
    )


def test_pictures_lie_as_a_browser_shows_them_whatever_their_codec_says(now: list[float]) -> None:
    """H.264 can say that it is to be turned (display orientation, SEI 47); browsers do not."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 64, 32, "yuv420p"
    encoder.time_base, encoder.options = Fraction(1, 15), {"tune": "zerolatency"}
    upright = av.VideoFrame.from_ndarray(np.zeros((48, 64), np.uint8), format="yuv420p")
    data = b"".join(map(bytes, [*encoder.encode(upright), *encoder.encode(None)]))
    quarter_turn = bytes.fromhex("00000001 062f03080014 80")
    at = data.index(b"\x00\x00\x01\x65") - 1
    decoder = av.CodecContext.create("h264", "r")
    packet = av.Packet(data[:at] + quarter_turn + data[at:])
    (turned,) = [*decoder.decode(packet), *decoder.decode(None)]
    assert isinstance(turned, av.VideoFrame)
    assert turned.rotation == 90
    turned.pts, turned.time_base = 0, Fraction(1, 90_000)
    intake, inbox = make()
    intake.clock.arrived("video", 0, NOW_S)
    tap: Any = Tap()
    intake.take_picture(turned, tap)
    (seen,) = inbox.drain()
    assert isinstance(seen, VideoFrame)
    assert seen.image.shape == (32, 64, 3)
