"""Calls whose connection is lost and comes back: one session, nobody's trust carried over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import websockets

from stream_verifier.hosting.server import RunningServer
from tests.support.calls import (
    CONSENT,
    TIMEOUT_S,
    DemoCalls,
    Event,
    server_with,
    unbroken,
    url_of,
)
from tests.support.resuming import ResumingClient, Wire, go_dead

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUT_S = 3.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(enrolled_dir: Path) -> AsyncIterator[RunningServer]:
    """A server with Grace enrolled that waits long for lost clients."""
    async with server_with(enrolled_dir, resume_within_s=60) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def client(server: RunningServer, demo_calls: DemoCalls) -> AsyncIterator[ResumingClient]:
    """Grace, not calling yet."""
    media = demo_calls.get("grace", "grace", 25)
    async with asyncio.timeout(TIMEOUT_S), ResumingClient(url_of(server), media) as client:
        yield client


def of_type(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]


def states(events: list[Event]) -> list[str]:
    return [event["state"] for event in of_type(events, "state_changed")]


async def test_a_call_goes_on_after_a_network_cut(
    server: RunningServer, demo_calls: DemoCalls
) -> None:
    media = demo_calls.get("grace", "grace", 25)
    async with (
        asyncio.timeout(TIMEOUT_S),
        Wire(server.address) as wire,
        ResumingClient(wire.url, media) as client,
    ):
        await client.start(identity="grace")
        session = client.answer["session"]
        await client.until("state_changed", state="verified")
        wire.cut()
        assert client.publisher is not None
        go_dead(client.publisher)
        await asyncio.sleep(CUT_S)
        wire.restore()
        back_s, took = time.monotonic(), {}
        await client.resume()
        resumed = await client.until("connection_resumed")
        took["resumed_s"] = time.monotonic() - back_s
        await client.until("gap", kind="video")
        took["media_s"] = time.monotonic() - back_s
        await client.until("state_changed", state="verified")
        took["verified_s"] = time.monotonic() - back_s
        await client.stop()
        ended = await client.until("session_ended")
    print("seconds after the network was back:", took)
    events = client.events
    assert {event["session"] for event in events} == {session}
    assert unbroken(events)
    assert CUT_S - 0.5 <= resumed["away_s"] < CUT_S + 3
    gaps = [gap for gap in of_type(events, "gap") if gap["reason"] == "reconnected"]
    assert sorted(gap["kind"] for gap in gaps) == ["audio", "video"]
    assert all(gap["end_s"] - gap["start_s"] >= CUT_S - 0.5 for gap in gaps)
    told = states(events)
    assert told.index("verified") < len(told) - 1
    assert {"uncertain", "waiting", "absent"} & set(told[told.index("verified") :])
    assert "rejected" not in told
    assert told[-1] == "verified"
    scores = of_type(events, "score")
    assert all(a["end_s"] <= b["start_s"] + 1e-3 for a, b in zip(scores, scores[1:], strict=False))
    assert ended["reason"] == "stopped"


async def test_a_lost_peer_connection_alone_is_told_and_replaced(client: ResumingClient) -> None:
    await client.start(identity="grace")
    await client.until("score")
    assert client.publisher is not None
    await client.publisher.close()
    lost = await client.until("connection_lost")
    assert lost["reason"] == "media_stopped"
    await client.resume()
    assert (await client.until("connection_resumed"))["seq"] > lost["seq"]
    await client.until("score")


async def test_the_old_socket_is_closed_with_a_reason_when_another_takes_over(
    client: ResumingClient,
) -> None:
    await client.start(identity="grace")
    await client.until("score")
    old = client.socket
    assert old is not None
    await client.resume()
    assert (await client.until("connection_lost"))["reason"] == "taken_over"
    await client.until("score")
    with pytest.raises(websockets.ConnectionClosedError):
        while True:
            await old.recv()
    assert (old.close_code, old.close_reason) == (4001, "resumed over another connection")


async def test_what_was_missed_is_replayed_from_the_number_that_the_client_names(
    client: ResumingClient,
) -> None:
    await client.start(identity="grace")
    await client.until("state_changed", state="verified")
    before = list(client.events)
    client.events.clear()
    await client.resume(after=0)
    await client.until("connection_resumed")
    assert client.events[: len(before)] == before
    assert unbroken(client.events)


async def test_a_stranger_who_resumes_is_not_taken_for_the_person(
    server: RunningServer, client: ResumingClient, demo_calls: DemoCalls
) -> None:
    await client.start(identity="grace")
    await client.until("state_changed", state="verified")
    async with ResumingClient(url_of(server), demo_calls.get("eileen", "eileen")) as stranger:
        stranger.answer, stranger.events = client.answer, list(client.events)
        await stranger.resume()
        await stranger.until("state_changed", state="rejected")
        after = stranger.events[len(client.events) :]
    gap = next(i for i, event in enumerate(after) if event["type"] == "gap")
    assert "verified" not in states(after[gap:])


async def test_a_wrong_key_is_refused_and_changes_nothing(client: ResumingClient) -> None:
    await client.start(identity="grace")
    await client.until("score")
    genuine = client.socket, client.publisher
    refused = await client.refused_resume(resume_key="é" * 43)
    assert (refused["type"], refused["code"]) == ("error", "forbidden")
    assert (client.socket, client.publisher) == genuine
    await client.until("score")
    assert not of_type(client.events, "connection_lost")


async def test_a_broken_offer_leaves_the_old_connection_as_it_is(
    client: ResumingClient,
) -> None:
    await client.start(identity="grace")
    await client.until("score")
    assert (await client.refused_resume(sdp="nonsense"))["code"] == "bad_sdp"
    await client.until("score")


@pytest.mark.parametrize("ended", [False, True], ids=["unknown", "ended"])
async def test_a_session_that_does_not_run_cannot_be_resumed(
    client: ResumingClient, ended: bool
) -> None:
    await client.start(identity="grace")
    if ended:
        await client.stop()
        await client.until("session_ended")
    refused = await client.refused_resume(**({} if ended else {"session": "nobody"}))
    assert refused["code"] == "unknown_session"


async def test_an_enrolment_goes_on_too(client: ResumingClient) -> None:
    await client.start(mode="enrol", identity="again", consent=CONSENT)
    while (await client.until("enrolment_progress"))["speech_s"] < 3:
        pass
    heard_s = client.events[-1]["speech_s"]
    await client.resume()
    await client.until("connection_resumed")
    assert (await client.until("enrolment_progress"))["speech_s"] >= heard_s
    await client.until("enrolled")
    assert (await client.until("session_ended"))["reason"] == "complete"


@pytest.mark.parametrize(("code", "told"), [(1000, "error"), (1001, "answer")])
async def test_a_client_that_hung_up_is_not_waited_for(
    client: ResumingClient, code: int, told: str
) -> None:
    await client.start(identity="grace")
    await client.until("score")
    assert client.socket is not None
    await client.socket.close(code)
    assert (await client.resume())["type"] == told


async def test_a_client_that_stays_away_ends_its_session(
    enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    media = demo_calls.get("grace", "grace")
    async with (
        asyncio.timeout(TIMEOUT_S),
        server_with(enrolled_dir, resume_within_s=0.2) as server,
        ResumingClient(url_of(server), media) as client,
    ):
        await client.start(identity="grace")
        await client.until("score")
        assert client.publisher is not None
        await client.publisher.close()
        await client.until("connection_lost")
        assert (await client.until("session_ended"))["reason"] == "client_gone"
