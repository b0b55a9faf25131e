"""What is done with news of LiveKit's rooms."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from stream_verifier.audit.deed import Kind
from stream_verifier.errors import CapacityError, RoomHostError, SettingsError, StoreError
from stream_verifier.rooms.livekit.following import followed_livekit
from stream_verifier.rooms.requests import LiveKitRoomRequest
from stream_verifier.settings import Settings
from tests.support.livekit_news import (
    URL,
    Desk,
    Followed,
    described,
    now_s,
    posted,
    settings,
    signed,
)


async def test_a_room_that_begins_is_attached_and_detached_at_its_end() -> None:
    followed = Followed(livekit_follow_map={"by": "feed", "pattern": "user-(.+)"})
    async with followed.running():
        followed.post("room_started", "meeting", 1)
        followed.post("participant_joined", "meeting", 2)
        followed.post("room_finished", "meeting", 3)
    (asked,) = followed.desk.asked
    assert isinstance(asked, LiveKitRoomRequest)
    assert (asked.url, asked.room, asked.tells) == (URL, "meeting", False)
    assert asked.map.model_dump() == {"by": "feed", "pattern": "user-(.+)"}
    assert followed.desk.done == ["+meeting", "-meeting"]
    assert [deed.kind for deed in followed.deeds] == [Kind.ROOM_ATTACHED, Kind.ROOM_DETACHED]
    assert followed.deeds[0].actor.token_id == "livekit"
    assert followed.deeds[0].details == {"attachment": "a1", "host": "livekit"}


async def test_what_is_told_again_is_not_done_again() -> None:
    followed = Followed()
    async with followed.running():
        followed.post("room_started", "meeting", 1)
        followed.post("room_finished", "meeting", 2)
        followed.post("room_started", "meeting", 1)
    assert followed.desk.done == ["+meeting", "-meeting"]


async def test_other_rooms_and_other_hosts_are_left_alone() -> None:
    followed = Followed(livekit_follow_rooms="bank-*")
    followed.desk.rooms = {
        "a7": described("bank-1", 7, url="wss://other.example"),
        "a8": described("bank-1", 8, host="janus"),
    }
    async with followed.running():
        followed.post("room_started", "meeting", 1)
        followed.post("room_started", "bank-2", 2)
        followed.post("room_finished", "bank-1", 3)
    assert followed.desk.done == ["+bank-2"]


async def test_one_that_fails_does_not_hold_up_the_next() -> None:
    followed = Followed()
    followed.desk.error = RoomHostError("gone")
    async with followed.running():
        followed.post("room_started", "one", 1)
        followed.post("room_started", "x\x00", 2)
        followed.post("room_started", "two", 3)
    assert followed.desk.done == ["+one", "+two"]
    assert followed.deeds == []


async def test_what_cannot_be_written_down_does_not_stay_attached() -> None:
    followed = Followed()
    followed.error = StoreError("full")
    async with followed.running():
        followed.post("room_started", "one", 1)
    assert followed.desk.rooms == {}


async def test_what_waits_is_bounded_and_livekit_told_to_come_again() -> None:
    followed = Followed()
    with pytest.raises(CapacityError):
        for number in range(300):
            followed.post("room_started", f"r{number}", number)
    assert followed.desk.done == []
    async with followed.running():
        for _ in range(1000):
            await asyncio.sleep(0)
        followed.post("room_started", "r256", 256)
    assert followed.desk.done[-1] == "+r256"


async def test_ids_are_forgotten_once_their_tokens_are_of_no_use() -> None:
    followed = Followed()
    followed.post("room_started", "meeting", 1)
    later_s = now_s() + 700
    body = posted("room_started", "meeting", id="EV_2", created_at=later_s)
    followed.livekit.hear(body, signed(body), later_s)
    assert list(followed.livekit._known) == ["EV_2"]


def test_it_is_off_by_default() -> None:
    assert followed_livekit(Desk(), Followed()._note, settings(livekit_follow_url=None)) is None


def test_a_rule_that_is_none_shows_at_the_start() -> None:
    for rule in ({"by": "magic"}, {"by": "table"}, {"by": "feed", "more": 1}):
        with pytest.raises(SettingsError, match="livekit_follow_map"):
            Followed(livekit_follow_map=rule)
    with pytest.raises(ValueError, match="livekit_api_key"):
        Settings(livekit_follow_url=URL)
    with pytest.raises(ValueError, match="livekit_follow_url: write"):
        settings(livekit_follow_url="livekit.example")
    with pytest.raises(ValueError, match="32 characters"):
        settings(livekit_api_secret=SecretStr("secret"))
