"""How peer connections find each other: ICE servers and local addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ifaddr
from aiortc import RTCConfiguration, RTCIceServer

LOOPBACK = ("127.0.0.1",)
"""What reaches this machine alone; aioice offers it to a peer only when told to."""


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server.

    Attributes:
        url: such as "stun:host:3478" or "turn:host:3478?transport=udp".
        username: for TURN.
        credential: the password for TURN.
    """

    url: str
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class LocalEnds:
    """What this machine's own ends of media connections look like.

    Attributes:
        ports: first and last UDP port for media; None leaves the choice to the system.
        public_address: of a NAT that forwards these ports one to one; offered beside the local
            addresses.
    """

    ports: tuple[int, int] | None = None
    public_address: str | None = None


def configuration(ice_servers: Sequence[IceServer | str]) -> RTCConfiguration:
    """Make aiortc's configuration, explicit even when empty.

    Without an explicit list aiortc asks a public STUN server, which leaks the address of the
    machine and, without DNS, makes every answer 5 s late.
    """
    servers = [IceServer(s) if isinstance(s, str) else s for s in ice_servers]
    return RTCConfiguration(
        iceServers=[
            RTCIceServer(urls=s.url, username=s.username, credential=s.credential) for s in servers
        ]
    )


def local_addresses() -> tuple[str, ...]:
    """Return this machine's IPv4 addresses, loopback left out."""
    found = (ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips)
    return tuple(ip for ip in found if isinstance(ip, str) and not ip.startswith("127."))
