"""Calls that reach the server only through a TURN server: a real coturn."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets

from stream_verifier.hosting.server import RunningServer, running_server
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.webrtc.ice import IceServer
from stream_verifier.media.webrtc.peer import Peer
from stream_verifier.media.webrtc.publisher import Publisher
from stream_verifier.media.webrtc.turn import turn_credential, with_credential
from tests.support.calls import TIMEOUT_S, DemoCalls, Event, make_settings, url_of
from tests.support.certificates import self_signed
from tests.support.turn_server import SECRET, TurnServer, needs_turnserver, turn_server

pytestmark = [needs_turnserver, pytest.mark.asyncio(loop_scope="module")]
NOWHERE: tuple[str, ...] = ()
"""No local addresses: what is left are candidates of the TURN server."""


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    """coturn, running, with a certificate that this machine trusts."""
    folder = tmp_path_factory.mktemp("turn")
    certificate, key = self_signed("turn", "127.0.0.1")
    (folder / "trusted.pem").write_bytes(certificate)
    (folder / "turn.pem").write_bytes(certificate + key)
    with pytest.MonkeyPatch.context() as patch, turn_server(folder, folder / "turn.pem") as turn:
        patch.setenv("SSL_CERT_FILE", str(folder / "trusted.pem"))
        yield turn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(turn: TurnServer, enrolled_dir: Path) -> AsyncIterator[RunningServer]:
    """A server that hands out credentials for that TURN server."""
    settings = make_settings(enrolled_dir, turn_urls=(turn.url,), turn_secret=SECRET)
    async with running_server(settings) as server:
        yield server


async def ask_for_ice_servers(server: RunningServer) -> list[IceServer]:
    async with httpx.AsyncClient() as client:
        answer = (await client.get(f"{server.address}/api/v1/ice-servers")).json()
    return [
        IceServer(url, item.get("username"), item.get("credential"))
        for item in answer["iceServers"]
        for url in item["urls"]
    ]


def candidate_types(sdp: str) -> set[str]:
    return {line.split(" typ ")[1].split()[0] for line in sdp.splitlines() if " typ " in line}


async def test_a_relayed_call_is_verified(server: RunningServer, demo_calls: DemoCalls) -> None:
    servers = await ask_for_ice_servers(server)
    media = demo_calls.get("grace", "grace")
    publisher = Publisher(media, ice_servers=servers, host_addresses=NOWHERE)
    seen: list[Event] = []
    try:
        async with asyncio.timeout(TIMEOUT_S), websockets.connect(url_of(server)) as socket:
            offer = await publisher.offer()
            assert candidate_types(offer) == {"relay"}
            start = {"type": "start", "mode": "verify", "identity": "grace", "sdp": offer}
            await socket.send(json.dumps(start))
            await publisher.accept(json.loads(await socket.recv())["sdp"])
            async for message in socket:
                seen.append(json.loads(message))
                if seen[-1].get("state") == "verified":
                    await socket.send('{"type": "stop"}')
    finally:
        await publisher.close()
    assert "verified" in [event.get("state") for event in seen]
    assert seen[-1]["reason"] == "stopped"


async def test_the_server_offers_its_own_relay_too(
    server: RunningServer, demo_calls: DemoCalls
) -> None:
    publisher = Publisher(demo_calls.get("grace", "grace"), host_addresses=("127.0.0.1",))
    try:
        async with asyncio.timeout(TIMEOUT_S), websockets.connect(url_of(server)) as socket:
            start = {"type": "start", "mode": "verify", "identity": "grace"}
            await socket.send(json.dumps({**start, "sdp": await publisher.offer()}))
            answer = json.loads(await socket.recv())
    finally:
        await publisher.close()
    assert candidate_types(answer["sdp"]) == {"host", "relay"}


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_both_ends_may_be_relayed(turn: TurnServer, demo_calls: DemoCalls, way: str) -> None:
    inbox = MediaInbox(max_audio_s=60)
    url = turn.tls_url if way == "tls" else f"{turn.url}?transport={way}"

    def servers(user: str) -> list[IceServer]:
        credential = turn_credential(SECRET, user=user, expires_s=time.time() + 60)
        return with_credential([url], credential)

    peer = Peer(inbox=inbox, ice_servers=servers("peer"), host_addresses=NOWHERE)
    media = demo_calls.get("grace", "grace")
    publisher = Publisher(media, ice_servers=servers("publisher"), host_addresses=NOWHERE)
    items: list[Any] = []
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answer = await peer.answer(await publisher.offer())
            assert candidate_types(answer) == {"relay"}
            await publisher.accept(answer)
            while len(items) < 20:
                await asyncio.sleep(0.05)
                items += inbox.drain()
    finally:
        await publisher.close()
        await peer.close()


@pytest.mark.parametrize(
    ("secret", "expires_in_s"), [("another", 60.0), (SECRET, -60.0)], ids=["wrong", "expired"]
)
async def test_a_credential_that_is_wrong_or_expired_relays_nothing(
    turn: TurnServer, demo_calls: DemoCalls, secret: str, expires_in_s: float
) -> None:
    credential = turn_credential(secret, user="u", expires_s=time.time() + expires_in_s)
    publisher = Publisher(
        demo_calls.get("grace", "grace"),
        ice_servers=with_credential([turn.url], credential),
        host_addresses=NOWHERE,
    )
    try:
        assert candidate_types(await publisher.offer()) == set()
    finally:
        await publisher.close()
