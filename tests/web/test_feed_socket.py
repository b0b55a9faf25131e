from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
import websockets
from websockets.asyncio.client import ClientConnection

from stream_verifier.access.grant import ANYBODY, Grant
from stream_verifier.errors import StreamVerifierError
from stream_verifier.events.hub import Hub
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.events.schema import Reason, StateChanged
from stream_verifier.web import feed_sender, feed_socket
from tests.support.feed_media import Call, FeedServer, changed, ended, feed_server, read, score
from tests.support.rest_app import stand_in


class NotYouError(StreamVerifierError):
    code = "forbidden"


class OnlyAda:
    """A gate that lets a token read the events of one person."""

    tokens = "known"

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, str | None]] = []

    def identify(self, token: str | None, *, client: str) -> Grant:
        return ANYBODY

    def admit(
        self,
        token: str | None,
        scope: Any,
        *,
        identity: str | None = None,
        session: str | None = None,
        client: str,
    ) -> Grant:
        self.asked.append((identity, session))
        if (token, scope, identity, client) != ("good", "events:read", "ada", "127.0.0.1"):
            raise NotYouError("This token does not cover that.")
        return ANYBODY


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with feed_server(Hub()) as server:
        yield server


async def test_a_subscriber_gets_what_happens_from_now_on(server: FeedServer) -> None:
    call = Call(server.hub, "s1")
    async with server.follow() as feed:
        (hello,) = await read(feed, 1)
        assert hello == {
            "type": "subscribed", "v": 2, "epoch": server.hub.epoch, "cursor": 1, "lost": 0,
        }  # fmt: skip
        call.say(score(), changed(), ended())
        envelopes = await read(feed, 3)
    assert [item["cursor"] for item in envelopes] == [2, 3, 4]
    assert [item["event"]["type"] for item in envelopes] == [
        "score", "state_changed", "session_ended",
    ]  # fmt: skip
    assert [item["event"] for item in envelopes] == [
        event.fields for event in (await server.hub.history("s1"))[1:]
    ]


async def test_filters_must_all_fit(server: FeedServer) -> None:
    async with server.follow(
        sessions=["s1", "s2"], identities=["bob"], types=["state_changed"]
    ) as feed:
        await read(feed, 1)
        for session, identity in (("s1", "ada"), ("s2", "bob"), ("s3", "bob")):
            Call(server.hub, session, identity).say(score(), changed())
        ((envelope),) = await read(feed, 1)
        assert envelope["event"]["session"] == "s2"
        assert envelope["event"]["type"] == "state_changed"


async def test_a_subscriber_that_comes_back_gets_the_rest_once(server: FeedServer) -> None:
    call = Call(server.hub, "s1")
    async with server.follow(after={"cursor": 0}) as feed:
        hello, first = await read(feed, 2)
        call.say(score(), changed())
        (second,) = await read(feed, 1)
    call.say(score(), ended())
    after = {"epoch": hello["epoch"], "cursor": second["cursor"]}
    async with server.follow(after=after) as feed:
        again, *rest = await read(feed, 4)
    assert (again["lost"], again["cursor"]) == (0, second["cursor"])
    assert [item["cursor"] for item in (first, second, *rest)] == [1, 2, 3, 4, 5]


async def test_a_new_run_of_the_server_tells_that_nobody_knows_what_was_lost(
    server: FeedServer,
) -> None:
    Call(server.hub, "s1")
    async with server.follow(after={"epoch": "another", "cursor": 77}) as feed:
        hello, first = await read(feed, 2)
    assert (hello["lost"], hello["cursor"], first["cursor"]) == (None, 0, 1)


async def test_the_idle_hear_a_heartbeat(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_sender, "_HEARTBEAT_S", 0.01)
    Call(server.hub, "s1").say(score())
    async with server.follow(types=["gap"]) as feed:
        _, beat = await read(feed, 2)
    assert beat == {"type": "heartbeat", "cursor": 2}


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("nonsense", "JSON"),
        (b"\x00", "binary"),
        ('{"type": "start"}', "subscribe"),
        ('{"type": "subscribe", "types": ["scores"]}', "session_ended"),
        ('{"type": "subscribe", "types": []}', "types"),
        ('{"type": "subscribe", "sessions": ["' + "x" * 65 + '"]}', "sessions"),
        ('{"type": "subscribe", "more": 1}', "more"),
        ('{"type": "subscribe", "after": {"cursor": -1}}', "cursor"),
        ('{"type": "subscribe", "after": {"cursor": 5}}', "after.cursor is 5"),
        ('{"type": "subscribe", "token": "' + "secret" * 1000 + '"}', "token"),
        (json.dumps({"type": "subscribe", "token": "x" * 70_000}), "65536 bytes"),
    ],
)
async def test_what_breaks_the_contract_is_refused_and_says_where(
    server: FeedServer, message: str | bytes, says: str
) -> None:
    async with websockets.connect(server.url) as socket:
        await socket.send(message)
        error = json.loads(await socket.recv())
        assert (error["type"], error["code"]) == ("error", "bad_message")
        assert says in error["message"]
        assert "secret" not in error["message"]
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "bad_message")
    assert server.hub.subscribers == 0


async def test_a_second_message_ends_the_feed(server: FeedServer) -> None:
    async with server.follow() as feed:
        await read(feed, 1)
        await feed.send('{"type": "subscribe"}')
        (error,) = await read(feed, 1)
    assert error["code"] == "bad_message"
    assert "one message" in error["message"]


async def test_the_silent_are_let_go(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_socket, "_SUBSCRIBE_TIMEOUT_S", 0.01)
    async with websockets.connect(server.url) as socket:
        assert "No first message" in json.loads(await socket.recv())["message"]


