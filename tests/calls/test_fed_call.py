"""Whole calls whose media comes decoded, through a real server and the Python client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import runpy
import sys
import wave
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets

from stream_verifier.client import CallError, CallRefusedError, DecodedCall
from stream_verifier.decoded.frames import MAX_FRAME_BYTES, Piece
from stream_verifier.events import hub
from stream_verifier.events.event import Event as Said
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.hosting.server import RunningServer
from tests.support.calls import CONSENT, TIMEOUT_S, DemoCalls, Event, server_with, unbroken
from tests.support.fed import feed, pieces_of
from tests.support.resuming import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")
BUSY = {"decoder_behind", "overrun", "paused", "implausible"}
"""Reasons of gaps that a machine under tests may have, and that say nothing about a feed."""
ROOT = Path(__file__).resolve().parents[2]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(enrolled_dir: Path) -> AsyncIterator[RunningServer]:
    """A server with Grace enrolled."""
    async with server_with(enrolled_dir, resume_within_s=60) as server:
        yield server


@pytest.fixture(scope="module")
def grace(demo_calls: DemoCalls) -> list[Piece]:
    return pieces_of(demo_calls.get("grace", "grace"), pictures_per_s=5)


def url_of(server: RunningServer) -> str:
    return server.address.replace("http", "ws", 1) + "/api/v1/decoded"


def gaps(events: Sequence[Event]) -> set[str]:
    """Why media was missing."""
    return {event["reason"] for event in events if event["type"] == "gap"}


def shifted(pieces: Sequence[Piece], by_s: float) -> list[Piece]:
    return [replace(piece, at_s=piece.at_s + by_s) for piece in pieces]


def told(event: Any) -> Event:
    """An event as a call's own client gets it."""
    fields: Event = {**event.fields, "untold": event.untold}
    return fields


@contextlib.asynccontextmanager
async def feeding(call: DecodedCall, pieces: Sequence[Piece]) -> AsyncIterator[None]:
    first_s = pieces[0].at_s
    task = asyncio.create_task(feed(call, shifted(pieces, -first_s), from_s=first_s))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def follow(call: DecodedCall, kind: str, /, **fields: Any) -> list[Event]:
    """All events until one fits."""
    events: list[Event] = []
    async for event in call.events():
        events.append(told(event))
        if event.type == kind and fields.items() <= event.fields.items():
            return events
    raise AssertionError(f"no {kind} came: {[e['type'] for e in events[-5:]]}")


async def test_a_bot_that_shows_challenges_is_told_and_says_that_one_is_skipped(
    server: RunningServer, grace: list[Piece]
) -> None:
    async with (
        asyncio.timeout(TIMEOUT_S),
        httpx.AsyncClient(base_url=server.address, timeout=TIMEOUT_S) as http,
        DecodedCall(server.address, identity="grace") as silent,
        DecodedCall(server.address, identity="grace", challenges=["turn_head"]) as call,
        feeding(call, [*grace, *shifted(grace, 12)]),
    ):
        await follow(call, "score")
        answers = [
            await http.post(f"/api/v1/calls/{one.session}/challenge", json={})
            for one in (silent, call)
        ]
        assert [answer.status_code for answer in answers] == [409, 201]
        assert answers[0].json()["code"] == "nobody_tells"
        await follow(call, "challenge_asked", challenge=answers[1].json()["challenge"])
        await call.answer_challenge("another", "skip")
        await call.answer_challenge(answers[1].json()["challenge"], "skip")
        events = await follow(call, "challenge_result")
        assert (events[-1]["outcome"], events[-1]["why"]) == ("unanswered", "skipped")
        await call.finish()


async def test_the_enrolled_person_is_verified(server: RunningServer, grace: list[Piece]) -> None:
    async with (
        asyncio.timeout(TIMEOUT_S),
        DecodedCall(server.address, identity="grace") as call,
        feeding(call, [*grace, *shifted(grace, 12)]),
    ):
        events = await follow(call, "state_changed", state="verified")
        ended = await call.finish()
        rest = [event async for event in call.events()]
    assert {event["kind"] for event in events if event["type"] == "media_started"} == {
        "audio", "video",
    }  # fmt: skip
    assert gaps(events) <= BUSY
    assert ended.reason == "stopped"
    assert rest[-1].type == "session_ended"
    with pytest.raises(CallError, match="has ended: stopped"):
        await call.audio(b"\0\0", at=0.0)


