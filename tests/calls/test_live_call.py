"""Whole calls through a real server: WebRTC in, events out. Nothing on the path is a stand-in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import websockets
from psutil import Process

from stream_verifier.demo.caller import Caller
from stream_verifier.errors import CallRefusedError
from stream_verifier.hosting.server import RunningServer, running_server
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.publisher import Publisher
from tests.support.calls import (
    TIMEOUT_S,
    DemoCalls,
    Event,
    enrol,
    follow,
    make_settings,
    reached,
    say,
    server_with,
    start_message,
    unbroken,
    url_of,
    verdicts,
    wire,
)

BOTH = frozenset({"face_mismatch", "voice_mismatch"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    tmp_path_factory: pytest.TempPathFactory, demo_calls: DemoCalls
) -> AsyncIterator[RunningServer]:
    """A server with Grace enrolled from a live call."""
    async with server_with(tmp_path_factory.mktemp("store"), max_calls=2) as server:
        events = await enrol(server, demo_calls.enrolment("grace"), "grace")
        assert [e["type"] for e in events[-2:]] == ["enrolled", "session_ended"], events[-3:]
        yield server


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_enrolled_person_is_verified(
    server: RunningServer, demo_calls: DemoCalls
) -> None:
    media = demo_calls.get("grace", "grace")

    def settled(event: Event) -> bool:
        # Beside other tests there may be no time for some windows at first, which is named.
        return reached("verified")(event) and not event["reasons"]

    events = await follow(server, media, until=settled, mode="verify", identity="grace")
    assert ("verified", frozenset()) in verdicts(events)
    assert "rejected" not in [state for state, _ in verdicts(events)]
    assert unbroken(events)
    assert events[0]["type"] == "session_started"
    assert (events[-1]["type"], events[-1]["reason"]) == ("session_ended", "stopped")


@pytest.mark.parametrize(
    ("face", "voice", "reasons"),
    [
        # The script of the demo plays these two as well, to the same reasons.
        pytest.param("eileen", "eileen", BOTH, marks=pytest.mark.slow),
        pytest.param("grace", "eileen", frozenset({"voice_mismatch"}), marks=pytest.mark.slow),
        ("eileen", "grace", frozenset({"face_mismatch"})),
    ],
)
async def test_a_swap_is_rejected_and_named(
    server: RunningServer,
    demo_calls: DemoCalls,
    face: str,
    voice: str,
    reasons: frozenset[str],
) -> None:
    events = await follow(
        server,
        demo_calls.get(face, voice),
        until=lambda e: e["type"] == "score" and e["end_s"] > 5,
        mode="verify",
        identity="grace",
    )
    assert verdicts(events)[-1] == ("rejected", reasons)
    assert "verified" not in [state for state, _ in verdicts(events)]


async def test_two_calls_for_one_identity_each_get_their_own_verdict(
    server: RunningServer, demo_calls: DemoCalls
) -> None:
    genuine, swap = await asyncio.gather(
        follow(
            server,
            demo_calls.get("grace", "grace"),
            until=reached("verified"),
            mode="verify",
            identity="grace",
        ),
        follow(
            server,
            demo_calls.get("eileen", "eileen"),
            until=reached("rejected"),
            mode="verify",
            identity="grace",
        ),
    )
    assert verdicts(genuine)[-1][0] == "verified"
    assert verdicts(swap)[-1][0] == "rejected"
    assert genuine[0]["session"] != swap[0]["session"]


async def test_a_full_table_refuses_with_a_reason_and_recovers(
    server: RunningServer, demo_calls: DemoCalls
) -> None:
    media = demo_calls.get("grace", "grace")
    async with (
        Caller(server.address, media, mode="verify", identity="grace"),
        Caller(server.address, media, mode="verify", identity="grace"),
    ):
        with pytest.raises(CallRefusedError, match="All 2 places") as refused:
            async with Caller(server.address, media, mode="verify", identity="grace"):
                pass
        assert refused.value.server_code == "server_full"
        assert "Try again in 30 s" in str(refused.value)
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            try:
                async with Caller(server.address, media, mode="verify", identity="grace"):
                    return
            except CallRefusedError:
                await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["this is not JSON"], "bad_message"),
        (["[]"], "bad_message"),
        ([b"\x00\x01"], "bad_message"),
        (['{"type": "stop"}'], "bad_message"),
        ([start_message(mode="guess")], "bad_message"),
        ([start_message(sdp="v=0 and then nothing")], "bad_sdp"),
        ([start_message(sdp="")], "bad_sdp"),
        ([start_message(identity="nobody")], "unknown_identity"),
        ([start_message(identity="../etc/passwd")], "bad_identity"),
        ([start_message(mode="enrol", identity="new")], "consent_missing"),
        (
            [
                start_message(
                    mode="enrol",
                    identity="grace",
                    consent={"subject": "a", "purpose": "b", "text": "c"},
                )
            ],
            "identity_exists",
        ),
    ],
)
async def test_a_bad_start_is_refused_with_its_code(
    server: RunningServer, messages: list[str | bytes], code: str
) -> None:
    answer = await say(server, *messages)
    assert (answer["type"], answer["code"]) == ("error", code)
    assert len(answer["message"]) > 10


async def test_an_oversized_message_closes_the_socket(server: RunningServer) -> None:
    async with asyncio.timeout(TIMEOUT_S), websockets.connect(url_of(server)) as socket:
        await socket.send("x" * 100_000)
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_a_broken_message_in_a_call_ends_it_with_an_error(
    server: RunningServer, demo_calls: DemoCalls
) -> None:
    publisher = Publisher(demo_calls.get("grace", "grace"), host_addresses=LOOPBACK)
    try:
        async with asyncio.timeout(TIMEOUT_S), websockets.connect(url_of(server)) as socket:
            await socket.send(start_message(sdp=await publisher.offer()))
            await publisher.accept(json.loads(await socket.recv())["sdp"])
            await socket.send("nonsense")
            events = [json.loads(message) async for message in socket]
    finally:
        await publisher.close()
    assert [event["type"] for event in events][-2:] == ["error", "session_ended"]
    assert events[-2]["code"] == "bad_message"


async def test_a_stop_after_the_end_is_harmless(
    server: RunningServer, demo_calls: DemoCalls
) -> None:
    media = demo_calls.get("grace", "grace")
    async with (
        asyncio.timeout(TIMEOUT_S),
        Caller(server.address, media, mode="verify", identity="grace") as call,
    ):
        await call.stop()
        events = [event async for event in wire(call)]
        await call.stop()
    assert events[-1]["reason"] == "stopped"


async def test_a_foreign_page_cannot_open_a_call(server: RunningServer) -> None:
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(url_of(server), origin=websockets.Origin("http://evil.example"))


async def test_an_enrolment_stopped_early_says_what_is_missing(
    server: RunningServer, demo_calls: DemoCalls
) -> None:
    events = await follow(
        server,
        demo_calls.get("eileen", "eileen"),
        until=lambda e: e["type"] == "enrolment_progress",
        mode="enrol",
        identity="eileen",
        consent={"subject": "made up", "purpose": "tests", "text": "yes"},
    )
    assert [event["type"] for event in events][-2:] == ["error", "session_ended"]
    assert events[-2]["code"] == "enrolment_incomplete"
    assert "speech" in events[-2]["message"]
    assert (await say(server, start_message(identity="eileen")))["code"] == "unknown_identity"


async def test_a_vanished_client_leaves_nothing_behind(
    server: RunningServer, demo_calls: DemoCalls
) -> None:
    media = demo_calls.get("grace", "grace")

    async def vanish() -> None:
        async with Caller(server.address, media, mode="verify", identity="grace") as call:
            async for event in wire(call):
                if event["type"] == "score":
                    return

    await vanish()
    await _settle()
    tasks, files = len(asyncio.all_tasks()), Process().num_fds()
    for _ in range(2):
        await vanish()
    await _settle()
    # On a busy machine the last of it takes its time; what is left behind stays.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TIMEOUT_S):
            while len(asyncio.all_tasks()) > tasks or Process().num_fds() > files:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    assert len(asyncio.all_tasks()) <= tasks
    assert Process().num_fds() <= files


async def _settle() -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while any(t.get_name().startswith("session-") for t in asyncio.all_tasks()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await asyncio.sleep(1)


async def test_a_stopped_server_ends_its_calls_and_exits(
    tmp_path: Path, demo_calls: DemoCalls
) -> None:
    media = demo_calls.enrolment("grace")
    settings = make_settings(tmp_path)
    async with asyncio.timeout(TIMEOUT_S), running_server(settings) as server:
        start = {"mode": "enrol", "identity": "x", "consent": {
            "subject": "a", "purpose": "b", "text": "c"}}  # fmt: skip
        call = Caller(server.address, media, **start)
        await call.__aenter__()
        stopping = time.monotonic()
    # The context manager waits for the server to have closed every call and exited.
    assert not any(task.get_name().startswith("session-") for task in asyncio.all_tasks())
    await call.__aexit__(None, None, None)
    assert stopping < time.monotonic()
