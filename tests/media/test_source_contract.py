"""Every source of media keeps the contract: a peer, a feed, a recording, a list of frames."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest_asyncio

from stream_verifier.decoded.frames import Picture
from stream_verifier.media.fed.source import FedSource
from stream_verifier.media.file import FileSource
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.recorded import RecordedSource
from stream_verifier.media.source import SourceRequest
from stream_verifier.media.types import AudioChunk, VideoFrame
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.peer import Peer
from stream_verifier.media.webrtc.publisher import Publisher
from tests.support.fed import jpeg, silence
from tests.support.frames_source import Frame, FramesFactory
from tests.support.media_source_contract import MediaSourceContract, Played

PICTURE = np.zeros((4, 4, 3), np.uint8)


class TestPeer(MediaSourceContract):
    @pytest_asyncio.fixture
    async def played(self, call_webm: Path) -> AsyncIterator[Played]:
        publisher = Publisher(call_webm, loop=True, host_addresses=LOOPBACK)
        inbox = MediaInbox()
        source = Peer(inbox=inbox, offer_sdp=await publisher.offer(), host_addresses=LOOPBACK)
        tasks: list[asyncio.Task[None]] = []
        yield Played(
            source,
            inbox,
            lambda answer: tasks.append(asyncio.create_task(publisher.accept(answer))),
        )
        await asyncio.gather(*tasks)
        await asyncio.gather(publisher.close(), source.close())


class TestFeed(MediaSourceContract):
    @pytest_asyncio.fixture
    async def played(self, decoders: ThreadPoolExecutor) -> AsyncIterator[Played]:
        inbox = MediaInbox()
        source = FedSource(inbox=inbox, decoders=decoders)
        tasks: list[asyncio.Task[None]] = []

        async def feed() -> None:
            image = jpeg()
            for step in range(600):
                source.take(silence(0.1, at_s=1e9 + step / 10))
                source.take(Picture(1e9 + step / 10, image))
                await asyncio.sleep(0.1)

        yield Played(source, inbox, lambda _: tasks.append(asyncio.create_task(feed())))
        for task in tasks:
            task.cancel()
        await source.close()


class TestRecording(MediaSourceContract):
    @pytest_asyncio.fixture
    async def played(self, call_webm: Path) -> AsyncIterator[Played]:
        inbox = MediaInbox()
        source = RecordedSource(FileSource(call_webm), inbox=inbox)
        yield Played(source, inbox)
        await source.close()


def frames(seconds: float) -> list[Frame]:
    pairs = (
        (AudioChunk(np.zeros(1600, np.int16), at / 10), VideoFrame(PICTURE, at / 10))
        for at in range(round(seconds * 10))
    )
    return [frame for pair in pairs for frame in pair]


class TestListOfFrames(MediaSourceContract):
    @pytest_asyncio.fixture
    async def played(self) -> AsyncIterator[Played]:
        inbox = MediaInbox()
        source = FramesFactory(frames(60))(SourceRequest(session="s1", offer=""), inbox)
        yield Played(source, inbox)
        await source.close()