async def test_a_client_is_told_nothing_that_is_not_written_yet(
    server: RunningServer, grace: list[Piece], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    open_again, append = asyncio.Event(), MemoryEventLog.append

    async def slowly(log: MemoryEventLog, events: Sequence[Said]) -> None:
        await open_again.wait()
        written.extend(event.seq for event in events)
        await append(log, events)

    monkeypatch.setattr(MemoryEventLog, "append", slowly)
    monkeypatch.setattr(hub, "_WRITTEN_S", TIMEOUT_S)
    async with (
        asyncio.timeout(TIMEOUT_S),
        DecodedCall(server.address, identity="grace") as call,
        feeding(call, grace),
    ):
        events = call.events()
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(1)
        assert not first.done()
        open_again.set()
        assert (await first).type == "session_started"
        async for event in events:
            assert event.seq in written
            if event.type == "score":
                await call.finish()


async def test_another_who_takes_over_is_noticed(
    server: RunningServer, grace: list[Piece], demo_calls: DemoCalls
) -> None:
    eileen = pieces_of(demo_calls.get("eileen", "eileen"), pictures_per_s=5)
    async with asyncio.timeout(TIMEOUT_S), DecodedCall(server.address, identity="grace") as call:
        async with feeding(call, grace):
            events = await follow(call, "state_changed", state="verified")
        async with feeding(call, shifted(eileen, 12)):
            events += await follow(call, "state_changed", state="rejected")
    assert {"face_mismatch", "voice_mismatch"} & set(events[-1]["reasons"])
    assert unbroken(events)


async def test_a_lost_socket_is_resumed_and_trust_begins_anew(
    server: RunningServer, grace: list[Piece]
) -> None:
    async with (
        asyncio.timeout(TIMEOUT_S),
        Wire(server.address) as wire,
        DecodedCall(wire.address, identity="grace") as call,
        feeding(call, [one for turn in range(6) for one in shifted(grace, 12 * turn)]),
    ):
        events = await follow(call, "state_changed", state="verified")
        wire.sever()
        await asyncio.sleep(1)
        wire.restore()
        events += await follow(call, "connection_resumed")
        events += await follow(call, "state_changed", state="verified")
    assert call.resumptions == 1
    assert call.unsent > 0
    assert unbroken(events)
    back = [event["kind"] for event in events if event.get("reason") == "reconnected"]
    assert sorted(back) == ["audio", "video"]
    states = [event["state"] for event in events if event["type"] == "state_changed"]
    assert "rejected" not in states
    assert states.index("verified") < len(states) - 1


async def test_who_finishes_while_the_network_is_gone_is_told_once_it_is_back(
    server: RunningServer, grace: list[Piece]
) -> None:
    async with (
        asyncio.timeout(TIMEOUT_S),
        Wire(server.address) as wire,
        DecodedCall(wire.address, identity="grace") as call,
    ):
        async with feeding(call, grace):
            await follow(call, "media_started")
        wire.sever()
        finishing = asyncio.create_task(call.finish())
        await asyncio.sleep(0.5)
        wire.restore()
        assert (await finishing).reason == "stopped"
        assert call.resumptions == 1


@pytest.mark.parametrize(
    ("messages", "code", "says"),
    [
        (["this is not JSON"], "bad_message", "JSON"),
        (['{"type": "stop"}'], "bad_message", "start or a resume"),
        ([b"\x01\0\0\0" + bytes(9)], "bad_message", "JSON text"),
        ([{"mode": "guess"}], "bad_message", "mode"),
        ([{"sdp": "v=0"}], "bad_message", "sdp"),
        ([{"audio_hz": 11_025}], "bad_message", "16000"),
        ([{"v": 1}], "unknown_version", "version"),
        ([{"identity": "nobody"}], "unknown_identity", "enrolled"),
        ([{"identity": "../etc/passwd"}], "bad_identity", ""),
        ([{"mode": "enrol", "identity": "new"}], "consent_missing", "consent"),
        ([{"operating_point": "none"}], "bad_settings", ""),
    ],
)
async def test_a_bad_start_is_refused_as_on_the_socket_of_any_call(
    server: RunningServer, messages: list[Any], code: str, says: str
) -> None:
    start = {"type": "start", "mode": "verify", "identity": "grace"}
    async with asyncio.timeout(TIMEOUT_S), websockets.connect(url_of(server)) as socket:
        for message in messages:
            raw = isinstance(message, str | bytes)
            await socket.send(message if raw else json.dumps({**start, **message}))
        answer = json.loads(await socket.recv())
    assert (answer["type"], answer["code"]) == ("error", code)
    assert says in answer["message"]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (b"", "header of 12 bytes"),
        (b"\x07\0\0\0" + bytes(10), "1 for sound or 2"),
        (b"\x01\0\0\0" + bytes(8) + b"\0", "two bytes a sample"),
        (b"\x02\0\0\0" + bytes(8) + b"GIF89a", "JPEG or PNG"),
        (b"\x01\0\0\0" + bytes(8) + bytes(2 * 16_000 + 2), "at most 1 s"),
        ("nonsense", "JSON"),
        ('{"type": "start", "mode": "verify", "identity": "grace"}', "started already"),
    ],
)
async def test_what_breaks_the_contract_ends_the_call_with_an_error(
    server: RunningServer, frame: bytes | str, says: str
) -> None:
    async with asyncio.timeout(TIMEOUT_S), websockets.connect(url_of(server)) as socket:
        await socket.send(json.dumps({"type": "start", "mode": "verify", "identity": "grace"}))
        assert json.loads(await socket.recv())["type"] == "started"
        await socket.send(frame)
        events = [json.loads(message) async for message in socket]
    assert [event["type"] for event in events][-2:] == ["error", "session_ended"]
    assert events[-2]["code"] == "bad_message"
    assert says in events[-2]["message"]


