"""Checks of addresses in the settings, so that a typing error shows at start, not in a call."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

_ICE_URL = re.compile(r"([a-z]+):[^?:/\s]+(:\d{1,5})?(\?transport=(udp|tcp))?")
_LOWEST_PORT = 1024
_HIGHEST_PORT = 65_535


def check_ice_urls(urls: Iterable[str], schemes: Iterable[str]) -> None:
    """Check URLs of STUN or TURN servers (RFC 7064, RFC 7065).

    Raises:
        ValueError: one of them cannot be used.
    """
    schemes = tuple(schemes)
    for url in urls:
        match = _ICE_URL.fullmatch(url)
        if match is None or match[1] not in schemes or (match[1] == "stun" and match[3]):
            wanted = " or ".join(f"{scheme}:HOST:PORT" for scheme in schemes)
            raise ValueError(f"{url} is no such URL: write {wanted}")


def check_port_range(first: int, last: int) -> None:
    """Check a range of unprivileged ports.

    Raises:
        ValueError: it is empty or not wholly of such ports.
    """
    if not _LOWEST_PORT <= first <= last <= _HIGHEST_PORT:
        raise ValueError(
            f"udp_ports {first}-{last} must lie within {_LOWEST_PORT}-{_HIGHEST_PORT}, "
            "the lower one first"
        )


def is_loopback(host: str) -> bool:
    """Whether a listening address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
