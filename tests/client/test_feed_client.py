from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from itertools import count
from typing import Any

import pytest
import websockets
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from benchmarks.wire import Wire
from stream_verifier.access.grant import ANYBODY, Grant
from stream_verifier.client import EventFeed, FeedError, FeedEvent, FeedRefusedError, Lost, Position
from stream_verifier.client.backoff import Backoff
from stream_verifier.client.call_socket import CallSocket
from stream_verifier.client.connection import feed_url
from stream_verifier.errors import CallError, SettingsError, StreamVerifierError
from stream_verifier.events.hub import Hub
from stream_verifier.events.reading import read_payload
from stream_verifier.events.schema import StateChanged
from tests.support.feed_media import Call, changed, ended, feed_server, score

SOON = Backoff(first_s=0.01, longest_s=0.05)
FROM_THE_START = Position(None, 0)


async def take(feed: EventFeed, count: int) -> list[FeedEvent | Lost]:
    async with asyncio.timeout(30):
        return [await anext(feed) for _ in range(count)]


async def take_events(feed: EventFeed, count: int) -> list[FeedEvent]:
    items = await take(feed, count)
    assert all(isinstance(item, FeedEvent) for item in items), items
    return [item for item in items if isinstance(item, FeedEvent)]


async def test_events_come_typed_and_in_order() -> None:
    async with feed_server(Hub()) as server, EventFeed(server.address) as feed:
        Call(server.hub, "s1").say(score(), changed(), ended())
        events = await take_events(feed, 4)
    assert [(event.seq, event.position.cursor) for event in events] == [
        (1, 1), (2, 2), (3, 3), (4, 4),
    ]  # fmt: skip
    assert events[2].payload == changed()
    assert (events[2].session, events[2].type) == ("s1", "state_changed")
    assert events[2].wall.tzinfo is not None
    assert feed.position == Position(server.hub.epoch, 4)


async def test_one_name_in_place_of_a_list_is_refused_instead_of_taken_letter_by_letter() -> None:
    for filters in ({"identities": "ada"}, {"sessions": "s1"}, {"types": "score"}):
        with pytest.raises(SettingsError, match="give a list"):
            EventFeed("http://localhost", **filters)  # type: ignore[arg-type]


async def test_filters_and_the_start_are_passed_on() -> None:
    async with feed_server(Hub()) as server:
        for session, identity in (("s1", "ada"), ("s2", "bob"), ("s3", "bob")):
            Call(server.hub, session, identity).say(score(), changed())
        feed = EventFeed(
            server.address,
            sessions=["s1", "s2"],
            identities=["bob"],
            types=["state_changed"],
            after=FROM_THE_START,
        )
        async with feed:
            (event,) = await take_events(feed, 1)
    assert (event.session, event.type) == ("s2", "state_changed")


async def test_a_cut_connection_costs_no_event_and_doubles_none() -> None:
    async with (
        feed_server(Hub()) as server,
        Wire(server.address) as wire,
        EventFeed(wire.address, backoff=SOON) as feed,
    ):
        call, got = Call(server.hub, "s1"), []
        for round_ in range(5):
            call.say(*[score(), changed()] * 20)
            # Cut with events on the way, in the client's buffers and in the server's.
            got += await take_events(feed, 7 * (round_ + 1))
            wire.sever()
            wire.restore()
            call.say(changed())
        await server.hub.flush()
        got += await take_events(feed, server.hub.cursor - len(got))
        assert feed.reconnections >= 1
    assert [event.seq for event in got] == list(range(1, 207))


async def test_a_server_that_was_started_anew_is_followed_and_the_loss_is_told() -> None:
    async with feed_server(Hub()) as server:
        port = int(server.address.rsplit(":", 1)[1])
        feed = EventFeed(server.address, backoff=SOON)
        await feed.__aenter__()
        Call(server.hub, "s1")
        assert [event.session for event in await take_events(feed, 1)] == ["s1"]
    async with contextlib.AsyncExitStack() as stack:
        following = asyncio.create_task(take(feed, 3))
        server = await stack.enter_async_context(feed_server(Hub(), port=port))
        Call(server.hub, "s2").say(changed())
        lost, first, second = await following
        await feed.__aexit__(None, None, None)
    assert lost == Lost(count=None, scores_only=False)
    assert isinstance(first, FeedEvent)
    assert isinstance(second, FeedEvent)
    assert (first.session, first.seq, second.seq) == ("s2", 1, 2)
    assert feed.position == Position(server.hub.epoch, 2)