@pytest.mark.parametrize(
    ("path", "size", "passes"),
    [
        ("/api/v1/decoded", MAX_FRAME_BYTES - 100, True),
        ("/api/v1/decoded", MAX_FRAME_BYTES + 100, False),
        ("/api/v1/call", 65 * 1024, False),
        ("/api/v1/events", 65 * 1024, False),
    ],
)
async def test_only_where_pictures_come_messages_may_be_large(
    server: RunningServer, path: str, size: int, passes: bool
) -> None:
    address = server.address.replace("http", "ws", 1) + path
    async with asyncio.timeout(TIMEOUT_S), websockets.connect(address) as socket:
        await socket.send(b"x" * size)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            while True:
                await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == (1008 if passes else 1009)


async def test_a_call_is_resumed_by_the_way_it_was_begun(server: RunningServer) -> None:
    async with (
        asyncio.timeout(TIMEOUT_S),
        DecodedCall(server.address, identity="grace") as call,
        websockets.connect(server.address.replace("http", "ws", 1) + "/api/v1/call") as socket,
    ):
        resume = {"type": "resume", "session": call.session, "resume_key": "any", "sdp": "v=0"}
        await socket.send(json.dumps(resume))
        answer = json.loads(await socket.recv())
    assert answer["code"] == "unknown_session"
    assert "in this way" in answer["message"]


async def test_a_full_server_says_so_and_who_is_refused_learns_why(enrolled_dir: Path) -> None:
    async with asyncio.timeout(TIMEOUT_S), server_with(enrolled_dir, max_calls=1) as server:
        async with DecodedCall(server.address, identity="grace"):
            with pytest.raises(CallError, match="server_full: All 1 places"):
                await DecodedCall(server.address, identity="grace").__aenter__()
        with pytest.raises(CallRefusedError) as refused:
            await DecodedCall(server.address, identity="nobody").__aenter__()
    assert refused.value.server_code == "unknown_identity"


async def test_who_has_not_entered_or_has_left_is_told(server: RunningServer) -> None:
    call = DecodedCall(server.address, identity="grace")
    with pytest.raises(RuntimeError, match="Enter"):
        await call.audio(bytes(3200), at=0.0)
    with pytest.raises(RuntimeError, match="Enter"):
        await anext(call.events())
    async with asyncio.timeout(TIMEOUT_S), call:
        await call.audio(bytes(3200), at=0.0)
        followed = asyncio.create_task(follow(call, "session_ended"))
        await asyncio.sleep(0)
    with pytest.raises(CallError, match="left"):
        await call.audio(bytes(3200), at=0.1)
    with pytest.raises(CallError, match="left"):
        await call.finish()
    async with asyncio.timeout(TIMEOUT_S):
        with pytest.raises(AssertionError):  # There was no such event, and the wait for it ends.
            await followed


async def test_the_example_feeds_a_recording(
    server: RunningServer, demo_calls: DemoCalls, capsys: pytest.CaptureFixture[str]
) -> None:
    example = runpy.run_path(str(ROOT / "examples" / "feed_recording.py"))
    media = demo_calls.get("grace", "grace", 4.0)
    async with asyncio.timeout(TIMEOUT_S):
        await example["main"](server.address, "grace", str(media))
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [event["kind"] for event in events if event["type"] == "media_started"]
    assert sorted(kinds) == ["audio", "video"]
    assert gaps(events) <= BUSY
    assert (events[-1]["type"], events[-1]["reason"]) == ("session_ended", "stopped")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Feed a recording to a server"),
        (("{server}", "grace", "nowhere.webm"), "nowhere.webm"),
        (("{server}", "grace", "sound.wav"), "sound.wav has no sound, or no picture"),
        (("127.0.0.1:8080", "grace", "sound.wav"), "is no server's address"),
        (("{server}", "nobody", "sound.wav"), "Nobody is enrolled as 'nobody'"),
    ],
)
async def test_the_example_says_what_is_wrong(
    server: RunningServer, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    with wave.open(str(tmp_path / "sound.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    given = [argument.format(server=server.address) for argument in arguments]
    example = str(ROOT / "examples" / "feed_recording.py")
    ended = await asyncio.create_subprocess_exec(
        sys.executable, example, *given, cwd=tmp_path, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(TIMEOUT_S):
        _, errors = await ended.communicate()
    assert ended.returncode == 1
    assert said in errors.decode()
    assert "Traceback" not in errors.decode()


async def test_a_person_is_enrolled_by_a_feed(server: RunningServer, demo_calls: DemoCalls) -> None:
    pieces = pieces_of(demo_calls.enrolment("eileen"), pictures_per_s=5)
    enrolling: dict[str, Any] = {"identity": "fed", "mode": "enrol", "consent": CONSENT}
    async with (
        asyncio.timeout(TIMEOUT_S),
        DecodedCall(server.address, **enrolling) as call,
        feeding(call, pieces),
    ):
        events = await follow(call, "session_ended")
    assert [event["type"] for event in events[-2:]] == ["enrolled", "session_ended"]
    assert events[-1]["reason"] == "complete"
