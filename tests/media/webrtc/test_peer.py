from __future__ import annotations

import asyncio
import gc
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import VideoStreamTrack
from av import VideoFrame as AvFrame
from blockbuster import BlockBuster

from stream_verifier.errors import NegotiationError
from stream_verifier.media.file import FileSource
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.media.webrtc import aiortc_patches
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.peer import Peer
from tests.support.lossy import drop_media
from tests.support.media import FPS, SECONDS, Call, StartCall, number_in, numbered

_PATIENCE_S = 60.0


async def _collect(call: Call, until: Callable[[list[MediaItem]], bool]) -> list[MediaItem]:
    """Drain the inbox as a worker would, until enough has come."""
    items: list[MediaItem] = []
    async with asyncio.timeout(_PATIENCE_S):
        while not until(items):
            await asyncio.sleep(0.05)
            items += call.inbox.drain()
    return items


def _sound_s(items: list[MediaItem]) -> float:
    return sum(len(i.samples) for i in items if isinstance(i, AudioChunk)) / 16_000


def _pictures(items: list[MediaItem]) -> list[VideoFrame]:
    return [item for item in items if isinstance(item, VideoFrame)]


def _gaps(items: list[MediaItem], kind: str) -> list[MediaGap]:
    return [item for item in items if isinstance(item, MediaGap) and item.kind == kind]


async def _whole(call: Call) -> list[MediaItem]:
    await call.connect()
    items = await _collect(call, lambda _: call.publisher.finished.is_set())
    await asyncio.sleep(0.3)
    return items + call.inbox.drain()


def _lose(pc: RTCPeerConnection, share: float, seed: int) -> list[int]:
    """Lose a share of media packets in both directions; return a counter of them."""
    lots, lost = random.Random(seed), [0]

    def unlucky(data: bytes) -> bool:
        lost[0] += (drop := 127 < data[0] < 192 and lots.random() < share)
        return drop

    drop_media(pc, unlucky)
    return lost


def _pc(peer: Peer) -> RTCPeerConnection:
    assert peer._pc is not None
    return peer._pc


def _cut(call: Call) -> None:
    """Kill the publisher: nothing leaves it any more, no goodbye either."""
    assert call.publisher._connection is not None
    for connection in aiortc_patches.ice_connections(call.publisher._connection):
        for protocol in connection._protocols:
            protocol.transport.sendto = lambda *_: None  # type: ignore[method-assign]


