"""What real tokens let a subscriber follow."""

from __future__ import annotations

import pytest
import websockets

from stream_verifier.access.gate import Gate
from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.events.hub import Hub
from tests.support.feed_media import NO_LIMITS, Call, feed_server, read


@pytest.mark.parametrize(
    ("bound", "sessions"),
    [
        ({}, ["s1", "s2", "s3"]),
        ({"identity": "bob"}, ["s2", "s3"]),
        ({"session": "s3"}, ["s3"]),
        ({"identity": "bob", "session": "s2"}, ["s2"]),
        ({"identity": "ada", "session": "s2"}, []),
    ],
)
async def test_who_names_nothing_gets_all_that_the_token_covers_and_no_more(
    bound: dict[str, str], sessions: list[str]
) -> None:
    tokens, hub = Tokens(bytes(range(32))), Hub()
    for session, identity in (("s1", "ada"), ("s2", "bob"), ("s3", "bob")):
        Call(hub, session, identity)
    token = tokens.issue([Scope.READ], ttl_s=60, **bound)
    async with (
        feed_server(hub, gate=Gate(tokens=tokens, limiter=NO_LIMITS)) as server,
        server.follow(token=token, after={"cursor": 0}) as feed,
    ):
        told = await read(feed, 1 + len(sessions))
        await hub.close()
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await feed.recv()
    assert [item["event"]["session"] for item in told[1:]] == sessions
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


async def test_a_bound_token_is_refused_where_something_else_is_named() -> None:
    tokens = Tokens(bytes(range(32)))
    token = tokens.issue([Scope.READ], identity="zoë", ttl_s=60)
    async with feed_server(Hub(), gate=Gate(tokens=tokens, limiter=NO_LIMITS)) as server:
        for named, told in (
            ({"identities": ["zoe\u0308"]}, "subscribed"),
            ({"identities": ["ada"]}, "forbidden"),
            ({"sessions": ["s1"]}, "forbidden"),
        ):
            async with server.follow(token=token, **named) as feed:
                (answer,) = await read(feed, 1)
                assert answer.get("code", answer["type"]) == told
