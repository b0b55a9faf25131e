"""A LiveKit for the tests of its rooms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from stream_verifier.media.limits import MediaLimits
from stream_verifier.rooms.livekit.room import LiveKitRoom, Shape, enter_room
from tests.support.livekit_double import LiveKitDouble, livekit_double

SHAPE = Shape(video_rate_hz=2.0, limits=MediaLimits())


@pytest.fixture
def livekit() -> Iterator[LiveKitDouble]:
    with livekit_double() as double:
        yield double


@pytest_asyncio.fixture
async def room(livekit: LiveKitDouble) -> AsyncIterator[LiveKitRoom]:
    entered = await enter_room("wss://livekit.example", "token", SHAPE, tells=True)
    yield entered
    await entered.leave()
