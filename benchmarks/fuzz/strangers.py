"""Datagrams as they come off the network, from somebody who knows the port and no more."""

from __future__ import annotations

import asyncio
from typing import Any

from aioice.candidate import Candidate
from aioice.ice import Connection, StunProtocol

from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.webrtc.aiortc_patches import Arrivals, CallBudget, limit_checks

_STRANGER, _CALLER = ("198.51.100.7", 5000), ("192.0.2.8", 6000)
_HOME = "1 1 udp 2122260223 192.0.2.9 7000 typ host"


def arrive(data: bytes) -> None:
    """Receive a datagram, once from a stranger and once from the caller's own address."""
    asyncio.run(_arrive(data))


async def _arrive(data: bytes) -> None:
    connection: Any = Connection(ice_controlling=False)
    connection.remote_username, connection.remote_password = "user", "p" * 22
    checks = limit_checks(connection)
    checks.meet(_CALLER)
    guard: Any = Arrivals(connection, checks, CallBudget(MediaLimits()))
    protocol: Any = StunProtocol(connection)
    protocol.local_candidate = Candidate.from_sdp(_HOME)
    sent: list[tuple[int, Any]] = []
    protocol.send_stun = lambda message, addr: sent.append((len(bytes(message)), addr))

    async def bound(**_: Any) -> list[Any]:
        connection._protocols.append(protocol)
        return [protocol.local_candidate]

    guard._gather = bound
    await connection.get_component_candidates()
    for addr in (_STRANGER, _CALLER):
        protocol.datagram_received(data, addr)
    waiting = connection._queue.qsize()
    assert waiting <= 1  # The caller's alone, and nothing that ends the call.
    assert waiting == 0 or 0 < len(connection._queue.get_nowait()[0]) <= 1500
    # Nobody without the call's credentials gets more than a little back.
    assert all(size <= 100 for size, _ in sent)
    assert checks.known == {_CALLER}
    connection._protocols.clear()
    await connection.close()
