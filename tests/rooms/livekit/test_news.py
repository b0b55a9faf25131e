"""Webhooks of LiveKit, signed and written by LiveKit's own code."""

from __future__ import annotations

import pytest
from livekit import api

from stream_verifier.errors import InvalidTokenError, ProtocolError
from stream_verifier.rooms.livekit.news import News, read_news
from tests.support.livekit_news import KEYS, SECRET, now_s, posted, signed


def test_what_livekit_signs_is_read_as_its_own_receiver_reads_it() -> None:
    body = posted("room_finished", "täglich")
    token = signed(body)
    theirs = api.WebhookReceiver(api.TokenVerifier("APIkey", SECRET)).receive(body.decode(), token)
    ours = read_news(body, token, KEYS, now_s())
    assert ours == News("EV_1", "room_finished", "täglich")
    assert (theirs.id, theirs.event, theirs.room.name) == (ours.id, ours.event, ours.room)


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "nonsense",
        signed(posted(), secret="another secret of a key, as long as it"),
        signed(posted(), key="APIother"),
        signed(posted(room="other")),
        signed(posted(), ttl_s=-120),
        KEYS.entry("meeting", "us", tells=False, now_s=now_s()),
        KEYS.question(now_s()),
        api.AccessToken("APIkey", SECRET).with_sha256("!").to_jwt(),
    ],
)
def test_what_it_has_not_signed_just_so_is_refused(token: str | None) -> None:
    with pytest.raises(InvalidTokenError):
        read_news(posted(), token, KEYS, now_s())


@pytest.mark.parametrize("age_s", [301, -301, 10**9])
def test_what_is_old_or_to_come_is_no_news(age_s: int) -> None:
    body = posted(created_at=now_s() - age_s)
    with pytest.raises(InvalidTokenError, match="clocks"):
        read_news(body, signed(body), KEYS, now_s())


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", b"{}", b"[" * 50_000, b'{"event": 3, "id": "x", "createdAt": 1}']
)
def test_what_makes_no_sense_is_refused_though_it_is_signed(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_news(body, signed(body), KEYS, now_s())