async def test_a_live_call_gives_what_the_file_gives(
    loop_never_blocks: BlockBuster,
    start_call: StartCall,
    call_webm: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A file's pictures are picked on a grid, a call's by chance; without chance they are the ones
    # before those, which were on display at the grid's moments.
    monkeypatch.setattr("random.SystemRandom", lambda: SimpleNamespace(random=lambda: 0.0))
    call = start_call()
    live = await _whole(call)
    filed = await asyncio.to_thread(lambda: list(FileSource(call_webm)))

    # The first of each half second: where the picture changes, a call is looked at once more.
    seen, meant_to_be = (
        {
            int((f.time_s + ahead / FPS) * 2 + 0.01): number_in(f.image) + ahead
            for f in reversed(_pictures(items))
        }
        for items, ahead in ((live, 1), (filed, 0))
    )
    assert len(meant_to_be) == 2 * SECONDS
    assert set(seen) >= set(range(1, 7))
    # Until sender reports come, audio and video are aligned by arrival: less exactly.
    apart = {point: abs(seen[point] - meant_to_be[point]) for point in range(7)}
    assert max(apart[point] for point in (4, 5, 6)) <= 1
    assert max(apart.values()) <= 8
    offsets = [f.time_s - number_in(f.image) / FPS for f in _pictures(live)]
    assert max(offsets[4:]) - min(offsets[4:]) < 0.04

    heard, meant = (
        np.concatenate([i.samples for i in items if isinstance(i, AudioChunk)]).astype(float)
        for items in (live, filed)
    )
    assert len(heard) == pytest.approx(len(meant), abs=16_000 * 0.05)
    span = min(len(heard), len(meant)) - 800
    shifted = [
        np.corrcoef(heard[s : s + span - 400], meant[: span - 400])[0, 1] for s in range(400)
    ]
    assert max(shifted) > 0.98
    assert not _gaps(live, "audio")
    assert call.peer.stats.synchronised


async def test_sound_is_contiguous_and_times_never_run_backwards(start_call: StartCall) -> None:
    items = await _whole(start_call())
    chunks = [item for item in items if isinstance(item, AudioChunk)]
    assert chunks[0].start_s == pytest.approx(0.0, abs=0.5)
    for before, after in zip(chunks, chunks[1:], strict=False):
        assert after.start_s == pytest.approx(before.end_s, abs=1e-6)
        assert after.arrived_s is not None
    times = [frame.time_s for frame in _pictures(items)]
    assert times == sorted(times)


async def test_five_percent_loss_both_ways(start_call: StartCall) -> None:
    call = start_call(loop=True)
    answer = await call.peer.answer(await call.publisher.offer())
    lost = _lose(_pc(call.peer), 0.05, seed=4)
    await call.publisher.accept(answer)
    items = await _collect(call, lambda got: _sound_s(got) > 2 * SECONDS)
    assert lost[0] > 20
    assert call.peer.stats.streams["audio"].lost > 5
    assert not _gaps(items, "audio")
    chunks = [item for item in items if isinstance(item, AudioChunk)]
    assert chunks[-1].end_s - chunks[0].start_s == pytest.approx(_sound_s(items), abs=0.001)
    # Whatever was scored must show a whole picture of its moment, none of it garbage.
    frames = _pictures(items)
    assert len(frames) >= 2 * SECONDS
    settled = [frame for frame in frames if frame.time_s > SECONDS]
    offsets = [(f.time_s - number_in(f.image) / FPS) % SECONDS for f in settled]
    spread = [(o - offsets[0] + SECONDS / 2) % SECONDS - SECONDS / 2 for o in offsets]
    assert max(spread) - min(spread) < 0.15


@pytest.mark.parametrize("kind", ["audio", "video"])
async def test_a_muted_track_is_a_gap_once_it_is_back(start_call: StartCall, kind: str) -> None:
    call = start_call(loop=True)
    await call.connect()
    await _collect(call, lambda got: _sound_s(got) > 0.5 and len(_pictures(got)) > 1)
    call.publisher.mute(kind)
    # Two looks in a row may be next to each other; shorter mutes are pauses.
    long = {"audio": lambda got: len(_pictures(got)) > 5, "video": lambda got: _sound_s(got) > 1.5}
    await _collect(call, long[kind])
    call.publisher.mute(kind, False)
    items = await _collect(call, lambda got: bool(_gaps(got, kind)))
    gap = _gaps(items, kind)[0]
    assert gap.reason == "muted"
    assert gap.end_s - gap.start_s > 0.5


async def test_a_killed_peer_is_noticed(start_call: StartCall) -> None:
    call = start_call(loop=True, silence_timeout_s=2.0)
    await call.connect()
    await _collect(call, lambda got: _sound_s(got) > 0.5)
    assert not call.peer.closed.is_set()
    _cut(call)
    async with asyncio.timeout(_PATIENCE_S):
        await call.peer.closed.wait()
    silent_s = call.peer.stats.streams["audio"].silent_s
    assert silent_s is not None
    assert silent_s >= 1.5


async def test_a_peer_that_mutes_everything_is_not_taken_for_dead(start_call: StartCall) -> None:
    call = start_call(loop=True, silence_timeout_s=2.5)
    await call.connect()
    await _collect(call, lambda got: _sound_s(got) > 0.5)
    for kind in ("audio", "video"):
        call.publisher.mute(kind)
    await asyncio.sleep(5)
    assert not call.peer.closed.is_set()


async def test_a_peer_that_leaves_closes_the_call(start_call: StartCall) -> None:
    call = start_call()
    await call.connect()
    await _collect(call, lambda got: _sound_s(got) > 0.2)
    await call.publisher.close()
    async with asyncio.timeout(_PATIENCE_S):
        await call.peer.closed.wait()


async def test_a_peer_that_never_connects_is_given_up(start_call: StartCall) -> None:
    call = start_call(connect_timeout_s=0.5)
    await call.peer.answer(await call.publisher.offer())
    async with asyncio.timeout(_PATIENCE_S):
        await call.peer.closed.wait()


async def _short_call(start_call: StartCall) -> None:
    call = start_call()
    await call.connect()
    await _collect(call, lambda got: _sound_s(got) > 0.2)
    await asyncio.gather(call.close(), call.peer.close())
    await call.peer.close()


async def test_closing_leaves_nothing_behind(start_call: StartCall) -> None:
    def level() -> tuple[int, int, int]:
        # What earlier tests left to the collector is none of these calls'.
        gc.collect()
        files = len(os.listdir("/proc/self/fd"))
        return files, threading.active_count(), len(asyncio.all_tasks())

    await _short_call(start_call)
    before = level()
    for _ in range(3):
        await _short_call(start_call)
    after = level()
    assert all(now <= then for now, then in zip(after, before, strict=True)), (before, after)


async def test_connecting_and_closing_never_block_the_loop(
    loop_never_blocks: BlockBuster, start_call: StartCall
) -> None:
    await _short_call(start_call)


@pytest.mark.parametrize("steps", [0, 1, 3, 10])
async def test_closing_while_it_connects(start_call: StartCall, steps: int) -> None:
    call = start_call()
    await call.connect()
    for _ in range(steps):
        await asyncio.sleep(0.02)
    await call.peer.close()
    assert call.peer.closed.is_set()
    assert not [t for t in threading.enumerate() if "decoder" in t.name]


async def test_calls_closed_while_they_connect_leave_no_task(start_call: StartCall) -> None:
    for step in range(16):
        call = start_call()
        await call.connect()
        await asyncio.sleep(step * 0.01)
        await (call.peer.close() if step % 2 else call.publisher.close())
        await call.close()
    async with asyncio.timeout(_PATIENCE_S):
        while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_broken_offer_is_refused_and_leaves_nothing_behind(call_webm: Path) -> None:
    sockets = len(psutil.Process().net_connections())
    for sdp in ("", "nonsense", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"):
        peer = Peer(inbox=MediaInbox(), host_addresses=LOOPBACK)
        with pytest.raises(NegotiationError):
            await peer.answer(sdp)
        await peer.close()
    assert len(psutil.Process().net_connections()) == sockets


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a=rtpmap:", "a=rtpmap:x"),
        ("VP8/90000", "AV1/90000"),
        ("a=mid:0", "a=mid:7"),
        ("a=mid:1", "a=mid:0"),
        ("a=mid:", "a=middle:"),
        ("UDP/TLS/RTP/SAVPF", "udp"),
        ("a=candidate:", "a=candidate:broken "),
        ("sha-256", "md5-but-worse"),
        (" typ host", " typ nonsense"),
    ],
)
async def test_a_damaged_offer_never_raises_anything_else(
    start_call: StartCall, old: str, new: str
) -> None:
    call = start_call()
    offer = await call.publisher.offer()
    assert old in offer
    try:
        await call.peer.answer(offer.replace(old, new))
    except NegotiationError as error:
        assert len(str(error)) > 20


