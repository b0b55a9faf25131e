"""Callers who hide their addresses behind names of mDNS, as browsers do by default."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest
from aioice.ice import Connection

from stream_verifier.media.types import AudioChunk
from stream_verifier.media.webrtc import aiortc_patches
from stream_verifier.media.webrtc.names import MOST_NAMES, HiddenCandidates
from stream_verifier.media.webrtc.peer_addresses import PeerAddresses
from tests.support.media import Call, StartCall

NAME = "c4079e26-1a6a-40b2-b5f9-d53f965574a1.local"
_PATIENCE_S = 60.0
Asked = list[str]


def hidden(offer: str) -> str:
    """An offer as Firefox makes it: names for addresses, and an end of candidates."""
    lines = []
    for line in offer.splitlines():
        if line.startswith("a=candidate"):
            parts = line.split()
            line = " ".join([*parts[:4], NAME, *parts[5:]])
        lines.append(line)
        if line.startswith("a=mid"):
            lines.append("a=end-of-candidates")
    return "\r\n".join(lines) + "\r\n"


def candidate(name: str) -> str:
    return f"1 1 udp 2122260223 {name} 50000 typ host"


@pytest.fixture
def answer_names(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], Asked]:
    """Has the network give one address for every name; keeps what it was asked."""

    def give(address: str | None) -> Asked:
        asked: Asked = []

        async def look_up(connection: Connection, name: str) -> str | None:
            asked.append(name)
            return address

        monkeypatch.setattr(aiortc_patches, "look_up", look_up)
        return asked

    return give


@pytest.fixture
def connection() -> Connection:
    return Connection(ice_controlling=False)


async def heard(call: Call) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not any(  # noqa: ASYNC110 (the inbox has no event)
            isinstance(item, AudioChunk) for item in call.inbox.drain()
        ):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("late_s", [0.0, 1.0])
async def test_a_caller_whose_names_nobody_knows_connects_by_own_checks(
    start_call: StartCall, answer_names: Callable[[str | None], Asked], late_s: float
) -> None:
    asked = answer_names(None)
    call = start_call(loop=True)
    answer = await call.peer.answer(hidden(await call.publisher.offer()))
    await asyncio.sleep(late_s)
    assert call.peer.stats.state != "failed"
    await call.publisher.accept(answer)
    await heard(call)
    assert set(asked) == {NAME}


async def test_an_answer_never_waits_for_names(
    start_call: StartCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look_up(connection: Connection, name: str) -> str | None:
        await asyncio.Event().wait()
        return None

    monkeypatch.setattr(aiortc_patches, "look_up", look_up)
    call = start_call(loop=True)
    await call.publisher.accept(await call.peer.answer(hidden(await call.publisher.offer())))
    await heard(call)


async def test_a_call_whose_addresses_stay_unknown_says_so(
    start_call: StartCall,
    answer_names: Callable[[str | None], Asked],
) -> None:
    answer_names(None)
    call = start_call(connect_timeout_s=0.5)
    await call.peer.answer(hidden(await call.publisher.offer()))
    async with asyncio.timeout(_PATIENCE_S):
        await call.peer.closed.wait()
    failure = call.peer.stats.failure
    assert failure is not None
    assert failure.code == "no_connection"
    assert "could not be resolved" in str(failure)


async def test_a_name_that_the_network_knows_is_tried(
    answer_names: Callable[[str | None], Asked], connection: Connection
) -> None:
    asked = answer_names("192.168.1.20")
    names = HiddenCandidates([candidate(NAME), candidate(NAME.upper())], PeerAddresses())
    await names.look_up(connection)
    assert asked == [NAME]
    assert names.unresolved == 0
    found = connection.remote_candidates
    assert [(c.host, c._network_host, c.port) for c in found] == [(NAME, "192.168.1.20", 50_000)]


@pytest.mark.parametrize(
    ("address", "peers"),
    [
        ("127.0.0.1", PeerAddresses(loopback=False)),
        ("169.254.169.254", PeerAddresses()),
        ("224.0.0.1", PeerAddresses()),
        ("::ffff:10.0.0.5", PeerAddresses(loopback=False)),
        ("db.local", PeerAddresses()),
    ],
)
async def test_only_addresses_where_callers_are_are_tried(
    answer_names: Callable[[str | None], Asked],
    connection: Connection,
    address: str,
    peers: PeerAddresses,
) -> None:
    answer_names(address)
    names = HiddenCandidates([candidate(NAME)], peers)
    await names.look_up(connection)
    assert connection.remote_candidates == []
    assert names.unresolved == 1


@pytest.mark.parametrize(
    "name", ["printer.local", "db.local", "c4079e26.local", "c4079e26-1a6a-40b2-b5f9.local"]
)
async def test_names_of_devices_are_never_looked_up(
    answer_names: Callable[[str | None], Asked], connection: Connection, name: str
) -> None:
    asked = answer_names("10.0.0.5")
    await HiddenCandidates([candidate(name)], PeerAddresses()).look_up(connection)
    assert asked == []
    assert connection.remote_candidates == []


async def test_a_few_names_at_most_are_looked_up_and_none_from_a_public_server(
    answer_names: Callable[[str | None], Asked], connection: Connection
) -> None:
    asked = answer_names("10.0.0.5")
    many = [candidate(re.sub("^.", f"{n:x}", NAME)) for n in range(16)]
    await HiddenCandidates(many, PeerAddresses(private=False)).look_up(connection)
    assert asked == []
    await HiddenCandidates(many, PeerAddresses()).look_up(connection)
    assert len(asked) == MOST_NAMES


async def test_a_network_without_multicast_knows_no_names(
    monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    async def refuse(subscriber: object) -> None:
        raise OSError("no multicast here")

    monkeypatch.setattr(
        "stream_verifier.media.webrtc.aiortc_patches.mdns.get_or_create_mdns_protocol", refuse
    )
    assert await aiortc_patches.look_up(connection, NAME) is None


async def test_odd_candidates_and_late_ones_are_left_out(connection: Connection) -> None:
    odd = candidate(NAME) + " raddr 10.0.0.1 rport x"
    aiortc_patches.add_candidate(connection, odd, "10.0.0.5")
    assert connection.remote_candidates == []
    await connection.close()
    aiortc_patches.add_candidate(connection, candidate(NAME), "10.0.0.5")
    assert connection.remote_candidates == []
