"""A subscription, when Janus does not do as it should."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stream_verifier.errors import MediaError, NegotiationError, RoomError, RoomHostError
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceRequest
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.peer import Peer
from stream_verifier.rooms.host import Publisher, Stream
from stream_verifier.rooms.janus.room import JanusHost, JanusRoom
from stream_verifier.rooms.janus.source import JanusSource
from tests.support.janus_double import JanusDouble, janus_double, soon

STREAMS = (
    Stream(mid="7", kind="audio", codec="opus"),
    Stream(mid="8", kind="video", codec="vp8", layered=True),
)
ADA = Publisher(feed="5", display="ada", streams=STREAMS, stint=1)
ATTACHED = {
    "videoroom": "attached",
    "room": 1234,
    "streams": [{"type": "audio", "mid": "0"}, {"type": "video", "mid": "1"}],
}


def make_peer(request: SourceRequest, inbox: MediaInbox) -> Peer:
    return Peer(inbox=inbox, offer_sdp=request.offer, host_addresses=LOOPBACK)


async def entered(janus: JanusDouble) -> JanusRoom:
    return await JanusHost(url=janus.url, room="1234").enter(make_peer)


def source_of(room: JanusRoom, publisher: Publisher = ADA) -> JanusSource:
    return room.source(publisher, SourceRequest(session="s1", offer=""), MediaInbox())


def answering(janus: JanusDouble, jsep: Any) -> None:
    """Answer subscriptions with such an offer."""

    def reply(asked: dict[str, Any]) -> list[Any] | None:
        if asked.get("body", {}).get("ptype") != "subscriber":
            return None
        more = {} if jsep is None else {"jsep": jsep}
        return [{"janus": "ack"}, janus.event(ATTACHED, asked["handle_id"], **more)]

    janus.reply = reply


async def test_each_stream_is_asked_for_by_name_and_the_middle_size_at_first() -> None:
    async with janus_double() as janus:
        room = await entered(janus)
        answering(janus, None)
        with pytest.raises(NegotiationError, match="no(thing)?.*any more"):
            await source_of(room).start()
        (asked,) = [
            a["body"] for a in janus.asked if a.get("body", {}).get("ptype") == "subscriber"
        ]
        assert asked == {
            "request": "join",
            "ptype": "subscriber",
            "room": 1234,
            "private_id": 77,
            "autoupdate": False,
            "streams": [
                {"feed": "5", "mid": "7"},
                {"feed": "5", "mid": "8", "substream": 1},
            ],
        }
        await room.leave()


@pytest.mark.parametrize(
    "jsep",
    [
        None,
        "v=0",
        [],
        {"type": "offer"},
        {"type": "offer", "sdp": 5},
        {"type": "answer", "sdp": "v=0"},
        {"type": "offer", "sdp": ""},
        {"type": "offer", "sdp": "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"},
        {"type": "offer", "sdp": "x" * 100_000},
        {"type": "offer", "sdp": "m=video 9 RTP/AVP 96\r\n" * 500},
    ],
)
async def test_an_offer_that_is_none_ends_the_subscription_and_gives_it_back(jsep: Any) -> None:
    async with janus_double() as janus:
        room = await entered(janus)
        answering(janus, jsep)
        source = source_of(room)
        with pytest.raises(NegotiationError):
            await source.start()
        assert source.closed.is_set()
        assert source.stats.state == "closed"
        assert [a["janus"] for a in janus.asked].count("detach") == 1
        with pytest.raises(MediaError):
            await source.start()
        await room.leave()


async def test_a_feed_that_is_gone_is_refused() -> None:
    async with janus_double() as janus:
        room = await entered(janus)
        gone = {"videoroom": "event", "error_code": 428, "error": "No such feed"}
        janus.reply = lambda asked: (
            [janus.event(gone, asked["handle_id"])] if asked["janus"] == "message" else None
        )
        with pytest.raises(RoomError, match="428"):
            await source_of(room).start()
        await room.leave()


async def test_whoever_sends_nothing_is_not_asked_for() -> None:
    async with janus_double() as janus:
        room = await entered(janus)
        with pytest.raises(MediaError, match="nothing that is read"):
            await source_of(room, Publisher(feed="5")).start()
        assert [a["janus"] for a in janus.asked].count("attach") == 1
        await room.leave()


async def test_a_subscription_that_is_closed_while_janus_thinks_is_given_back() -> None:
    async with janus_double() as janus:
        room = await entered(janus)
        janus.reply = lambda asked: (
            [{"janus": "ack"}] if asked.get("body", {}).get("ptype") == "subscriber" else None
        )
        source = source_of(room)
        starting = asyncio.create_task(source.start())
        await soon(lambda: "subscriber" in str(janus.asked))
        await source.close()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        assert [a["janus"] for a in janus.asked].count("detach") == 1
        await room.leave()


async def test_what_answers_to_joining_may_be_something_else() -> None:
    async with janus_double() as janus:
        odd = {"videoroom": "event", "room": 1234}
        janus.reply = lambda asked: (
            [janus.event(odd, asked["handle_id"])] if asked["janus"] == "message" else None
        )
        with pytest.raises(RoomHostError, match="did not say"):
            await entered(janus)
        await soon(lambda: not janus.sockets)


async def test_events_of_the_room_as_they_come() -> None:
    async with janus_double() as janus:
        room = await entered(janus)
        await room.changed()
        listed = [{"id": 5, "display": "ada", "streams": []}]
        await janus.say(
            janus.event({"videoroom": "talking", "room": 1234, "id": 5}),
            janus.event({"videoroom": "event", "room": 1234, "publishers": listed}),
            janus.event({"videoroom": "event", "room": 1234, "joining": {"id": 6}}),
            {"janus": "slowlink", "sender": 101, "uplink": True, "lost": 5},
        )
        await room.changed()
        assert [*room.publishers] == ["5"]
        await janus.say({"janus": "detached", "sender": 101})
        with pytest.raises(RoomHostError):
            await room.changed()
        with pytest.raises(RoomHostError):
            await room.changed()
        await room.leave()
