"""Where the other side of a call may be."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

LEAST_PORT = 1024
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class PeerAddresses:
    """Which addresses of the other side may be tried.

    Attributes:
        private: those that only some network of one's own has, as RFC 1918 and RFC 4193.
        loopback: this machine's own.
        link_local: those of one cable (RFC 3927), where cloud providers keep services too.
    """

    private: bool = True
    loopback: bool = True
    link_local: bool = False

    def allow(self, host: str, port: int) -> bool:
        """Whether a candidate's address is one where a caller might be.

        A name is only taken if it is one of mDNS: a caller must not have us look up any other.
        """
        if not LEAST_PORT <= port <= 65535:
            return False
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host.lower().endswith(".local") and len(host) <= 64
        return self._allow(address)

    def _allow(self, address: _Address) -> bool:
        if address.is_multicast or address.is_unspecified or address.is_reserved:
            return False
        if address.is_loopback:
            return self.loopback
        if isinstance(address, ipaddress.IPv6Address):
            # Mapped ones are reserved, and scopes mean nothing to another machine.
            if address.is_link_local or address.scope_id or address.sixtofour or address.teredo:
                return False
        elif address.is_link_local:
            return self.link_local
        return self.private or address.is_global


def is_private(host: str) -> bool:
    """Whether an address is of some network of one's own, loopback and a cable's left out."""
    address = ipaddress.ip_address(host)
    return not (address.is_global or address.is_loopback or address.is_link_local)


def is_link_local(host: str) -> bool:
    """Whether an address is one that a machine gave itself for one cable."""
    return ipaddress.ip_address(host).is_link_local
