"""Ports and addresses that a call is told to use, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from stream_verifier.errors import NegotiationError
from stream_verifier.media.types import AudioChunk, MediaItem
from stream_verifier.media.webrtc.ice import LocalEnds
from tests.support.media import StartCall


@contextlib.contextmanager
def taken(count: int) -> Iterator[tuple[int, int]]:
    """Take some UDP ports that follow each other."""
    for first in range(41_000, 60_000, 97):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            yield first, first + count - 1
            return
    raise RuntimeError("no free ports")


def candidates(sdp: str) -> set[tuple[str, int]]:
    """Addresses and ports that an SDP offers."""
    lines = [line.split() for line in sdp.splitlines() if line.startswith("a=candidate:")]
    return {(line[4], int(line[5])) for line in lines}


async def test_media_uses_a_port_of_the_range(start_call: StartCall) -> None:
    with taken(4) as (first, last):
        pass  # free again, and nobody else's for this moment
    call = start_call(local_ends=LocalEnds(ports=(first, last)))
    answer = await call.peer.answer(await call.publisher.offer())
    assert {first <= port <= last for _, port in candidates(answer)} == {True}
    await call.publisher.accept(answer)
    items: list[MediaItem] = []
    async with asyncio.timeout(60):
        while not any(isinstance(item, AudioChunk) for item in items):
            await asyncio.sleep(0.05)
            items += call.inbox.drain()


async def test_the_last_free_port_is_found_and_given_back(start_call: StartCall) -> None:
    with taken(3) as (first, last):
        ends = LocalEnds(ports=(first, last + 1))
        call = start_call(local_ends=ends)
        answer = await call.peer.answer(await call.publisher.offer())
        assert {port for _, port in candidates(answer)} == {last + 1}
        await call.peer.close()
        again = start_call(local_ends=ends)
        answer = await again.peer.answer(await again.publisher.offer())
        assert {port for _, port in candidates(answer)} == {last + 1}


async def test_a_range_in_use_is_refused_with_what_to_set(
    start_call: StartCall, caplog: pytest.LogCaptureFixture
) -> None:
    with taken(2) as ports:
        call = start_call(local_ends=LocalEnds(ports=ports))
        with pytest.raises(NegotiationError, match="udp_ports"):
            await call.peer.answer(await call.publisher.offer())
    assert "is free: widen udp_ports" in caplog.text


async def test_the_address_of_a_nat_is_offered_beside_with_the_same_port(
    start_call: StartCall,
) -> None:
    call = start_call(local_ends=LocalEnds(public_address="203.0.113.7"))
    answer = await call.peer.answer(await call.publisher.offer())
    found = candidates(answer)
    assert {host for host, _ in found} == {"127.0.0.1", "203.0.113.7"}
    assert len({port for _, port in found}) == 1


async def test_a_stun_server_that_is_silent_costs_nothing_but_its_candidate(
    start_call: StartCall,
) -> None:
    with taken(1) as (silent, _), taken(4) as (first, last):
        pass
    call = start_call(
        ice_servers=(f"stun:127.0.0.1:{silent}",), local_ends=LocalEnds(ports=(first, last))
    )
    answer = await call.peer.answer(await call.publisher.offer())
    assert {host for host, _ in candidates(answer)} == {"127.0.0.1"}
