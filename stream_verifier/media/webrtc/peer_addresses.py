"""Where the other side of a call may be."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

LEAST_PORT = 1024
_MDNS_NAME = re.compile(r"[0-9A-Za-z-]{1,63}\.local", re.IGNORECASE)
_DRAWN_NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local", re.IGNORECASE)
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
        return is_mdns_name(host) or self.allow_address(host)

    def allow_address(self, host: str) -> bool:
        """Whether a host is one where a caller might be; never true of a name."""
        try:
            return self._allow(ipaddress.ip_address(host))
        except ValueError:
            return False

    def _allow(self, address: _Address) -> bool:
        if address.is_multicast or address.is_unspecified or address.is_reserved:
            return False
        if address.is_loopback:
            return self.loopback
        if isinstance(address, ipaddress.IPv6Address):
            # Mapped ones are reserved, and scopes mean nothing to another machine.
            if address.is_link_local or address.scope_id or address.sixtofour or address.teredo:
                return False
            if address.is_site_local:  # RFC 3879: once private, and now counted as if global
                return self.private
        elif address.is_link_local:
            return self.link_local
        return self.private or address.is_global


def is_mdns_name(host: str) -> bool:
    """Whether a candidate's address is a name of mDNS."""
    return _MDNS_NAME.fullmatch(host) is not None


def may_be_looked_up(name: str) -> bool:
    """Whether a name is one that browsers draw for a call, and not that of some device.

    They are UUIDs (draft-ietf-mmusic-mdns-ice-candidates, section 3.1.1); a caller who names the
    printer must not have us find out where it is.
    """
    return _DRAWN_NAME.fullmatch(name) is not None


def is_private(host: str) -> bool:
    """Whether an address is of some network of one's own, loopback and a cable's left out."""
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return True
    return not (address.is_global or address.is_loopback or address.is_link_local)


def is_link_local(host: str) -> bool:
    """Whether an address is one that a machine gave itself for one cable."""
    return ipaddress.ip_address(host).is_link_local
