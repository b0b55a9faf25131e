from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio
from blockbuster import BlockBuster, blockbuster_ctx

from stream_verifier.media.encode import write_webm
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.peer import Peer
from stream_verifier.media.webrtc.publisher import Publisher
from tests.support.media import FPS, SECONDS, SIZE, Call, StartCall, numbered, sweep


@pytest.fixture(scope="session")
def call_webm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short call: numbered pictures and a rising tone."""
    path = tmp_path_factory.mktemp("media") / "call.webm"
    frames = (numbered(number) for number in range(SECONDS * FPS))
    write_webm(path, frames, sweep(SECONDS), fps=FPS, size=SIZE)
    return path


@pytest.fixture
def loop_never_blocks() -> Iterator[BlockBuster]:
    """Fail a test that blocks the event loop."""
    with blockbuster_ctx() as blockbuster:
        yield blockbuster


@pytest_asyncio.fixture
async def start_call(call_webm: Path) -> AsyncIterator[StartCall]:
    """Make calls on loopback that are closed at the end of the test."""
    calls: list[Call] = []

    def make(path: Path = call_webm, *, loop: bool = False, **peer_options: object) -> Call:
        inbox = MediaInbox(max_audio_s=60.0)
        options = {"host_addresses": LOOPBACK, **peer_options}
        peer = Peer(inbox=inbox, **options)  # type: ignore[arg-type]
        publisher = Publisher(path, loop=loop, host_addresses=LOOPBACK)
        calls.append(Call(publisher, peer, inbox))
        return calls[-1]

    yield make
    await asyncio.gather(*(call.close() for call in calls))


@pytest.fixture(scope="session")
def decoders() -> Iterator[ThreadPoolExecutor]:
    """Threads that decode pictures."""
    with ThreadPoolExecutor(2) as pool:
        yield pool
