from __future__ import annotations

import pytest

from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.played.intake import PlayedIntake
from stream_verifier.media.types import AudioChunk, MediaGap

GREY = bytes([128]) * (64 * 48 * 3 // 2)


@pytest.mark.parametrize(
    ("pcm", "rate_hz", "channels"),
    [
        (b"", 16_000, 1),
        (b"abc", 16_000, 1),
        (b"ab", 16_000, 2),
        (bytes(12), 16_000, 3),
        (b"ab", 0, 1),
    ],
)
def test_sound_that_makes_no_sense_is_refused(pcm: bytes, rate_hz: int, channels: int) -> None:
    intake = PlayedIntake(inbox=MediaInbox())
    intake.take_sound(pcm, rate_hz, channels, 5.0)
    assert intake.refused["audio"] == {"sound_garbled": 1}


def test_more_sound_than_there_is_time_for_is_refused() -> None:
    inbox = MediaInbox()
    intake = PlayedIntake(inbox=inbox)
    for _ in range(100):
        intake.take_sound(bytes(3200), 16_000, 1, 5.0)
    assert intake.refused["audio"] == {"too_much_sound": 97}
    heard_s = sum(len(one.samples) for one in inbox.drain() if isinstance(one, AudioChunk)) / 16_000
    assert 0.2 < heard_s <= 0.3


def test_lost_sound_is_a_gap() -> None:
    inbox = MediaInbox()
    intake = PlayedIntake(inbox=inbox)
    for at_s in (5.0, 5.1, 7.0, 7.1):
        intake.take_sound(bytes(3200), 16_000, 1, at_s)
    gaps = [one for one in inbox.drain() if isinstance(one, MediaGap)]
    assert [(gap.reason, gap.start_s, gap.end_s) for gap in gaps] == [
        ("network", pytest.approx(0.2), pytest.approx(2.0))
    ]


def test_pictures_are_bounded_by_number_and_by_pixels() -> None:
    for limits in (
        MediaLimits(frames_per_s=10),
        MediaLimits(pixels_per_s=64 * 48 * 10),
    ):
        intake = PlayedIntake(inbox=MediaInbox(), limits=limits)
        taken = [
            intake.date_picture(GREY, (64, 48), stamp_s=n / 1000, arrived_s=5 + n / 1000)
            for n in range(100)
        ]
        assert sum(one is not None for one in taken) == 30
        assert intake.refused["video"] == {"too_many_frames": 70}


def test_a_picture_is_looked_at_whose_stamp_says_that_it_came_before_others() -> None:
    """Others see it when it comes, whatever its sender says."""
    intake = PlayedIntake(inbox=MediaInbox())
    stamps_s = [0.0, 0.04, 0.08, 0.02, 0.16, 0.05]
    dated = [
        intake.date_picture(GREY, (64, 48), stamp_s=stamp_s, arrived_s=5 + number / 25)
        for number, stamp_s in enumerate(stamps_s)
    ]
    times_s = [one.time_s for one in dated if one is not None]
    assert len(times_s) == len(stamps_s)
    assert times_s == sorted(set(times_s))
    assert not intake.refused["video"]
