"""Gathering: which local addresses and ports a connection uses, and what it tells of them."""

from __future__ import annotations

import asyncio
import copy
import logging
import random
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import Connection, StunProtocol, server_reflexive_candidate
from aioice.turn import UDP_SOCKET_BUFFER_SIZE
from aiortc import RTCPeerConnection

from stream_verifier.media.webrtc.aiortc_patches.connection import ice_connections
from stream_verifier.media.webrtc.aiortc_patches.names import replace
from stream_verifier.media.webrtc.ice import LocalEnds

_logger = logging.getLogger(__name__)
_Gather = Callable[..., Any]
_STUN_S = 5.0


def use_host_addresses(pc: RTCPeerConnection, addresses: Sequence[str]) -> None:
    """Gather candidates on exactly these local addresses; call it before gathering."""
    gather_on(pc, addresses, LocalEnds())


def gather_on(pc: RTCPeerConnection, addresses: Sequence[str] | None, ends: LocalEnds) -> None:
    """Choose what a connection gathers; call it before it does.

    Args:
        pc: with all its transceivers.
        addresses: local addresses; None for all but loopback.
        ends: ports to bind, and an address to offer beside.
    """
    for connection in ice_connections(pc):
        gather: _Gather = connection.get_component_candidates
        if ends.ports is not None:
            gather = _on_ports(connection, gather, ends.ports)
        if ends.public_address is not None:
            gather = _offering(gather, ends.public_address)
        if addresses is not None:
            gather = _on_addresses(gather, list(addresses))
        replace(connection, "get_component_candidates", gather)


def _on_addresses(original: _Gather, chosen: list[str]) -> _Gather:
    async def gather(component: int, addresses: list[str], **rest: Any) -> Any:  # noqa: ARG001
        return await original(component=component, addresses=chosen, **rest)

    return gather


def _offering(original: _Gather, public_address: str) -> _Gather:
    """Offer what is bound under the NAT's address too; packets come in by the same sockets."""

    async def gather(component: int, addresses: list[str], **rest: Any) -> list[Candidate]:
        found: list[Candidate] = await original(component=component, addresses=addresses, **rest)
        return found + [
            _moved(candidate, public_address)
            for candidate in found
            if candidate.type == "host" and ":" not in candidate.host
        ]

    return gather


def _moved(candidate: Candidate, host: str) -> Candidate:
    moved = copy.copy(candidate)
    moved.host = moved._network_host = host
    moved.foundation = candidate_foundation("host", "udp", host)
    return moved


def _on_ports(connection: Connection, original: _Gather, ports: tuple[int, int]) -> _Gather:
    """Bind within a range of ports; the original still asks the TURN server."""

    async def gather(component: int, addresses: list[str], **rest: Any) -> list[Candidate]:
        bound = [await _bind(connection, component, address, ports) for address in addresses]
        protocols = [protocol for protocol in bound if protocol is not None]
        connection._protocols += protocols
        relayed, mapped = await asyncio.gather(
            original(component=component, addresses=[], **rest), _mapped(connection, protocols)
        )
        return [*(protocol.local_candidate for protocol in protocols), *mapped, *relayed]

    return gather


async def _mapped(connection: Connection, protocols: Iterable[StunProtocol]) -> list[Candidate]:
    """Ask the STUN server, if there is one, what these look like from outside."""
    if (server := connection.stun_server) is None:
        return []
    asked = [p for p in protocols if ":" not in p.local_candidate.host]
    answers = await asyncio.gather(
        *(asyncio.wait_for(server_reflexive_candidate(p, server), _STUN_S) for p in asked),
        return_exceptions=True,
    )
    return [answer[0] for answer in answers if not isinstance(answer, BaseException)]


async def _bind(
    connection: Connection, component: int, address: str, ports: tuple[int, int]
) -> StunProtocol | None:
    if (bound := _bound_socket(address, ports)) is None:
        return None
    _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: StunProtocol(connection), sock=bound
    )
    host, port = bound.getsockname()[:2]
    protocol.local_candidate = Candidate(
        foundation=candidate_foundation("host", "udp", host),
        component=component,
        transport="udp",
        priority=candidate_priority(component, "host"),
        host=host,
        port=port,
        type="host",
    )
    return protocol


def _bound_socket(address: str, ports: tuple[int, int]) -> socket.socket | None:
    """Bind a free port of the range; the first to try is drawn, so that calls seldom collide."""
    first, last = ports
    count = last - first + 1
    start = random.randrange(count)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for step in range(count):
        candidate = socket.socket(family, socket.SOCK_DGRAM)
        try:
            candidate.setblocking(False)
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_SOCKET_BUFFER_SIZE)
            candidate.bind((address, first + (start + step) % count))
        except OSError:
            candidate.close()
        else:
            return candidate
    _logger.warning("no UDP port from %d to %d is free: widen udp_ports", first, last)
    return None
