"""When the channel asks for pictures in quick succession, and what it keeps over cuts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pytest

from model.runtime.detect import FaceDetector
from model.runtime.lips import SHIFTS, Agreement
from model.runtime.weights import Weights
from model.types import FaceQuality
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames
from stream_verifier.media.burst import BurstWish
from stream_verifier.media.types import MediaGap, VideoFrame
from stream_verifier.verify.channels.presence.channel import NAMES, PresenceChannel
from stream_verifier.verify.channels.presence.models import PresenceModels
from stream_verifier.verify.channels.presence.pace import BurstTurns
from stream_verifier.windows.senses import Ears
from stream_verifier.windows.types import FaceCrop, Window

QUALITY = FaceQuality(
    size_px=150, sharpness=300, yaw=0, pitch=0, brightness=0.5, contrast=0.2, detection=0.9
)
ALL = frozenset(NAMES)


@dataclass
class TalkativeEars:
    """Hear somebody all the time."""

    settled_s: float | None = None

    def speech_between(self, start_s: float, end_s: float) -> float:
        return end_s - start_s


class CountedWish(BurstWish):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []
        self.firm: list[bool] = []

    def ask(self, length_s: float, *, firm: bool = False) -> None:
        self.asked.append(length_s)
        self.firm.append(firm)
        super().ask(length_s, firm=firm)


@pytest.fixture(scope="module")
def models() -> PresenceModels:
    return PresenceModels.load(Weights.load())


@pytest.fixture
def wish() -> CountedWish:
    return CountedWish()


@pytest.fixture
def clock() -> list[float]:
    """What time it is for those who take turns."""
    return [0.0]


@pytest.fixture
def channel(models: PresenceModels, wish: CountedWish, clock: list[float]) -> PresenceChannel:
    return PresenceChannel(
        models=models,
        detector=FaceDetector(Weights.load().path("face_detector")),
        ears=cast("Ears", TalkativeEars()),
        burst=wish,
        turns=BurstTurns(lambda: clock[0]),
    )


def window(end_s: float, *, face: bool = True, speech_s: float = 0.8, track: int = 1) -> Window:
    pixels = np.full((112, 112, 3), 90, np.uint8)
    crop = FaceCrop(pixels, end_s - 0.3, (0.3, 0.3, 0.3, 0.4), QUALITY, track)
    return Window(
        start_s=end_s - 1,
        end_s=end_s,
        face=crop if face else None,
        speech=None,
        faces_seen=int(face),
        boxes=(),
        video_frames=2,
        speech_s=speech_s,
        notes=(),
        arrived_s=None,
    )


def test_bursts_follow_on_each_other_while_nothing_is_known(
    channel: PresenceChannel, wish: CountedWish
) -> None:
    for second in range(1, 11):
        channel.read(window(float(second)), wanted=ALL)
    assert wish.asked == [3.5] * 4


@pytest.mark.parametrize("one", [window(1.0, face=False), window(1.0, speech_s=0.1)])
def test_without_a_face_or_speech_there_is_nothing_to_see(
    channel: PresenceChannel, wish: CountedWish, one: Window
) -> None:
    channel.read(one, wanted=ALL)
    assert not wish.asked


def test_while_there_is_no_time_bursts_are_rare_and_do_not_end(
    channel: PresenceChannel, wish: CountedWish, clock: list[float]
) -> None:
    for second in range(1, 62):
        clock[0] = float(second)
        channel.read(window(clock[0]), wanted=frozenset({"face"}), busy=True)
    assert wish.firm == [True] * 4


def test_a_calm_call_is_seen_to_move_now_and_then(
    channel: PresenceChannel, wish: CountedWish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PresenceChannel, "_calm", property(lambda _: True))
    for second in range(1, 61):
        channel.read(window(float(second)), wanted=ALL)
    assert wish.firm == [False] * 3


def test_doubt_outlives_a_cut_a_gap_and_another_face(channel: PresenceChannel) -> None:
    channel._talk.moves, channel._talk.pairs = -6.0, 40
    channel.take(MediaGap("video", 1.0, 2.0, "network"))
    channel.read(window(3.0, track=1), wanted=ALL)
    channel.read(window(4.0, track=2), wanted=ALL)
    mouth = channel.read(window(5.0, track=3), wanted=ALL).each[NAMES.index("mouth")]
    assert mouth.llr == -6.0


def test_trust_does_not(channel: PresenceChannel) -> None:
    channel._talk.moves, channel._talk.pairs = 3.0, 40
    channel.read(window(3.0, track=1), wanted=ALL)
    assert channel.read(window(4.0, track=1), wanted=ALL).each[NAMES.index("mouth")].llr == 3.0
    channel.take(MediaGap("video", 4.0, 5.0, "network"))
    assert channel.read(window(6.0, track=1), wanted=ALL).each[NAMES.index("mouth")].llr == 0.0


def test_sound_that_there_was_no_time_for_takes_nothing_away(channel: PresenceChannel) -> None:
    channel._talk.moves, channel._talk.pairs, channel._talk._lips = 3.0, 40, 2.0
    channel.read(window(3.0, track=1), wanted=ALL)
    channel.take(MediaGap("audio", 3.2, 3.8, "overrun"))
    each = channel.read(window(5.0, track=1), wanted=ALL).each
    assert each[NAMES.index("mouth")].llr == 3.0
    assert each[NAMES.index("lips")].llr == 2.0
    channel.take(MediaGap("audio", 5.2, 5.8, "network"))
    each = channel.read(window(7.0, track=1), wanted=ALL).each
    assert each[NAMES.index("mouth")].llr == 0.0
    assert each[NAMES.index("lips")].llr is None


def of_a_second(best: int) -> Agreement:
    """Of 25 moments, in which sound fits best where it is so many steps late."""
    fits = 25 * (1.0 - np.minimum(np.abs(np.array(SHIFTS) - best), 10) / 10)
    return Agreement(fits, np.full(len(SHIFTS), 25.0))


@pytest.mark.parametrize(("best", "kept"), [(12, True), (0, False)])
def test_what_was_seen_until_a_cut_is_judged_too(
    channel: PresenceChannel, monkeypatch: pytest.MonkeyPatch, best: int, kept: bool
) -> None:
    """Too short a piece to be read while it goes on; of what is for the call nothing stays."""

    def agreement(_: object, *, last: bool = False) -> Agreement:
        return of_a_second(best) if last else Agreement.nothing()

    monkeypatch.setattr(channel._talk._head, "agreement", agreement)
    channel._ears.settled_s = 10.0  # type: ignore[misc]
    told = [
        channel.read(window(float(track), track=track), wanted=ALL).each[NAMES.index("lips")].llr
        for track in range(1, 9)
    ]
    assert told[0] is None
    if kept:
        assert [one is not None and one < 0 for one in told[1:]] == [True] * 7
        assert told[-1] is not None
        assert told[-1] < -2.5
    else:
        assert told == [None] * 8


def test_the_last_picture_of_a_burst_does_not_wait_for_the_next_burst(
    channel: PresenceChannel,
) -> None:
    pictures = portrait_frames(DEMO_PEOPLE[0], seconds=0.3, fps=15)
    frames = [VideoFrame(one, place / 15) for place, one in enumerate(pictures)]
    channel.read(window(0.0), wanted=ALL)
    for frame in frames[:4]:
        channel.take(replace(frame, burst=True))
    head = channel._talk._head
    assert [seen.time_s for seen in head._waiting] == [frame.time_s for frame in frames[:3]]
    channel.take(replace(frames[-1], time_s=6.0))
    assert [seen.time_s for seen in head._waiting] == [frame.time_s for frame in frames[:4]]


def test_before_a_cut_the_last_picture_is_read_too(
    channel: PresenceChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = portrait_frames(DEMO_PEOPLE[0], seconds=0.3, fps=15)
    read: list[float] = []
    monkeypatch.setattr(channel._talk._motion, "see", lambda time_s, _: read.append(time_s))
    channel.read(window(0.0, track=1), wanted=ALL)
    for place, one in enumerate(pictures):
        if place < 4:
            channel.take(VideoFrame(one, place / 15, burst=True))
    assert len(read) == 3
    channel.read(window(1.0, track=2), wanted=ALL)
    assert read == pytest.approx([0, 1 / 15, 2 / 15, 3 / 15])
