"""Participants of a room of LiveKit are verified, by what its package hands over."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from pydantic import SecretStr

from stream_verifier.rooms.livekit.room import TOPIC
from tests.support.calls import DemoCalls, all_that_is_said, server_with
from tests.support.livekit_double import CAMERA, MICROPHONE, LiveKitDouble, person
from tests.support.livekit_news import SECRET
from tests.support.streams import serving

PATIENCE_S = 120
Said = list[dict[str, Any]]


@pytest.fixture
def grace(demo_calls: DemoCalls) -> str:
    """A call of hers that lasts longer than it takes to verify her; it is played to its end."""
    return str(demo_calls.get("grace", "grace", 9))


@contextlib.asynccontextmanager
async def room_service(*rooms: str) -> AsyncIterator[str]:
    """What tells which rooms there are; yields LiveKit's address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"POST /twirp/livekit.RoomService/ListRooms ")
        body = json.dumps({"rooms": [{"name": one} for one in rooms]}).encode()
        lines = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(lines.encode() + body)
        await writer.drain()

    async with serving(answer) as port:
        yield f"ws://127.0.0.1:{port}"


async def play(livekit: LiveKitDouble, media: Path, who: str) -> None:
    """Play a recording as the library does: sound and pictures when they are due."""
    pieces: list[tuple[float, bytes, tuple[int, int] | None]] = []
    with av.open(str(media)) as container:
        for frame in container.decode(video=0):
            planes = frame.reformat(format="yuv420p").to_ndarray()
            pieces.append((frame.time or 0.0, planes.tobytes(), (frame.width, frame.height)))
    resampler = av.AudioResampler("s16", "stereo", 16_000, frame_size=160)
    with av.open(str(media)) as container:
        sounds = [one for frame in container.decode(audio=0) for one in resampler.resample(frame)]
    pieces += [
        (0.01 * number, np.asarray(one.to_ndarray()).tobytes(), None)
        for number, one in enumerate(sounds)
    ]
    began_s = asyncio.get_running_loop().time()
    for time_s, data, size in sorted(pieces, key=lambda piece: piece[0]):
        await asyncio.sleep(max(0.0, began_s + time_s - asyncio.get_running_loop().time()))
        if size is None:
            livekit.sound(f"TR_mic_{who}", data)
        else:
            livekit.picture(f"TR_cam_{who}", data, size, stamp_us=round(5e6 + time_s * 1e6))


def of(said: Said, kind: str) -> Said:
    return [event for event in said if event["type"] == kind]


async def until(fits: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not fits():  # noqa: ASYNC110 (of anything)
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def attached(folder: Path, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    settings = {"livekit_api_key": "APIkey", "livekit_api_secret": SecretStr(SECRET)}
    async with (
        room_service("meeting") as url,
        server_with(folder, **settings) as server,
        httpx.AsyncClient(base_url=f"{server.address}/api/v1", timeout=30) as client,
    ):
        wanted = {"host": "livekit", "url": url, "room": "meeting", **more}
        answer = await client.post("/rooms", json=wanted)
        assert answer.status_code == 201, answer.text
        yield client


async def test_who_is_in_the_room_is_verified_and_that_is_told_there(
    enrolled_dir: Path, grace: str, livekit: LiveKitDouble
) -> None:
    rule = {"by": "feed", "pattern": "user-(.+)"}
    with all_that_is_said() as said:
        async with attached(enrolled_dir, map=rule, tells=True) as client:
            livekit.join(person("user-grace", CAMERA, MICROPHONE, name="Somebody"))
            await until(lambda: len(livekit.streams) == 2)
            playing = asyncio.create_task(play(livekit, Path(grace), "user-grace"))
            await until(lambda: "verified" in [one["state"] for one in of(said, "state_changed")])
            (started,) = of(said, "session_started")
            assert started["identity"] == "grace"
            assert (started["origin"]["host"], started["origin"]["feed"]) == (
                *("livekit", "user-grace"),
            )
            await until(lambda: livekit.said)
            topic, words = livekit.said[-1]
            assert topic == TOPIC
            assert json.loads(words)["feed"] == "user-grace"
            assert b"Somebody" not in words
            (room,) = (await client.get("/rooms")).json()["rooms"]
            (publisher,) = room["publishers"]
            assert publisher["picture_px"] is not None
            await playing
            livekit.go("user-grace")
            await until(lambda: of(said, "session_ended"))
            assert of(said, "session_ended")[0]["reason"] == "peer_closed"
    assert livekit.left == 1
    assert livekit.streams == {}


async def test_another_camera_is_fetched_anew_in_the_same_call(
    enrolled_dir: Path, grace: str, livekit: LiveKitDouble
) -> None:
    with all_that_is_said() as said:
        async with attached(enrolled_dir):
            livekit.join(person("grace", MICROPHONE))
            await until(lambda: len(livekit.streams) == 1)
            livekit.publish("grace", person("grace", CAMERA).tracks["TR_cam_grace"])
            await until(lambda: len(livekit.streams) == 2)
            await play(livekit, Path(grace), "grace")
            await until(lambda: of(said, "connection_resumed"))
            assert len(of(said, "session_started")) == 1
            assert "verified" in [one["state"] for one in of(said, "state_changed")]


async def test_after_livekit_was_away_the_room_is_entered_with_a_new_token(
    enrolled_dir: Path, livekit: LiveKitDouble
) -> None:
    async with attached(enrolled_dir):
        livekit.lose()
        await until(lambda: len(livekit.tokens) == 2)
        assert livekit.tokens[0] != livekit.tokens[1]