async def test_dropped_scores_are_told_in_their_place() -> None:
    hub = Hub(queue_events=4)
    async with feed_server(hub) as server, EventFeed(server.address) as feed:
        Call(hub, "s1").say(score(), score(), score(), score(), changed())
        items = await take(feed, 5)
    kinds = [item if isinstance(item, Lost) else item.seq for item in items]
    assert kinds == [1, Lost(count=2, scores_only=True), 4, 5, 6]


async def test_a_follower_let_go_as_too_slow_comes_back_for_the_rest() -> None:
    hub = Hub(queue_events=4)
    async with feed_server(hub) as server, EventFeed(server.address, backoff=SOON) as feed:
        Call(hub, "s1").say(*[changed()] * 50)
        events = await take_events(feed, 51)
        assert feed.reconnections >= 1
    assert [event.seq for event in events] == list(range(1, 52))


@pytest.mark.parametrize("code", ["missing_token", "expired_token", "forbidden"])
async def test_a_refused_token_is_an_error_at_once(code: str) -> None:
    class RefusalError(StreamVerifierError):
        pass

    class Gate:
        tokens = "known"

        def identify(self, *_: Any, **__: Any) -> Grant:
            error = RefusalError("Ask for another token.")
            error.code = code  # type: ignore[misc]
            raise error

    async with feed_server(Hub(), gate=Gate()) as server:
        with pytest.raises(FeedRefusedError, match="another token") as refused:
            async with EventFeed(server.address, token="old"):
                pass
    assert refused.value.server_code == code


class ExpiredError(StreamVerifierError):
    code = "expired_token"


async def test_every_connection_asks_for_a_token_and_an_expired_one_ends_the_feed() -> None:
    class Once:
        def __init__(self) -> None:
            self.tokens: list[str | None] = []

        def identify(self, token: str | None, **_: Any) -> Grant:
            self.tokens.append(token)
            if len(self.tokens) > 1:
                raise ExpiredError("Too late.")
            return ANYBODY

        def admit(self, *_: Any, **__: Any) -> Grant:
            return ANYBODY

    gate, tokens = Once(), iter(["first", "second"])
    async with (
        feed_server(Hub(queue_events=1), gate=gate) as server,
        EventFeed(
            server.address, token=lambda: next(tokens), types=["state_changed"], backoff=SOON
        ) as feed,
    ):
        Call(server.hub, "s1").say(changed(), changed())
        assert len(await take_events(feed, 1)) == 1
        with pytest.raises(FeedRefusedError, match="Too late"):
            await take(feed, 1)
    assert gate.tokens == ["first", "second"]


async def test_a_feed_whose_token_expires_goes_on_with_a_new_one() -> None:
    class ShortLived:
        def __init__(self) -> None:
            self.tokens: list[str | None] = []

        def identify(self, token: str | None, **_: Any) -> Grant:
            self.tokens.append(token)
            return replace(ANYBODY, expires_at=time.time() + 0.2)

        def admit(self, *_: Any, **__: Any) -> Grant:
            return ANYBODY

    gate, numbers = ShortLived(), count(1)
    async with feed_server(Hub(), gate=gate) as server:
        async with EventFeed(
            server.address, token=lambda: f"token-{next(numbers)}", backoff=SOON
        ) as feed:
            call, following = Call(server.hub, "s1"), asyncio.create_task(take_events(feed, 4))
            while len(gate.tokens) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0)
            call.say(changed(), changed(), ended())
            events = await following
        async with EventFeed(server.address, token="always-this") as feed:
            with pytest.raises(FeedRefusedError, match="new one"):
                await take(feed, 1)
    assert gate.tokens[:3] == ["token-1", "token-2", "token-3"]
    assert [event.seq for event in events] == [1, 2, 3, 4]


async def test_nobody_there_is_an_error_at_once() -> None:
    with pytest.raises(FeedError, match="does not answer"):
        async with EventFeed("http://127.0.0.1:9"):
            pass


