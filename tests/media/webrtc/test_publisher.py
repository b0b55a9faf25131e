from __future__ import annotations

import asyncio
import gc
import os
from pathlib import Path

import av
import pytest

from stream_verifier.errors import MediaError, NegotiationError
from stream_verifier.media.encode import write_webm
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.publisher import Publisher
from tests.support.media import SECONDS, StartCall, sweep


async def test_the_offer_sends_what_the_file_has(call_webm: Path) -> None:
    publisher = Publisher(call_webm, host_addresses=LOOPBACK)
    offer = await publisher.offer()
    assert offer.count("a=sendonly") == 2
    assert "VP8/90000" in offer
    assert "H264/90000" not in offer
    assert "opus/48000/2" in offer
    assert "127.0.0.1" in offer
    await publisher.close()


async def test_sound_alone_can_be_published(tmp_path: Path) -> None:
    write_webm(tmp_path / "sound.webm", [], sweep(1.0), fps=25, size=(64, 64))
    publisher = Publisher(tmp_path / "sound.webm", host_addresses=LOOPBACK)
    offer = await publisher.offer()
    assert "m=audio" in offer
    await publisher.close()


async def test_a_file_that_cannot_be_played_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="Cannot open"):
        await Publisher(tmp_path / "missing.webm").offer()
    with av.open(str(tmp_path / "tone.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(
            sweep(0.1, 16_000).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
    with pytest.raises(MediaError, match="could be sent"):
        await Publisher(tmp_path / "tone.wav").offer()


async def test_an_answer_needs_an_offer_and_must_make_sense(call_webm: Path) -> None:
    publisher = Publisher(call_webm, host_addresses=LOOPBACK)
    with pytest.raises(NegotiationError, match="offer"):
        await publisher.accept("v=0\r\n")
    await publisher.offer()
    with pytest.raises(NegotiationError, match="cannot be used"):
        await publisher.accept("nonsense")
    await publisher.close()


async def test_it_finishes_once_and_closing_twice_is_fine(start_call: StartCall) -> None:
    gc.collect()  # what earlier calls left is not to be counted
    files = len(os.listdir("/proc/self/fd"))
    call = start_call()
    await call.connect()
    async with asyncio.timeout(60):
        await call.publisher.finished.wait()
    assert call.peer.stats.streams["video"].packets >= SECONDS * 25
    await call.close()
    await call.publisher.close()
    assert call.publisher.state == "closed"
    assert len(os.listdir("/proc/self/fd")) == files


async def test_a_loop_goes_on_after_the_end(start_call: StartCall) -> None:
    call = start_call(loop=True)
    await call.connect()
    async with asyncio.timeout(60):
        while call.inbox.stats.video_frames < 2 * SECONDS + 4:
            await asyncio.sleep(0.05)
            call.inbox.drain()
    assert not call.publisher.finished.is_set()
