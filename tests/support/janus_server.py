"""Skips tests that need Janus where there is none, or no address that it sends media by."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.janus.publisher import JanusPublisher as JanusPublisher
from benchmarks.janus.server import PIN as PIN
from benchmarks.janus.server import PIN_ROOM as PIN_ROOM
from benchmarks.janus.server import ROOM as ROOM
from benchmarks.janus.server import ROOM_SECRET as ROOM_SECRET
from benchmarks.janus.server import JanusServer as JanusServer
from benchmarks.janus.server import janus_path, media_address
from benchmarks.janus.server import janus_server as janus_server
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceRequest
from stream_verifier.media.webrtc.peer import Peer

PATIENCE_S = 30
ADDRESS = media_address() or ""

needs_janus = pytest.mark.skipif(
    janus_path() is None or not ADDRESS,
    reason="needs Janus (apt-get install janus) and an address other than loopback",
)


def make_peer(request: SourceRequest, inbox: MediaInbox) -> Peer:
    return Peer(
        inbox=inbox,
        offer_sdp=request.offer,
        host_addresses=[ADDRESS],
        turned=request.turned,
    )


@contextlib.asynccontextmanager
async def publishing(
    server: JanusServer,
    media: Path | str,
    display: str = "grace",
    *,
    room: int | str = ROOM,
    **entry: Any,
) -> AsyncIterator[JanusPublisher]:
    """Somebody in a room who plays a file in a loop."""
    one = JanusPublisher(server.url, room, display=display, address=ADDRESS, **entry)
    await one.join()
    await one.publish(media)
    try:
        yield one
    finally:
        await one.leave()


async def until(fits: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(within_s):
        while not fits():  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.02)