async def test_a_door_that_is_no_feeds_is_told_from_nobody() -> None:
    def shut(socket: ServerConnection, _: Request) -> Response:
        return socket.respond(HTTPStatus.BAD_GATEWAY, "<html>")

    async def never(_: ServerConnection) -> None: ...

    async with websockets.serve(never, "127.0.0.1", 0, process_request=shut) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(FeedError, match="answers with HTTP 502, and not as"):
            async with EventFeed(url):
                pass
        with pytest.raises(CallError, match="answers with HTTP 502, and not as"):
            await CallSocket.open(url.replace("http", "ws"), {})


@contextlib.asynccontextmanager
async def stub(serve: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[str]:
    async with websockets.serve(serve, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def hello(cursor: int = 0, lost: int | None = 0) -> str:
    return json.dumps({"type": "subscribed", "v": 2, "epoch": "e", "cursor": cursor, "lost": lost})


async def test_a_silent_server_counts_as_lost_and_a_heartbeat_moves_the_place() -> None:
    asked: list[dict[str, Any]] = []
    asked_thrice = asyncio.Event()

    async def serve(socket: ServerConnection) -> None:
        asked.append(json.loads(await socket.recv()))
        if len(asked) == 3:
            asked_thrice.set()
        await socket.send(hello())
        await socket.send(json.dumps({"type": "heartbeat", "cursor": 40 + len(asked)}))
        await socket.send(json.dumps({"type": "something newer"}))
        await socket.wait_closed()

    async with stub(serve) as url, EventFeed(url, silence_s=0.05, backoff=SOON) as feed:
        reading = asyncio.create_task(anext(feed))
        await asyncio.wait_for(asked_thrice.wait(), 30)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert "after" not in asked[0]
    assert [ask["after"] for ask in asked[1:3]] == [
        {"epoch": "e", "cursor": 41},
        {"epoch": "e", "cursor": 42},
    ]


async def test_a_loss_is_told_once_though_the_connection_breaks_before_the_next_event() -> None:
    event = json.dumps(
        {
            "cursor": 9,
            "event": {"v": 2, "seq": 1, "session": "s", "type": "news", "media_s": 0,
                      "wall": "2026-01-02T03:04:05.678Z"},
        }
    )  # fmt: skip
    connections = 0

    async def serve(socket: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        await socket.recv()
        await socket.send(hello(cursor=3, lost=5))
        if connections == 2:
            await socket.send(event)
            await socket.wait_closed()

    async with (
        stub(serve) as url,
        EventFeed(url, after=Position("e", 3), backoff=SOON) as feed,
    ):
        lost, item = await take(feed, 2)
    assert lost == Lost(count=5, scores_only=False)
    assert isinstance(item, FeedEvent)
    assert item.payload is None
    assert item.type == "news"


@pytest.mark.parametrize(
    "first", ["no JSON", "[]", '{"type": "answer"}', '{"type": "subscribed"}', None]
)
async def test_what_is_no_feed_is_told(first: str | None) -> None:
    async def serve(socket: ServerConnection) -> None:
        await socket.recv()
        if first is not None:
            await socket.send(first)

    async with stub(serve) as url:
        with pytest.raises(FeedError):
            async with EventFeed(url):
                pass


async def test_a_feed_must_be_entered() -> None:
    with pytest.raises(RuntimeError, match="Enter"):
        await anext(EventFeed("http://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://host:80", "ws://host:80/api/v1/events"),
        ("https://host/", "wss://host/api/v1/events"),
        ("https://host/verify/", "wss://host/verify/api/v1/events"),
        ("wss://host/verify/api/v1/events", "wss://host/verify/api/v1/events"),
        ("ws://[::1]:8080", "ws://[::1]:8080/api/v1/events"),
    ],
)
def test_addresses(url: str, expected: str) -> None:
    assert feed_url(url) == expected


@pytest.mark.parametrize(
    "url", ["host:80", "ftp://host", "http://", "http://host?token=x", "http://u:p@host"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        EventFeed(url)


def test_fields_of_a_newer_server_are_skipped() -> None:
    raw = {"type": "state_changed", "media_s": 1, "state": "verified", "previous": "waiting",
           "reasons": [], "llr": 2, "v": 2, "newer": True}  # fmt: skip
    assert isinstance(read_payload(raw), StateChanged)
    assert read_payload({**raw, "state": "newer"}) is None
