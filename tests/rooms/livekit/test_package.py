"""That LiveKit's package is as it is used: what is renamed in a new version shows here.

Its own native library is asked where that needs no LiveKit.
"""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, get_args

import pytest
from livekit import rtc

from stream_verifier.errors import RoomError, RoomHostError, RoomRefusedError, UnknownRoomError
from stream_verifier.rooms.livekit import room as room_module
from stream_verifier.rooms.livekit.room import enter_room, warm
from tests.rooms.livekit.conftest import SHAPE
from tests.support.streams import serving

HEARD = {
    *room_module._CHANGES,
    *(
        "track_unpublished",
        "track_muted",
        "track_subscribed",
        "track_unsubscribed",
        "track_subscription_failed",
    ),
    *("reconnecting", "reconnected", "connection_state_changed", "disconnected", "moved"),
}
CALLED: dict[Callable[..., Any], tuple[str, ...]] = {
    rtc.Room.connect: ("url", "token", "options"),
    rtc.Room.disconnect: (),
    rtc.RoomOptions: ("auto_subscribe", "dynacast", "connect_timeout"),
    rtc.RemoteTrackPublication.set_subscribed: ("subscribed",),
    rtc.RemoteTrackPublication.set_video_quality: ("quality",),
    rtc.LocalParticipant.publish_data: ("payload", "reliable", "topic"),
    rtc.AudioStream.from_track: ("track", "sample_rate", "num_channels", "capacity"),
    rtc.VideoStream.from_track: ("track", "format", "capacity"),
    rtc.AudioResampler: ("input_rate", "output_rate"),
}
READ: dict[type, tuple[str, ...]] = {
    rtc.RemoteParticipant: ("sid", "identity", "name", "kind", "track_publications"),
    rtc.RemoteTrackPublication: (
        *("sid", "kind", "source", "muted", "simulcasted", "mime_type", "encryption_type"),
        "track",
    ),
    rtc.Room: ("remote_participants", "local_participant"),
    rtc.AudioFrame: ("data", "sample_rate", "num_channels"),
    rtc.VideoFrame: ("data", "width", "height"),
}


def test_its_events_have_the_names_that_are_listened_to() -> None:
    assert set(get_args(rtc.room.EventTypes)) >= HEARD


@pytest.mark.parametrize("called", CALLED, ids=lambda one: getattr(one, "__qualname__", "?"))
def test_it_takes_the_arguments_that_it_is_given(called: Callable[..., Any]) -> None:
    assert set(inspect.signature(called).parameters) >= set(CALLED[called])


@pytest.mark.parametrize("kind", READ, ids=lambda one: one.__name__)
def test_its_objects_have_what_is_read_of_them(kind: type) -> None:
    assert [name for name in READ[kind] if not isinstance(getattr(kind, name), property)] == []


def test_its_frames_come_with_a_stamp_and_a_rotation() -> None:
    assert set(inspect.signature(rtc.VideoFrameEvent).parameters) >= {
        *("frame", "timestamp_us", "rotation")
    }
    assert "frame" in inspect.signature(rtc.AudioFrameEvent).parameters


def test_a_server_that_attaches_none_does_not_load_it() -> None:
    code = (
        "import sys; import stream_verifier.app, stream_verifier.rooms.service\n"
        "import stream_verifier.rooms.livekit.host\n"
        "assert not [one for one in sys.modules if one.split('.')[0] == 'livekit']"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_its_native_library_loads() -> None:
    warm()


@asynccontextmanager
async def answering(status: str) -> AsyncIterator[str]:
    """A server that answers everything alike; yields its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
        writer.write(head.encode())
        await writer.drain()

    async with serving(answer) as port:
        yield f"ws://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("401 Unauthorized", RoomRefusedError),
        ("403 Forbidden", RoomRefusedError),
        ("404 Not Found", UnknownRoomError),
        ("503 Service Unavailable", RoomHostError),
        ("302 Found", RoomHostError),
    ],
)
async def test_its_words_for_why_it_could_not_connect_are_understood(
    status: str, error: type[RoomError]
) -> None:
    async with answering(status) as url:
        with pytest.raises(error):
            await enter_room(url, "token", SHAPE, tells=False)


async def test_nobody_at_the_address_is_a_host_that_is_gone() -> None:
    with pytest.raises(RoomHostError):
        await enter_room("ws://127.0.0.1:1", "token", SHAPE, tells=False)
