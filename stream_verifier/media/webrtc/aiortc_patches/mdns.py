"""Names: what the addresses behind them are, by multicast alone, beside the call."""

from __future__ import annotations

import contextlib

from aioice.candidate import Candidate
from aioice.ice import Connection, get_or_create_mdns_protocol

_ATTEMPTS = 3
_ATTEMPT_S = 1.0


async def look_up(connection: Connection, name: str) -> str | None:
    """Ask this machine's network for the address of an mDNS name; None where nobody answers.

    aioice itself asks once, and lets the answer to the offer wait for it.
    """
    try:
        protocol = await get_or_create_mdns_protocol(connection)
        for _ in range(_ATTEMPTS):
            if (address := await protocol.resolve(name, timeout=_ATTEMPT_S)) is not None:
                return str(address)
    except OSError:  # Such as no multicast, or a port that is in use.
        return None
    return None


def add_candidate(connection: Connection, candidate: str, address: str) -> None:
    """Add a candidate whose name was looked up; no relay is told of it.

    Args:
        connection: that has not ended.
        candidate: as in SDP, with its name.
        address: of that name.
    """
    if connection._closing:
        return
    with contextlib.suppress(ValueError):  # Odd extensions of a candidate.
        connection._add_remote_candidate(Candidate.from_sdp(candidate), address)
