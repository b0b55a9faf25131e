"""A Recall.ai bot feeds its participants' calls, by messages of its documentation."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import websockets
from websockets.asyncio.client import ClientConnection

from stream_verifier.client import EventFeed, FeedEvent
from stream_verifier.decoded.frames import Picture
from stream_verifier.hosting.server import RunningServer
from tests.support.bots import recall_left, recall_picture, recall_sound
from tests.support.calls import TIMEOUT_S, DemoCalls, server_with
from tests.support.fed import pieces_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMED = {"stream_verifier_identities": json.dumps({"GRACE@example.com ": "grace"})}
GRACE: dict[str, Any] = {"bot": NAMED, "name": "Grace", "email": "grace@example.com"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(enrolled_dir: Path) -> AsyncIterator[RunningServer]:
    """A server with Grace enrolled."""
    async with server_with(enrolled_dir) as server:
        yield server


@contextlib.asynccontextmanager
async def bot(server: RunningServer) -> AsyncIterator[ClientConnection]:
    url = server.address.replace("http", "ws", 1) + "/api/v1/recall"
    async with asyncio.timeout(TIMEOUT_S), websockets.connect(url) as socket:
        yield socket


async def until(feed: EventFeed, kind: str, /, **fields: Any) -> FeedEvent:
    async for item in feed:
        assert isinstance(item, FeedEvent)
        if item.type == kind and fields.items() <= item.raw.items():
            return item
    raise AssertionError


async def meet(socket: ClientConnection, pieces: list[Any], participant: int = 7) -> None:
    """Send what Recall would: separate sound, PNG twice a second, of one who has a name and one
    who has none."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for piece in pieces:
        await asyncio.sleep(began_s + piece.at_s - loop.time())
        send = recall_picture if isinstance(piece, Picture) else recall_sound
        data = piece.image if isinstance(piece, Picture) else piece.pcm
        more = {"at_s": piece.at_s, "participant": participant, **GRACE}
        await socket.send(send(data, **more))
        await socket.send(send(data, **more | {"participant": 8, "name": "Eve", "email": None}))


async def test_the_participant_who_is_named_is_verified(
    server: RunningServer, demo_calls: DemoCalls
) -> None:
    pieces = pieces_of(demo_calls.get("grace", "grace"), pictures_per_s=2, kind="PNG")
    async with EventFeed(server.address) as feed, bot(server) as socket:
        meeting = asyncio.create_task(meet(socket, pieces))
        opened = await until(feed, "session_started")
        assert opened.raw["identity"] == "grace"
        verified = await until(feed, "state_changed", state="verified")
        assert verified.session == opened.session
        meeting.cancel()
        await socket.send(recall_left(**GRACE))
        ended = await until(feed, "session_ended")
        assert (ended.session, ended.raw["reason"]) == (opened.session, "stopped")


async def test_a_bot_that_is_gone_ends_its_calls(server: RunningServer) -> None:
    async with EventFeed(server.address) as feed:
        async with bot(server) as socket:
            await socket.send(recall_sound(bytes(3_200), **GRACE))
            await until(feed, "media_started")
        assert (await until(feed, "session_ended")).raw["reason"] == "peer_closed"


@pytest.mark.parametrize(
    ("message", "code", "says"),
    [
        ("nonsense", "bad_message", "JSON"),
        (b"\0", "bad_message", "JSON text"),
        (recall_sound(b"\0\0"), "bad_message", "stream_verifier_identities"),
        (
            recall_sound(b"\0\0", bot={"stream_verifier_identities": "ada"}),
            "bad_message",
            "JSON object",
        ),
        (
            recall_sound(b"\0\0", bot={"stream_verifier_identities": "[" * 9_000}),
            "bad_message",
            "JSON object",
        ),
        (
            recall_sound(b"\0\0", **GRACE).replace("separate", "mixed"),
            "bad_media",
            "audio_separate_raw.data",
        ),
        (recall_picture(b"\0\0\0\1\x67", **GRACE), "bad_media", "video_separate_png.data"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_a_word_about_why(
    server: RunningServer, message: str | bytes, code: str, says: str
) -> None:
    async with bot(server) as socket:
        await socket.send(message)
        answer = json.loads(await socket.recv())
    assert (answer["type"], answer["code"]) == ("error", code)
    assert says in answer["message"]


async def test_in_a_large_meeting_those_who_are_named_are_found(server: RunningServer) -> None:
    async with EventFeed(server.address) as feed, bot(server) as socket:
        for number in range(100, 180):
            more: dict[str, Any] = {"bot": NAMED, "name": f"Guest {number}", "email": None}
            await socket.send(recall_sound(bytes(3_200), participant=number, **more))
        await socket.send(recall_sound(bytes(3_200), **GRACE))
        assert (await until(feed, "session_started")).raw["identity"] == "grace"


async def test_one_who_is_not_enrolled_disturbs_nobody(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    both = {"stream_verifier_identities": json.dumps({"Grace": "grace", "Eve": "nobody"})}
    async with EventFeed(server.address) as feed, bot(server) as socket:
        for step in range(3):
            more: dict[str, Any] = {"bot": both, "email": None, "at_s": step / 10}
            await socket.send(recall_sound(bytes(3_200), participant=8, name="Eve", **more))
            await socket.send(recall_sound(bytes(3_200), participant=7, name="Grace", **more))
        assert (await until(feed, "session_started")).raw["identity"] == "grace"
        await until(feed, "media_started", kind="audio")
    told = [one.getMessage() for one in caplog.records if "participant" in one.getMessage()]
    assert told == ["a meeting's participant is not verified: unknown_identity"]
