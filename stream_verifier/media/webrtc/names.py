"""Candidates whose addresses callers hide behind names: looked up beside the call, if at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aioice.ice import Connection

from stream_verifier.errors import NoConnectionError
from stream_verifier.media.webrtc import aiortc_patches
from stream_verifier.media.webrtc.peer_addresses import PeerAddresses, may_be_looked_up

MOST_NAMES = 8
"""Looked up for one call; a browser has one for each address of its machine."""


class HiddenCandidates:
    """The candidates of one offer that say a name of mDNS in place of an address.

    Browsers do so unless the page has the camera. A call needs none of them: its other side checks
    our addresses, and those checks show where it is. Names are for what only we could open.

    Args:
        candidates: as in SDP.
        peers: which addresses may be tried.
    """

    def __init__(self, candidates: Sequence[str], peers: PeerAddresses) -> None:
        self.unresolved = len(candidates)
        """Candidates whose address is not known."""
        self._candidates = candidates
        self._peers = peers

    async def look_up(self, connection: Connection) -> None:
        """Ask for the addresses, and try those where a caller may be; returns when it knows.

        Only this machine's own network is asked, and only where callers may be in it.
        """
        if not self._peers.private:
            return
        named = [(candidate.split()[4].lower(), candidate) for candidate in self._candidates]
        drawn = list(dict.fromkeys(name for name, _ in named if may_be_looked_up(name)))[
            :MOST_NAMES
        ]
        found = await asyncio.gather(*(aiortc_patches.look_up(connection, n) for n in drawn))
        addresses = dict(zip(drawn, found, strict=True))
        for name, candidate in named:
            address = addresses.get(name)
            if address is not None and self._peers.allow_address(address):
                aiortc_patches.add_candidate(connection, candidate, address)
                self.unresolved -= 1


def no_connection(hidden: HiddenCandidates | None, *, reached: bool) -> NoConnectionError:
    """Say why no connection came about, as far as this side can know.

    Args:
        hidden: candidates of the offer that were names; None without any.
        reached: whether packets came through, so that it is the handshake that failed.
    """
    if reached:
        return NoConnectionError(
            "Packets of the call came through, but its DTLS handshake failed. See that the offer"
            " was sent unchanged, and that the caller knows DTLS 1.2 and a certificate on the curve"
            " P-256 or of RSA."
        )
    names = ""
    if hidden is not None and hidden.unresolved:
        names = (
            f" {hidden.unresolved} addresses in the offer are .local names that could not be"
            " resolved here."
        )
    return NoConnectionError(
        f"No packets of the call came through, though its offer was answered.{names} See that UDP"
        " passes between the caller and this server, or use a TURN server."
    )
