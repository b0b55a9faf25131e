"""Tokens for LiveKit, read as LiveKit's own code reads them."""

from __future__ import annotations

import time

import jwt
import pytest
from livekit import api

from stream_verifier.errors import RoomRefusedError
from stream_verifier.rooms.livekit.keys import needed
from tests.support.livekit_news import KEYS, SECRET


def read(token: str) -> api.access_token.Claims:
    return api.TokenVerifier("APIkey", SECRET).verify(token)


def test_it_lets_one_unseen_into_one_room_to_read() -> None:
    claims = read(KEYS.entry("meeting", "us", tells=False, now_s=time.time()))
    video = claims.video
    assert video is not None
    assert (claims.identity, claims.kind, video.room) == ("us", "agent", "meeting")
    assert (video.room_join, video.hidden, video.can_subscribe) == (True, True, True)
    assert (video.can_publish, video.can_publish_data) == (False, False)
    assert not any((video.room_admin, video.room_create, video.room_list, video.room_record))


def test_it_may_say_something_only_where_verdicts_are_told() -> None:
    video = read(KEYS.entry("meeting", "us", tells=True, now_s=time.time())).video
    assert video is not None
    assert (video.can_publish, video.can_publish_data) == (False, True)


def test_it_does_not_last() -> None:
    token = KEYS.entry("meeting", "us", tells=False, now_s=1_000_000)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - 1_000_000 == 600
    with pytest.raises(jwt.ExpiredSignatureError):
        read(token)


def test_what_asks_for_rooms_enters_none() -> None:
    video = read(KEYS.question(time.time())).video
    assert video is not None
    assert (video.room_list, video.room_join, video.room) == (True, None, "")


def test_the_secret_is_not_shown_and_without_one_it_is_said_what_to_set() -> None:
    assert SECRET not in repr(KEYS)
    with pytest.raises(RoomRefusedError, match="LIVEKIT_API_KEY"):
        needed(None)
