"""Checks of addresses in the settings, so that a typing error shows at start, not in a call."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_ICE_URL = re.compile(r"([a-z]+):[^?:/\s]+(:\d{1,5})?(\?transport=(udp|tcp))?")
_ROOM_SCHEMES = {"ws": 80, "wss": 443, "http": 80, "https": 443}
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


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a room's host, as two URLs are compared by.

    Raises:
        ValueError: it is none, or holds a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in _ROOM_SCHEMES or not parts.hostname or parts.port == 0:
        raise ValueError("write a room's host like wss://host:8989")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("a room's host holds no password, query or fragment")
    return parts.scheme, parts.hostname, parts.port or _ROOM_SCHEMES[parts.scheme]


def check_room_hosts(urls: Iterable[str], setting: str = "room_hosts") -> None:
    """Check addresses of rooms' hosts.

    Args:
        urls: each.
        setting: that holds them.

    Raises:
        ValueError: one of them cannot be used.
    """
    for url in urls:
        try:
            origin_of(url)
        except ValueError as error:
            raise ValueError(f"{setting}: {error}") from None


def is_loopback(host: str) -> bool:
    """Whether a listening address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
