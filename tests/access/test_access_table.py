from __future__ import annotations

import typing
from pathlib import Path

from benchmarks.access.__main__ import PATH
from benchmarks.access.table import markdown, try_all, wrong
from benchmarks.access.ways import SOCKET, WAYS, routes_of
from stream_verifier.app import create_app
from stream_verifier.events.call_messages import ClientMessage, Resume
from stream_verifier.events.decoded_messages import DecodedClientMessage, ResumeDecoded
from stream_verifier.events.feed_messages import Subscribe
from tests.support.calls import make_settings

NOT_OURS = {"/api/v1/recall"}
"""Sockets on which a bot says what it says."""
LATER = {"stop", "ask_challenge", "answer_challenge"}
"""Messages that come in a session only, so after one that needed a token."""


def test_every_route_has_its_row(tmp_path: Path) -> None:
    routes = set(routes_of(create_app(make_settings(tmp_path))))
    assert routes == {(way.method, way.path) for way in WAYS}


def test_every_first_message_of_a_socket_has_its_row() -> None:
    union = typing.get_args(ClientMessage)[0]
    firsts = {
        "/api/v1/call": typing.get_args(union),
        "/api/v1/call/{session}": [Resume],
        "/api/v1/decoded": typing.get_args(typing.get_args(DecodedClientMessage)[0]),
        "/api/v1/decoded/{session}": [ResumeDecoded],
        "/api/v1/events": [Subscribe],
    }
    assert {way.path for way in WAYS if way.method == SOCKET} == firsts.keys() | NOT_OURS
    for path, messages in firsts.items():
        types = {
            typing.get_args(message.model_fields["type"].annotation)[0] for message in messages
        }
        assert {way.message["type"] for way in WAYS if way.path == path} == types - LATER


async def test_every_way_is_shut_to_every_wrong_token_and_the_page_says_so(tmp_path: Path) -> None:
    results = await try_all(make_settings(tmp_path))
    assert wrong(results) == []
    assert PATH.read_text(encoding="utf-8") == markdown(results)
