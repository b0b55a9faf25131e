"""Who is in a room, and how it ends, through the whole package but its native library."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from livekit import rtc

from stream_verifier.errors import RoomError, RoomHostError, RoomRefusedError, UnknownRoomError
from stream_verifier.rooms.host import Publisher
from stream_verifier.rooms.livekit import room as room_module
from stream_verifier.rooms.livekit.room import TOPIC, LiveKitRoom, enter_room
from tests.rooms.livekit.conftest import SHAPE
from tests.support.livekit_double import (
    CAMERA,
    MICROPHONE,
    SCREEN,
    LiveKitDouble,
    Track,
    person,
)

_PATIENCE_S = 20


async def seen(room: LiveKitRoom, true: Callable[[dict[str, Publisher]], object]) -> Publisher:
    """Follow the room, as its follower does, until something is so; return Ada."""
    async with asyncio.timeout(_PATIENCE_S):
        while not true({**room.publishers}):
            await room.changed()
    return room.publishers.get("ada", Publisher(feed="nobody"))


def kinds(publisher: Publisher) -> list[str]:
    return [one.kind for one in publisher.streams]


async def test_those_who_were_there_and_those_who_come_are_seen(livekit: LiveKitDouble) -> None:
    livekit.people["grace"] = person("grace", MICROPHONE, name="Grace H.")
    room = await enter_room("wss://livekit.example", "token", SHAPE, tells=False)
    livekit.join(person("ada", CAMERA, MICROPHONE, SCREEN, name="Ada L."))
    ada = await seen(room, lambda all_of: len(all_of) == 2 and all_of["ada"].unread)
    assert (ada.display, kinds(ada), ada.unread) == ("Ada L.", ["audio", "video"], 1)
    assert [one.mid for one in ada.streams] == ["TR_mic_ada", "TR_cam_ada"]
    grace = room.publishers["grace"]
    assert (grace.display, kinds(grace)) == ("Grace H.", ["audio"])
    await room.leave()


async def test_nothing_is_subscribed_to_unasked(livekit: LiveKitDouble, room: LiveKitRoom) -> None:
    livekit.join(person("ada", CAMERA, MICROPHONE, SCREEN))
    await seen(room, lambda all_of: "ada" in all_of and all_of["ada"].unread)
    assert livekit.options.auto_subscribe is False
    assert livekit.wanted == []


async def test_another_camera_begins_anew_and_a_muted_microphone_does_not(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> None:
    livekit.join(person("ada", CAMERA, MICROPHONE))
    first = await seen(room, lambda all_of: "ada" in all_of and len(all_of["ada"].streams) == 2)
    livekit.mute("ada", "TR_mic_ada")
    muted = await seen(room, lambda all_of: kinds(all_of["ada"]) == ["video"])
    assert muted.stint == first.stint
    livekit.mute("ada", "TR_mic_ada", muted=False)
    heard = await seen(room, lambda all_of: kinds(all_of["ada"]) == ["audio", "video"])
    assert heard.stint == first.stint
    livekit.unpublish("ada", "TR_cam_ada")
    livekit.publish("ada", Track("TR_new", CAMERA))
    again = await seen(room, lambda all_of: "TR_new" in [one.mid for one in all_of["ada"].streams])
    assert again.stint > first.stint


async def test_who_mutes_all_is_silent_and_begins_anew(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> None:
    livekit.join(person("ada", CAMERA))
    first = await seen(room, lambda all_of: "ada" in all_of and all_of["ada"].streams)
    livekit.mute("ada", "TR_cam_ada")
    await seen(room, lambda all_of: not all_of["ada"].streams)
    livekit.mute("ada", "TR_cam_ada", muted=False)
    again = await seen(room, lambda all_of: all_of["ada"].streams)
    assert again.stint > first.stint


async def test_a_second_camera_does_not_take_the_place_of_the_first(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> None:
    livekit.join(person("ada", CAMERA))
    first = await seen(room, lambda all_of: "ada" in all_of and all_of["ada"].streams)
    livekit.publish("ada", Track("TR_0", CAMERA))
    both = await seen(room, lambda all_of: all_of["ada"].unread == 1)
    assert (both.streams, both.stint) == (first.streams, first.stint)


async def test_who_leaves_is_gone_and_who_comes_back_is_anew(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> None:
    livekit.join(person("ada", CAMERA))
    first = await seen(room, lambda all_of: "ada" in all_of and all_of["ada"].streams)
    livekit.go("ada")
    await seen(room, lambda all_of: not all_of)
    livekit.join(person("ada", CAMERA))
    again = await seen(room, lambda all_of: "ada" in all_of and all_of["ada"].streams)
    assert again.stint > first.stint


async def test_who_was_replaced_between_two_looks_begins_anew(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> None:
    livekit.join(person("ada", CAMERA))
    first = await seen(room, lambda all_of: "ada" in all_of and all_of["ada"].streams)
    livekit.go("ada")
    other = person("ada", CAMERA)
    other.sid = "PA_other"
    livekit.join(other)
    again = await seen(room, lambda all_of: "ada" in all_of and all_of["ada"].stint > first.stint)
    assert again.streams == first.streams


async def test_a_new_name_is_told(livekit: LiveKitDouble, room: LiveKitRoom) -> None:
    livekit.join(person("ada", CAMERA, name="Ada"))
    await seen(room, lambda all_of: "ada" in all_of)
    livekit.rename("ada", "Grace")
    await seen(room, lambda all_of: all_of["ada"].display == "Grace")


async def test_what_nobody_else_can_decode_and_programs_are_left_out(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> None:
    livekit.join(person("ada", CAMERA, encrypted=True))
    agent = person("agent", MICROPHONE)
    agent.kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    livekit.join(agent)
    livekit.join(person("x" * 200, CAMERA))
    livekit.join(person("two\nlines", CAMERA))
    livekit.join(person("grace", CAMERA))
    await seen(room, lambda all_of: "grace" in all_of)
    assert set(room.publishers) == {"ada", "grace"}
    assert (kinds(room.publishers["ada"]), room.publishers["ada"].unread) == ([], 1)
    assert room.unseen == 2


async def test_a_crowd_is_followed_up_to_a_bound(livekit: LiveKitDouble) -> None:
    livekit.people |= {f"p{n}": person(f"p{n}") for n in range(1010)}
    room = await enter_room("wss://livekit.example", "token", SHAPE, tells=False)
    assert (len(room.publishers), room.unseen) == (1000, 10)
    await room.leave()


async def test_a_word_goes_to_all_as_a_data_packet(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> None:
    assert await room.tell('{"type": "verdict"}')
    assert livekit.said == [(TOPIC, b'{"type": "verdict"}')]
    livekit.says_error = "engine is closed"
    with pytest.raises(RoomError, match="PublishDataError"):
        await room.tell("{}")


async def test_off_by_default_nothing_is_said(livekit: LiveKitDouble) -> None:
    room = await enter_room("wss://livekit.example", "token", SHAPE, tells=False)
    assert not await room.tell("{}")
    assert livekit.said == []
    await room.leave()


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (rtc.DisconnectReason.ROOM_DELETED, UnknownRoomError),
        (rtc.DisconnectReason.ROOM_CLOSED, UnknownRoomError),
        (rtc.DisconnectReason.PARTICIPANT_REMOVED, RoomRefusedError),
        (rtc.DisconnectReason.SERVER_SHUTDOWN, RoomHostError),
        (rtc.DisconnectReason.UNKNOWN_REASON, RoomHostError),
    ],
)
async def test_the_end_of_a_room_says_why(
    livekit: LiveKitDouble, room: LiveKitRoom, reason: int, error: type[RoomError]
) -> None:
    await room.changed()
    livekit.disconnect(reason)
    with pytest.raises(error):
        await asyncio.wait_for(room.changed(), _PATIENCE_S)


async def test_who_is_moved_to_another_room_stays_out_of_it(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> None:
    await room.changed()
    livekit.move()
    with pytest.raises(RoomRefusedError, match="another room"):
        await asyncio.wait_for(room.changed(), _PATIENCE_S)


async def test_a_connection_that_ends_without_a_word_is_over(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> None:
    await room.changed()
    livekit.lose()
    with pytest.raises(RoomHostError):
        await asyncio.wait_for(room.changed(), _PATIENCE_S)


async def test_after_reconnecting_the_table_is_looked_at_anew(
    livekit: LiveKitDouble, room: LiveKitRoom
) -> None:
    await room.changed()
    livekit.reconnect()
    await asyncio.wait_for(room.changed(), _PATIENCE_S)


async def test_a_connection_that_is_not_made_anew_in_time_is_over(
    livekit: LiveKitDouble, room: LiveKitRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_module, "_RECONNECT_S", 0.2)
    await room.changed()
    livekit.reconnect()
    await asyncio.sleep(0.4)
    await room.changed()
    livekit.stumble()
    with pytest.raises(RoomHostError):
        await asyncio.wait_for(room.changed(), _PATIENCE_S)


async def test_leaving_is_said_once_and_twice_does_nothing(livekit: LiveKitDouble) -> None:
    room = await enter_room("wss://livekit.example", "token", SHAPE, tells=False)
    await room.leave()
    await room.leave()
    assert livekit.left == 1
    with pytest.raises(RoomHostError):
        await room.changed()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("engine: signal failure: client error: 401 Unauthorized - no", RoomRefusedError),
        ("engine: signal failure: client error: 404 Not Found - no", UnknownRoomError),
        ("engine: signal failure: server error: 503 Service Unavailable", RoomHostError),
        ("engine: signal failure: transport connection error: IO error", RoomHostError),
    ],
)
async def test_why_nobody_gets_in_is_told_apart(
    livekit: LiveKitDouble, said: str, error: type[RoomError]
) -> None:
    livekit.connects = said
    with pytest.raises(error):
        await enter_room("wss://livekit.example", "token", SHAPE, tells=False)


async def test_who_gets_in_too_late_goes_again(
    livekit: LiveKitDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_module, "_ENTER_S", 0.1)
    livekit.connects = None
    with pytest.raises(RoomHostError, match="within"):
        await enter_room("wss://livekit.example", "token", SHAPE, tells=False)
    livekit.connects = ""
    livekit.let_in()
    async with asyncio.timeout(_PATIENCE_S):
        while not livekit.left:  # noqa: ASYNC110 (a double has no event)
            await asyncio.sleep(0.01)