async def test_a_second_offer_is_refused(start_call: StartCall) -> None:
    call = start_call()
    offer = await call.publisher.offer()
    await call.peer.answer(offer)
    with pytest.raises(NegotiationError, match="already"):
        await call.peer.answer(offer)


async def test_a_machine_without_addresses_says_what_to_set(start_call: StartCall) -> None:
    call = start_call(host_addresses=())
    with pytest.raises(NegotiationError, match=r"127\.0\.0\.1"):
        await call.peer.answer(await call.publisher.offer())


async def test_an_answer_only_receives(start_call: StartCall) -> None:
    call = start_call()
    answer = await call.peer.answer(await call.publisher.offer())
    assert answer.count("a=recvonly") == 2
    assert "127.0.0.1" in answer


async def test_a_failing_reader_ends_the_call_and_is_logged(
    start_call: StartCall, caplog: pytest.LogCaptureFixture
) -> None:
    call = start_call()

    def fail(item: MediaItem) -> None:
        raise RuntimeError("the inbox broke")

    call.inbox.put = fail  # type: ignore[method-assign]
    await call.connect()
    async with asyncio.timeout(_PATIENCE_S):
        await call.peer.closed.wait()
    assert "what was decoded cannot be taken" in caplog.text


class _GrowingVideo(VideoStreamTrack):
    """A camera whose picture changes its size in mid-call."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    async def recv(self) -> AvFrame:
        pts, time_base = await self.next_timestamp()
        self._count += 1
        size = (320, 240) if self._count < 45 else (480, 640)
        frame = AvFrame.from_ndarray(numbered(self._count % 256, size), format="bgr24")
        frame.pts, frame.time_base = pts, time_base
        return frame


async def test_the_picture_may_change_its_size_in_mid_call() -> None:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTrack(_GrowingVideo())
    aiortc_patches.use_host_addresses(pc, LOOPBACK)
    inbox = MediaInbox()
    peer = Peer(inbox=inbox, host_addresses=LOOPBACK)
    await pc.setLocalDescription(await pc.createOffer())
    answer = await peer.answer(pc.localDescription.sdp)
    await pc.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
    shapes: set[tuple[int, ...]] = set()
    async with asyncio.timeout(_PATIENCE_S):
        while len(shapes) < 2:
            await asyncio.sleep(0.05)
            shapes |= {item.image.shape for item in _pictures(inbox.drain())}
    await pc.close()
    await peer.close()
    assert shapes == {(240, 320, 3), (640, 480, 3)}
