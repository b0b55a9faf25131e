"""A room that is entered while those in it come and go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stream_verifier.errors import RoomHostError
from stream_verifier.rooms.janus import room as module
from stream_verifier.rooms.janus.connection import JanusConnection, Keys
from stream_verifier.rooms.janus.room import JanusHost, JanusRoom
from tests.support.janus_double import JanusDouble, janus_double
from tests.support.janus_server import make_peer

SOUND = {"type": "audio", "mid": "0", "codec": "opus"}


def publishes(feed: int) -> dict[str, Any]:
    listed = {"id": feed, "display": f"number {feed}", "streams": [SOUND]}
    return {"videoroom": "event", "room": 1234, "publishers": [listed]}


def joined(*publishers: int) -> dict[str, Any]:
    listed = [one for feed in publishers for one in publishes(feed)["publishers"]]
    return {"videoroom": "joined", "room": 1234, "id": 9, "publishers": listed}


async def entering(janus: JanusDouble) -> JanusRoom:
    connection = await JanusConnection.open(janus.url, Keys())
    handle = await connection.attach("janus.plugin.videoroom")
    return JanusRoom(connection, handle, {"room": 1234}, make_peer)


@pytest.mark.parametrize("first", ["the answer", "the event"])
async def test_whoever_begins_to_publish_as_we_enter_is_seen(first: str) -> None:
    def reply(asked: dict[str, Any]) -> list[Any] | None:
        if asked["janus"] != "message":
            return None
        answer = janus.event(joined(4), asked["handle_id"])
        event = json.dumps(janus.event(publishes(5), asked["handle_id"]))
        return [{"janus": "ack"}, *([answer, event] if first == "the answer" else [event, answer])]

    async with janus_double() as janus:
        janus.reply = reply
        room = await JanusHost(url=janus.url, room="1234").enter(make_peer)
        assert set(room.publishers) == {"4", "5"}
        await room.leave()


async def test_what_is_heard_as_we_enter_comes_after_the_answer_in_its_order() -> None:
    async with janus_double() as janus:
        room = await entering(janus)
        for said in (publishes(5), {"unpublished": 4}, {"leaving": 6}, publishes(7), {"kicked": 7}):
            room.hear(janus.event({"videoroom": "event", "room": 1234, **said}))
        assert dict(room.publishers) == {}
        room.enter(janus.event(joined(4, 6)))
        assert {feed: len(one.streams) for feed, one in room.publishers.items()} == {"4": 0, "5": 1}
        await room.changed()
        room.hear(janus.event({"videoroom": "event", "room": 1234, "leaving": 4}))
        await room.changed()
        assert set(room.publishers) == {"5"}
        await room.leave()


async def test_a_janus_that_tells_and_tells_and_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_EARLY", 2)
    async with janus_double() as janus:
        room = await entering(janus)
        for feed in (4, 5, 6):
            room.hear(janus.event(publishes(feed)))
        with pytest.raises(RoomHostError, match="does not let us in"):
            await room.changed()
        await room.leave()
