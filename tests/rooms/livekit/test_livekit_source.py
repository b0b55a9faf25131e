"""Media of a participant, through the whole package but its native library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
import pytest_asyncio
from livekit import rtc

from stream_verifier.errors import MediaError
from stream_verifier.media.audio import LIVE_FILL_S
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceRequest
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.rooms.livekit import source as source_module
from stream_verifier.rooms.livekit import subscriptions
from stream_verifier.rooms.livekit.room import LiveKitRoom
from stream_verifier.rooms.livekit.source import LiveKitSource
from tests.support.livekit_double import CAMERA, MICROPHONE, LiveKitDouble, person
from tests.support.media_source_contract import PATIENCE_S, MediaSourceContract, Played

CAM, MIC = "TR_cam_ada", "TR_mic_ada"
GREY = bytes([128]) * (64 * 48 * 3 // 2)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 (of anything)
            await asyncio.sleep(0.01)


async def source_of(room: LiveKitRoom, inbox: MediaInbox, feed: str = "ada") -> LiveKitSource:
    await until(lambda: feed in room.publishers and room.publishers[feed].streams)
    return room.source(room.publishers[feed], SourceRequest(session="s", offer=""), inbox)


@pytest_asyncio.fixture
async def reading(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> AsyncIterator[tuple[LiveKitSource, MediaInbox]]:
    livekit.join(person("ada", CAMERA, MICROPHONE, simulcasted=True))
    inbox = MediaInbox()
    source = await source_of(room, inbox)
    await source.start()
    await until(lambda: len(livekit.streams) == 2)
    yield source, inbox
    await source.close()


class TestContract(MediaSourceContract):
    @pytest_asyncio.fixture
    async def played(self, livekit: LiveKitDouble, room: LiveKitRoom) -> AsyncIterator[Played]:
        livekit.join(person("ada", CAMERA, MICROPHONE))
        inbox = MediaInbox()
        source = await source_of(room, inbox)
        playing = asyncio.create_task(livekit.play(MIC, CAM))
        yield Played(source, inbox)
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await source.close()


async def test_it_subscribes_to_what_was_chosen_and_gives_it_back(
    livekit: LiveKitDouble,
    reading: tuple[LiveKitSource, MediaInbox],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscriptions, "IDLE_S", 0.05)
    source, _ = reading
    assert livekit.subscribed == {CAM, MIC}
    assert livekit.qualities == [(CAM, rtc.VideoQuality.VIDEO_QUALITY_MEDIUM)]
    await source.choose_layer(2)
    assert livekit.qualities[-1] == (CAM, rtc.VideoQuality.VIDEO_QUALITY_HIGH)
    await source.close()
    assert livekit.streams == {}
    await until(lambda: livekit.subscribed == set())


async def test_a_pause_gives_nothing_back_and_what_is_muted_stays(
    livekit: LiveKitDouble,
    room: LiveKitRoom,
    reading: tuple[LiveKitSource, MediaInbox],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscriptions, "IDLE_S", 0.3)
    await reading[0].close()
    again = await source_of(room, MediaInbox())
    await again.start()
    await until(lambda: len(livekit.streams) == 2)
    livekit.mute("ada", MIC)
    await until(lambda: [one.kind for one in room.publishers["ada"].streams] == ["video"])
    await again.close()
    await until(lambda: livekit.subscribed == {MIC})
    await asyncio.sleep(0.7)
    assert livekit.subscribed == {MIC}
    assert sorted(livekit.wanted) == [(CAM, False), (CAM, True), (MIC, True)]


async def test_what_is_unpublished_is_not_given_back(
    livekit: LiveKitDouble,
    room: LiveKitRoom,
    reading: tuple[LiveKitSource, MediaInbox],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscriptions, "IDLE_S", 0.05)
    livekit.go("ada")
    await until(lambda: not room.publishers)
    await reading[0].close()
    await asyncio.sleep(0.2)
    assert (MIC, False) not in livekit.wanted


async def test_a_track_that_does_not_come_ends_it_to_be_asked_for_anew(
    livekit: LiveKitDouble, room: LiveKitRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "_MISSING_S", 0.2)
    monkeypatch.setattr(source_module, "_LOOK_S", 0.05)
    monkeypatch.setattr(livekit, "subscribe", lambda sid: None)
    livekit.join(person("ada", CAMERA))
    source = await source_of(room, MediaInbox())
    await source.start()
    await until(source.closed.is_set)
    assert livekit.wanted == [(CAM, True), (CAM, False)]
    await source.close()


async def test_the_next_source_keeps_the_subscription_that_the_last_one_gives_back(
    livekit: LiveKitDouble, room: LiveKitRoom, reading: tuple[LiveKitSource, MediaInbox]
) -> None:
    inbox = MediaInbox()
    second = await source_of(room, inbox)
    await second.start()
    await until(lambda: len(livekit.streams) == 4)
    await reading[0].close()
    assert livekit.subscribed == {CAM, MIC}
    livekit.sound(MIC, bytes(4 * 1600))
    await until(lambda: inbox.drain())
    await second.close()


async def test_sound_is_kept_whole_and_of_two_channels_one_is_made(
    livekit: LiveKitDouble, reading: tuple[LiveKitSource, MediaInbox]
) -> None:
    tone = (8000 * np.sin(np.arange(16_000) * 0.3)).astype(np.int16)
    both = np.repeat(tone, 2)
    items: list[MediaItem] = []
    for at in range(0, len(both), 320):
        livekit.sound(MIC, both[at : at + 320].tobytes())
        await asyncio.sleep(0.01)
        items += reading[1].drain()
    await until(lambda: reading[0].stats.streams["audio"].frames == 100)
    items += reading[1].drain()
    heard = np.concatenate([one.samples for one in items if isinstance(one, AudioChunk)])
    assert not [one for one in items if isinstance(one, MediaGap)]
    assert len(heard) > 12_000
    assert np.abs(heard[200:10_000].astype(int) - tone[200:10_000]).max() < 200


async def test_a_picture_is_looked_at_upright_and_its_size_told(
    livekit: LiveKitDouble, reading: tuple[LiveKitSource, MediaInbox]
) -> None:
    left_white = np.full((48, 64), 16, np.uint8)
    left_white[:, :32] = 235
    data = left_white.tobytes() + bytes([128]) * (64 * 48 // 2)
    rotation = rtc.VideoRotation.VIDEO_ROTATION_90
    livekit.picture(CAM, data, (64, 48), stamp_us=1, rotation=rotation)
    await until(lambda: "video" in reading[0].stats.streams and reading[0].mark)
    items = reading[1].drain()
    assert isinstance(items[0], VideoFrame)
    assert items[0].image.shape == (64, 48, 3)
    assert items[0].image[8].mean() > 200 > 50 > items[0].image[-8].mean()
    assert reading[0].stats.streams["video"].picture_px == (48, 64)


async def test_muted_sound_is_a_gap_and_not_the_silence_that_the_package_plays(
    livekit: LiveKitDouble, reading: tuple[LiveKitSource, MediaInbox]
) -> None:
    source, inbox = reading
    livekit.sound(MIC, bytes(4 * 1600))
    await until(lambda: "audio" in source.stats.streams)
    livekit.mute("ada", MIC)
    await asyncio.sleep(0.05)
    for _ in range(110):
        livekit.sound(MIC, bytes(4 * 160))
        await asyncio.sleep(0.01)
    frames = source.stats.streams["audio"].frames
    livekit.mute("ada", MIC, muted=False)
    await asyncio.sleep(0.05)
    livekit.sound(MIC, bytes(4 * 1600))
    await until(lambda: source.stats.streams["audio"].frames > frames)
    gaps = [one for one in inbox.drain() if isinstance(one, MediaGap)]
    assert [(gap.kind, gap.reason) for gap in gaps] == [("audio", "muted")]
    assert frames < 10
    assert gaps[0].end_s - gaps[0].start_s > LIVE_FILL_S


async def test_a_picture_that_is_too_large_is_refused_and_told(
    livekit: LiveKitDouble, reading: tuple[LiveKitSource, MediaInbox]
) -> None:
    wide = (5000, 2)
    livekit.picture(CAM, bytes(5000 * 2 * 3 // 2), wide, stamp_us=1)
    await until(lambda: reading[0].stats.streams.get("video"))
    assert reading[0].stats.streams["video"].refused == {"frame_too_large": 1}
    assert [one.reason for one in reading[1].drain() if isinstance(one, MediaGap)] == [
        "frame_too_large"
    ]


async def test_stamps_that_go_back_or_leap_date_nothing_far_from_its_arrival(
    livekit: LiveKitDouble, reading: tuple[LiveKitSource, MediaInbox]
) -> None:
    source, inbox = reading
    stamps = [0, 40_000, 2**62, 5, -(2**62), 80_000, 80_000]
    for stamp in stamps:
        livekit.picture(CAM, GREY, (64, 48), stamp_us=stamp)
        await asyncio.sleep(0.03)
    await until(lambda: source.stats.streams["video"].packets == len(stamps))
    mark = source.mark
    assert mark is not None
    assert 0 <= mark.ends_s["video"] < PATIENCE_S
    dated = [one.start_s for one in inbox.drain() if isinstance(one, VideoFrame)]
    assert dated == sorted(dated)


async def test_a_flood_of_pictures_is_bounded(
    livekit: LiveKitDouble, reading: tuple[LiveKitSource, MediaInbox]
) -> None:
    for stamp in range(400):
        livekit.picture(CAM, GREY, (64, 48), stamp_us=stamp)
        if not stamp % 3:
            await asyncio.sleep(0)
    await until(lambda: "video" in reading[0].stats.streams)
    await asyncio.sleep(0.2)
    assert reading[0].stats.streams["video"].packets <= 400
    assert len(reading[1].drain()) < 30


async def test_after_reconnecting_it_reads_on_with_a_gap(
    livekit: LiveKitDouble, reading: tuple[LiveKitSource, MediaInbox]
) -> None:
    source, inbox = reading
    livekit.sound(MIC, bytes(4 * 1600))
    await until(lambda: "audio" in source.stats.streams)
    livekit.reconnect()
    await until(lambda: livekit.subscribed == {CAM, MIC})
    await until(lambda: len(livekit.streams) == 2)
    await asyncio.sleep(LIVE_FILL_S + 0.1)
    before = source.stats.streams["audio"].frames
    livekit.sound(MIC, bytes(4 * 1600))
    await until(lambda: source.stats.streams["audio"].frames > before)
    gaps = [one for one in inbox.drain() if isinstance(one, MediaGap)]
    assert [(gap.kind, gap.reason) for gap in gaps] == [("audio", "network")]
    assert not source.closed.is_set()


@pytest.mark.parametrize("reason", [rtc.DisconnectReason.ROOM_DELETED, 9])
async def test_when_the_room_is_over_so_is_its_media(
    livekit: LiveKitDouble, reading: tuple[LiveKitSource, MediaInbox], reason: int
) -> None:
    livekit.disconnect(reason)
    await until(reading[0].closed.is_set)
    assert reading[0].stats.state == "closed"


async def test_of_one_who_left_there_is_nothing_to_be_had(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> None:
    livekit.join(person("ada", CAMERA))
    await until(lambda: room.publishers)
    publisher = room.publishers["ada"]
    livekit.go("ada")
    await until(lambda: not room.publishers)
    source = room.source(publisher, SourceRequest(session="s", offer=""), MediaInbox())
    with pytest.raises(MediaError):
        await source.start()
    assert source.closed.is_set()
