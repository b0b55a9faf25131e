"""Packets of media are handled where they arrive, in their order, and only once keys are there."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pylibsrtp
import pytest
from aiortc.rtcdtlstransport import State

from stream_verifier.media.webrtc.aiortc_patches.directly import DirectMedia, to_its_end
from tests.support.media import StartCall

RTP, RTCP = b"\x80\x60" + bytes(20), b"\x80\xc8" + bytes(20)


class Keys:
    """Opens what does not say that it is forged."""

    def unprotect(self, data: bytes) -> bytes:
        if b"forged" in data:
            raise pylibsrtp.Error("authentication failure")
        return data[:2]

    def unprotect_rtcp(self, data: bytes) -> bytes:
        return self.unprotect(data)


class Transport:
    """As much of aiortc's as is needed, connected."""

    def __init__(self) -> None:
        self._state = State.CONNECTED
        self._task: object | None = object()
        self._rx_srtp = Keys()
        self.handled: list[tuple[str, bytes]] = []

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        assert arrival_time_ms > 0
        self.handled.append(("rtp", data))

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self.handled.append(("rtcp", data))


def make() -> tuple[DirectMedia, Transport, asyncio.Queue[Any]]:
    transport, waiting = Transport(), asyncio.Queue[Any]()
    like_aiortc: Any = transport
    connection: Any = SimpleNamespace(_queue=waiting)
    return DirectMedia(like_aiortc, connection), transport, waiting


def test_media_is_handled_at_once() -> None:
    direct, transport, _ = make()
    assert direct.take(RTP)
    assert direct.take(RTCP)
    assert transport.handled == [("rtp", RTP[:2]), ("rtcp", RTCP[:2])]


def test_what_the_keys_do_not_open_is_dropped() -> None:
    direct, transport, _ = make()
    assert direct.take(RTP + b"forged")
    assert transport.handled == []


def test_nothing_overtakes_what_waits() -> None:
    direct, transport, waiting = make()
    waiting.put_nowait((RTP, 1))
    assert not direct.take(RTP)
    assert transport.handled == []


@pytest.mark.parametrize("state", [State.NEW, State.CONNECTING, State.CLOSED, State.FAILED])
def test_without_keys_media_waits(state: State) -> None:
    direct, transport, _ = make()
    transport._state = state
    assert not direct.take(RTP)


def test_a_transport_that_was_stopped_handles_nothing() -> None:
    direct, transport, _ = make()
    transport._task = None
    assert not direct.take(RTP)
    assert transport.handled == []


def test_what_waits_against_expectation_is_told() -> None:
    async def waits() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="adapt aiortc_patches"):
        to_its_end(waits())


async def test_media_of_a_call_does_not_pass_the_queue(start_call: StartCall) -> None:
    call = start_call(loop=True)
    await call.connect()
    pc: Any = call.peer._pc
    async with asyncio.timeout(30):
        while call.peer.stats.streams["video"].frames < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    transport = pc.getTransceivers()[0].receiver.transport
    queued: list[bytes] = []
    receive = transport.transport._recv

    async def noted() -> bytes:
        queued.append(await receive())
        return queued[-1]

    transport.transport._recv = noted
    before = call.peer.stats.streams["audio"].packets
    async with asyncio.timeout(30):
        while call.peer.stats.streams["audio"].packets < before + 20:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert queued == []