async def test_a_full_feed_says_so() -> None:
    async with feed_server(Hub(max_subscribers=1)) as server, server.follow() as first:
        await read(first, 1)
        async with server.follow() as second:
            (error,) = await read(second, 1)
            with pytest.raises(websockets.ConnectionClosedError) as closed:
                await second.recv()
    assert error["code"] == "server_full"
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


async def test_a_place_is_free_again_when_a_subscriber_leaves() -> None:
    async with feed_server(Hub(max_subscribers=1)) as server:
        for _ in range(3):
            async with server.follow() as feed:
                assert (await read(feed, 1))[0]["type"] == "subscribed"
            while server.hub.subscribers:  # noqa: ASYNC110
                await asyncio.sleep(0)


async def test_the_gate_is_asked_for_everything_that_is_named() -> None:
    gate = OnlyAda()
    async with feed_server(Hub(), gate=gate) as server:
        named = {"identities": ["ada"], "sessions": ["s1", "s2"]}
        async with server.follow(token="good", **named) as feed:
            assert (await read(feed, 1))[0]["type"] == "subscribed"
        assert gate.asked == [("ada", "s1"), ("ada", "s2")]
        for refused in (
            {"identities": ["ada"]},
            {"identities": ["ada"], "token": "bad"},
            {"identities": ["ada", "bob"], "token": "good"},
            {"sessions": ["s1"], "token": "good"},
            {"token": "good"},
        ):
            async with server.follow(**refused) as feed:
                assert (await read(feed, 1))[0]["code"] == "forbidden", refused
        assert server.hub.subscribers == 0


async def test_a_feed_ends_with_its_token(server: FeedServer) -> None:
    class SoonOver:
        tokens = "known"

        def identify(self, *_: Any, **__: Any) -> Grant:
            return replace(ANYBODY, expires_at=time.time() + 0.3)

        def admit(self, *_: Any, **__: Any) -> Grant:
            return ANYBODY

    stand_in(server.app, gate=SoonOver())
    async with server.follow() as feed:
        hello, error = await read(feed, 2)
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await feed.recv()
    assert (hello["type"], error["code"]) == ("subscribed", "expired_token")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


async def test_a_foreign_page_cannot_subscribe(server: FeedServer) -> None:
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(server.url, origin=websockets.Origin("http://evil.example"))


async def test_a_stopping_server_sends_the_last_events_and_says_why() -> None:
    hub = Hub()
    async with feed_server(hub) as server, server.follow() as feed:
        await read(feed, 1)
        Call(hub, "s1").say(ended())
        await hub.close()
        last = await read(feed, 2)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await feed.recv()
    assert last[-1]["event"]["type"] == "session_ended"
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


async def test_a_stalled_subscriber_delays_nobody_and_is_dropped_with_a_reason(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(feed_sender, "_SEND_TIMEOUT_S", 0.3)
    monkeypatch.setattr(feed_sender, "_HEARTBEAT_S", 0.1)
    hub = Hub(queue_events=64)
    async with feed_server(hub) as server:
        reader, writer = await stall(server)
        async with server.follow(types=["state_changed"]) as healthy:
            await read(healthy, 1)
            call, said = Call(hub, "s1"), 0
            while hub.subscribers == 2:
                call.say(score(), wide_change())
                said += 1
                assert (await next_event(healthy))["seq"] == 2 * said + 1
        writer.transport.abort()
    assert "took nothing for too long" in caplog.text
    assert "scores dropped" in caplog.text


async def test_a_slow_subscriber_is_told_of_dropped_scores_and_then_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Hub(queue_events=4)
    async with feed_server(hub) as server, server.follow() as feed:
        await read(feed, 1)
        call = Call(hub, "s1")
        call.say(score(), score(), score(), score(), score(), changed())
        messages = await read(feed, 5)
        assert [m.get("scores") or m["event"]["type"] for m in messages] == [
            "session_started", 3, "score", "score", "state_changed",
        ]  # fmt: skip
        call.say(*[changed()] * 5)
        assert [m["event"]["seq"] for m in await read(feed, 4)] == [8, 9, 10, 11]
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await feed.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason.split(":")[0]) == (
        1013, "too slow to follow",
    )  # fmt: skip


async def test_a_follower_is_not_called_slow_for_what_the_log_has_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = MemoryEventLog()
    hub = Hub(log)
    async with feed_server(hub) as server, server.follow() as feed:
        await read(feed, 1)
        log.begin_anew()
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await feed.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
        1013, "events were lost: resume after the last cursor",
    )  # fmt: skip
    assert "subscriber dropped, events were lost" in caplog.text
    assert "slow" not in caplog.text


async def next_event(feed: ClientConnection) -> dict[str, Any]:
    """The next event; heartbeats are passed over."""
    while "event" not in (message := (await read(feed, 1))[0]):
        assert message["type"] == "heartbeat"
    event: dict[str, Any] = message["event"]
    return event


def wide_change() -> StateChanged:
    return changed().model_copy(update={"reasons": list(Reason) * 1000})


async def stall(server: FeedServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Subscribe over a bare connection that nobody reads from."""
    host, port = server.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    subscribe = b'{"type":"subscribe"}'
    writer.write(
        f"GET /api/v1/events HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    # A masked text frame; the mask is zero.
    writer.write(bytes([0x81, 0x80 | len(subscribe), 0, 0, 0, 0]) + subscribe)
    while not server.hub.subscribers:  # noqa: ASYNC110
        await asyncio.sleep(0)
    return reader, writer
