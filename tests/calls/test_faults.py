"""What goes wrong in real calls and files, through the whole server: never a wrong verdict."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import pytest_asyncio
import websockets
from typer.testing import CliRunner

from benchmarks.ports import free_port
from stream_verifier.console import commands, file_commands
from stream_verifier.demo.caller import Caller
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames, speech
from stream_verifier.hosting.server import RunningServer, running_server
from stream_verifier.media.encode import write_webm
from tests.support.calls import (
    SMALL,
    TIMEOUT_S,
    DemoCalls,
    Event,
    all_that_is_said,
    follow,
    make_settings,
    server_with,
    verdicts,
    wire,
)
from tests.support.kept import kept_folder, made_once
from tests.support.lossy import LossyPeers

pytestmark = pytest.mark.asyncio(loop_scope="module")
GRACE = DEMO_PEOPLE[0]
EXIT_S = 5.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(enrolled_dir: Path) -> AsyncIterator[RunningServer]:
    """A server with Grace enrolled."""
    async with server_with(enrolled_dir) as server:
        yield server


def states(events: Iterable[Event]) -> list[str]:
    return [state for state, _ in verdicts(list(events))]


def scored(seconds: float) -> Callable[[Event], bool]:
    return lambda event: event["type"] == "score" and event["end_s"] > seconds


async def verify(server: RunningServer, media: Path, until: Callable[[Event], bool]) -> list[Event]:
    return await follow(server, media, until=until, mode="verify", identity="grace")


def made_file(
    *,
    picture: bool = True,
    sound: bool = True,
    seconds: float = 6.0,
    size: tuple[int, int] = SMALL,
) -> Path:
    """Grace's face or a grey wall, and Grace's voice or silence."""

    def write(path: Path) -> None:
        wall = np.full((size[1], size[0], 3), 127, np.uint8)
        frames: Iterable[Any] = [wall] * round(15 * seconds)
        if picture:
            frames = portrait_frames(GRACE, seconds=seconds, size=size)
        silence = np.zeros(round(16_000 * seconds), np.int16)
        samples = speech(GRACE, seconds=seconds) if sound else silence
        write_webm(path, frames, samples, fps=15, size=size, sample_rate_hz=16_000)

    name = f"{picture}-{sound}-{seconds:g}-{size[0]}x{size[1]}.webm"
    return made_once(kept_folder("faults", "tests/calls/test_faults.py") / name, write)


def copy_streams(out: Path, sources: Iterable[Path], kinds: Iterable[str]) -> Path:
    """Write one kind of stream of each source after the other, packets as they are."""
    with av.open(str(out), "w", format="webm") as container:
        made: dict[str, Any] = {}
        ends_s: dict[str, float] = {}
        for source in sources:
            with av.open(str(source)) as reader:
                streams = {s.type: s for s in reader.streams if s.type in kinds}
                for kind, stream in streams.items():
                    if kind not in made:
                        made[kind] = container.add_stream_from_template(stream)
                starts_s = dict(ends_s)
                for packet in reader.demux(*streams.values()):
                    if packet.pts is None:
                        continue
                    kind, base = packet.stream.type, packet.time_base
                    packet.pts = packet.dts = packet.pts + round(starts_s.get(kind, 0) / base)
                    ends_s[kind] = float((packet.pts + (packet.duration or 1)) * base)
                    packet.stream = made[kind]
                    container.mux(packet)
    return out


@pytest.mark.parametrize(
    ("kind", "missing"),
    [("audio", "no_face"), ("video", "no_speech")],
    ids=["sound-only", "picture-only"],
)
async def test_half_a_call_waits_for_the_other_half(
    server: RunningServer, demo_calls: DemoCalls, tmp_path: Path, kind: str, missing: str
) -> None:
    media = copy_streams(tmp_path / "half.webm", [demo_calls.get("grace", "grace")], [kind])
    events = await verify(server, media, scored(4))
    assert set(states(events)) <= {"waiting"}
    assert missing in verdicts(events)[-1][1]
    scores = [event for event in events if event["type"] == "score"]
    compared = {side for event in scores for side in event["scored"]}
    assert compared == {"face" if kind == "video" else "voice"}
    assert [e["kind"] for e in events if e["type"] == "media_started"] == [kind]


@pytest.mark.parametrize(
    ("kinds", "meanwhile"),
    [(("video",), "uncertain"), (("audio", "video"), "absent")],
    ids=["camera", "both"],
)
async def test_what_is_switched_off_and_on_again(
    server: RunningServer, demo_calls: DemoCalls, kinds: tuple[str, ...], meanwhile: str
) -> None:
    media = demo_calls.get("grace", "grace", 25)
    told: list[str] = []
    async with (
        asyncio.timeout(TIMEOUT_S),
        Caller(server.address, media, mode="verify", identity="grace") as call,
    ):
        # What comes before it is verified does not count: on a slow machine there may be doubt.
        async for event in wire(call):
            if event["type"] != "state_changed" or (not told and event["state"] != "verified"):
                continue
            told.append(event["state"])
            if event["state"] == "verified" and meanwhile in told:
                await call.stop()
            elif event["state"] in ("verified", meanwhile):
                for kind in kinds:
                    call._publisher.mute(kind, event["state"] == "verified")
    assert meanwhile in told
    assert told[-1] == "verified"
    assert "rejected" not in told


async def test_the_picture_may_turn_in_mid_call(server: RunningServer, tmp_path: Path) -> None:
    """As when a phone is turned: wide, then tall."""
    wide = made_file(seconds=4)
    tall = made_file(seconds=6, size=SMALL[::-1])
    media = copy_streams(tmp_path / "turned.webm", [wide, tall], ["audio", "video"])
    with all_that_is_said() as events:
        await verify(server, media, scored(6))
    assert states(events)[-1] == "verified"
    assert "rejected" not in states(events)
    scores = [e for e in events if e["type"] == "score" and e["face"]]
    widths = [score["faces"][0][2] for score in scores]
    assert widths[-1] > 1.3 * widths[0], "both shapes must have been scored"
    assert all(score["face"]["llr"] > 0 for score in scores)


@pytest.mark.parametrize(
    ("voice", "state", "reasons"),
    [("grace", "verified", frozenset()), ("eileen", "rejected", frozenset({"voice_mismatch"}))],
)
@pytest.mark.slow
async def test_five_percent_loss_changes_no_verdict(
    enrolled_dir: Path,
    demo_calls: DemoCalls,
    voice: str,
    state: str,
    reasons: frozenset[str],
) -> None:
    settings = make_settings(enrolled_dir)
    peers = LossyPeers(settings, share=0.05)
    async with running_server(settings, peers) as server:
        events = await verify(server, demo_calls.get("grace", voice), scored(6))
    assert peers.lost > 10
    assert verdicts(events)[-1] == (state, reasons)


async def test_a_terminated_server_closes_its_calls_and_exits(
    enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    port = free_port()
    settings = {
        "DATA_DIR": str(enrolled_dir), "PORT": str(port),
        "MEASURE_CAPACITY": "false", "MAX_CALLS": "2",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stream_verifier", "serve",
        env=os.environ | {f"STREAM_VERIFIER_{key}": value for key, value in settings.items()},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await _until_listening(port)
            media = demo_calls.get("grace", "grace")
            calls = [
                Caller(f"http://127.0.0.1:{port}", media, mode="verify", identity="grace")
                for _ in range(2)
            ]
            for call in calls:
                await call.__aenter__()
                async for event in wire(call):
                    if event["type"] == "score":
                        break
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), EXIT_S)
            for call in calls:
                last = [event async for event in wire(call)][-1]
                assert (last["type"], last["reason"]) == ("session_ended", "server_stopping")
                while call._publisher.state != "closed":  # noqa: ASYNC110 (aiortc has no event)
                    await asyncio.sleep(0.05)
                await call.__aexit__(None, None, None)
        assert process.returncode in (0, -signal.SIGTERM)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _until_listening(port: int) -> None:
    while True:
        try:
            async with websockets.connect(f"ws://127.0.0.1:{port}/api/v1/call"):
                return
        except OSError:
            await asyncio.sleep(0.1)


@pytest.fixture
def verify_file(
    enrolled_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], list[Event]]:
    """Verifies a file as Grace by the command; it must not come out as verified."""
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(enrolled_dir))

    def run(path: Path) -> list[Event]:
        result = CliRunner().invoke(commands.app, ["verify", "grace", str(path), "--json"])
        assert result.exit_code == file_commands.EXIT_NOT_VERIFIED, result.output
        return [json.loads(line) for line in result.output.splitlines()]

    return run


@pytest.mark.parametrize(
    ("picture", "sound", "state", "reason"),
    [
        (True, False, "waiting", "no_speech"),
        (False, True, "waiting", "no_face"),
        (False, False, "absent", "no_face"),
    ],
    ids=["silent", "faceless", "empty"],
)
async def test_a_file_that_lacks_something_says_what(
    verify_file: Callable[[Path], list[Event]],
    picture: bool,
    sound: bool,
    state: str,
    reason: str,
) -> None:
    path = made_file(picture=picture, sound=sound)
    events = await asyncio.to_thread(verify_file, path)
    assert verdicts(events)[-1][0] == state
    assert reason in verdicts(events)[-1][1]
    assert set(states(events)) <= {"waiting", "absent"}


async def test_a_silent_file_enrols_nobody(tmp_path: Path) -> None:
    path = made_file(sound=False)
    arguments = ["enroll", "quiet", "--video", str(path), "--consent", "I agree."]
    environment = {"STREAM_VERIFIER_DATA_DIR": str(tmp_path / "store")}
    result = await asyncio.to_thread(CliRunner().invoke, commands.app, arguments, env=environment)
    assert "0.0 of 8 s of speech" in str(result.exception)
    listed = await asyncio.to_thread(
        CliRunner().invoke, commands.app, ["identities", "list"], env=environment
    )
    assert "Nobody is enrolled" in listed.output
