"""A session with Janus: what is answered, what is refused, and what nobody should say."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from pydantic import SecretStr

from stream_verifier.errors import RoomError, RoomHostError, RoomRefusedError, UnknownRoomError
from stream_verifier.rooms.janus import connection as module
from stream_verifier.rooms.janus.connection import JanusConnection, Keys, said_by_plugin
from stream_verifier.rooms.janus.room import JanusHost
from tests.support.janus_double import janus_double, sends_on, soon

PLUGIN = "janus.plugin.videoroom"


async def test_every_request_has_the_session_and_the_keys_and_an_ack_is_no_answer() -> None:
    keys = Keys(api_secret=SecretStr("s3cret"), token=SecretStr("t0ken"))
    async with janus_double() as janus:
        connection = await JanusConnection.open(janus.url, keys)
        handle = await connection.attach(PLUGIN)
        answer = await handle.ask({"request": "join"})
        assert said_by_plugin(answer)["videoroom"] == "joined"
        await handle.detach()
        await connection.close()
        assert [asked["janus"] for asked in janus.asked] == [
            *("create", "attach", "message", "detach", "destroy")
        ]
        assert all(asked["apisecret"] == "s3cret" for asked in janus.asked)
        assert all(asked["token"] == "t0ken" for asked in janus.asked)
        assert [asked.get("session_id") for asked in janus.asked] == [None, 1, 1, 1, 1]
        assert "s3cret" not in repr(keys) + repr(connection)


async def test_events_reach_their_handle_alone() -> None:
    async with janus_double() as janus:
        connection = await JanusConnection.open(janus.url, Keys())
        one, other = await connection.attach(PLUGIN), await connection.attach(PLUGIN)
        heard: list[tuple[int, str]] = []
        for handle in (one, other):
            handle.hear = lambda said, number=handle.number: heard.append((number, said["janus"]))  # type: ignore[misc]
        await janus.say(
            {"janus": "webrtcup", "sender": one.number},
            {"janus": "hangup", "sender": other.number, "reason": "DTLS alert"},
            {"janus": "media", "sender": 99},
            {"janus": "slowlink"},
        )
        await soon(lambda: len(heard) == 2)
        assert heard == [(one.number, "webrtcup"), (other.number, "hangup")]
        await connection.close()
        assert heard[2:] == [(one.number, "gone"), (other.number, "gone")]


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        ({"code": 403, "reason": "Unauthorized request"}, RoomRefusedError, "API secret"),
        ({"code": 405, "reason": "x"}, RoomRefusedError, "token does not allow"),
        ({"code": 458, "reason": "No such session"}, RoomHostError, "forgotten"),
        ({"code": 459, "reason": "No such handle"}, RoomHostError, "forgotten"),
        ({"code": 460, "reason": "No such plugin"}, RoomError, "no such plugin"),
        ({"code": 490, "reason": "odd\x1b[31m"}, RoomError, r"490: odd\[31m"),
        ({"code": 491, "reason": "a" * 10_000}, RoomError, "491"),
    ],
)
async def test_refusals_of_janus(
    error: dict[str, object], kind: type[RoomError], says: str
) -> None:
    async with janus_double() as janus:
        connection = await JanusConnection.open(janus.url, Keys())
        janus.reply = lambda _: [{"janus": "error", "error": error}]
        with pytest.raises(kind, match=says) as caught:
            await connection.attach(PLUGIN)
        assert len(str(caught.value)) < 300
        await connection.close()


@pytest.mark.parametrize(
    ("code", "kind"),
    [(426, UnknownRoomError), (433, RoomRefusedError), (428, RoomError), (499, RoomError)],
)
async def test_refusals_of_the_videoroom(code: int, kind: type[RoomError]) -> None:
    async with janus_double() as janus:
        connection = await JanusConnection.open(janus.url, Keys())
        handle = await connection.attach(PLUGIN)
        data = {"videoroom": "event", "error_code": code, "error": "No"}
        janus.reply = lambda _: [{"janus": "ack"}, janus.event(data)]
        with pytest.raises(kind):
            await handle.ask({"request": "join"})
        await connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        {"janus": "success"},
        {"janus": "success", "data": {"id": "one"}},
        {"janus": "success", "data": []},
    ],
)
async def test_what_answers_may_be_no_janus(answer: dict[str, object]) -> None:
    async with janus_double() as janus:
        janus.reply = lambda asked: [answer] if asked["janus"] == "create" else None
        with pytest.raises(RoomHostError, match="no Janus"):
            await JanusConnection.open(janus.url, Keys())
        await soon(lambda: not janus.sockets)


async def test_a_janus_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ANSWER_S", 0.1)
    async with janus_double() as janus:
        connection = await JanusConnection.open(janus.url, Keys())
        janus.reply = lambda _: [{"janus": "ack"}]
        with pytest.raises(RoomHostError, match="did not answer"):
            await connection.attach(PLUGIN)
        # What comes too late is nobody's.
        await janus.say({"janus": "success", "transaction": "gone", "data": {"id": 5}})
        janus.reply = lambda _: None
        assert (await connection.attach(PLUGIN)).number == 101
        await connection.close()


async def test_nonsense_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    async with janus_double() as janus:
        connection = await JanusConnection.open(janus.url, Keys())
        handle = await connection.attach(PLUGIN)
        handle.hear = lambda said: print(said["nothing"])
        with caplog.at_level(logging.CRITICAL):
            await janus.say(
                *("no json", b"\xff\xfe", "[]", "17", "null", '{"janus": 5}'),
                "[" * 20_000,
                json.dumps({"janus": "event", "sender": "text"}),
                json.dumps({"janus": "success", "transaction": ["list"]}),
                {"janus": "event", "sender": handle.number},
            )
            answer = await handle.ask({"request": "join"})
        assert said_by_plugin(answer)["id"] == 9
        assert said_by_plugin({"plugindata": "text"}) == {}
        assert said_by_plugin({"plugindata": {"data": []}}) == {}
        await connection.close()


async def test_neither_secrets_nor_names_are_logged_at_any_level(
    caplog: pytest.LogCaptureFixture,
) -> None:
    keys = Keys(api_secret=SecretStr("s3cret"), token=SecretStr("t0ken"))
    ours = logging.getLogger("stream_verifier")
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, ours.name):
        async with janus_double() as janus:
            host = JanusHost(url=janus.url, room="1234", pin=SecretStr("a-pin"), keys=keys)
            room = await host.enter(lambda *_: None)  # type: ignore[arg-type]
            listed = [{"id": 5, "display": "Ada Lovelace", "streams": []}]
            await janus.say(janus.event({"videoroom": "event", "publishers": listed}))
            await soon(lambda: room.publishers)
            janus.reply = lambda _: [{"janus": "error", "error": {"code": 1, "reason": "odd"}}]
            with pytest.raises(RoomError):
                await JanusConnection.open(janus.url, keys)
            await room.leave()
    own = [record for record in caplog.records if record.name.startswith(ours.name)]
    said = " ".join(record.getMessage() for record in own)
    assert not any(word in said for word in ("s3cret", "t0ken", "a-pin", "Lovelace"))
    # The double's own library logs all that it hears, which shows that the level was low enough.
    assert "t0ken" in caplog.text


async def test_a_session_that_timed_out_there_is_gone_here() -> None:
    async with janus_double() as janus:
        connection = await JanusConnection.open(janus.url, Keys())
        asking = asyncio.create_task(connection.attach(PLUGIN))
        janus.reply = lambda _: [{"janus": "ack"}]
        await soon(lambda: len(janus.asked) == 2)
        await janus.say({"janus": "timeout", "session_id": 1})
        with pytest.raises(RoomHostError, match="lost"):
            await asking
        assert connection.gone.is_set()
        with pytest.raises(RoomHostError):
            await connection.ask({"janus": "keepalive"})
        await connection.close()


async def test_it_says_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEEP_ALIVE_S", 0.02)
    async with janus_double() as janus:
        connection = await JanusConnection.open(janus.url, Keys())
        await soon(lambda: [a["janus"] for a in janus.asked].count("keepalive") >= 2)
        janus.reply = lambda _: [{"janus": "error", "error": {"code": 458, "reason": "gone"}}]
        await soon(connection.gone.is_set)
        await connection.close()


async def test_a_message_without_end_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 1000)
    async with janus_double() as janus:
        connection = await JanusConnection.open(janus.url, Keys())
        await janus.say({"janus": "event", "text": "x" * 2000})
        await soon(connection.gone.is_set)
        await connection.close()


async def test_it_goes_where_it_is_told_to_and_nowhere_else() -> None:
    async with janus_double() as elsewhere:
        async with janus_double(process_request=sends_on(elsewhere.url)) as janus:
            with pytest.raises(RoomHostError, match="InvalidStatus"):
                await JanusConnection.open(janus.url, Keys())
        assert elsewhere.asked == []


async def test_nobody_listens_or_speaks_the_protocol() -> None:
    with pytest.raises(RoomHostError, match="does not answer"):
        await JanusConnection.open("ws://127.0.0.1:1", Keys())
