"""Whether settings trust somebody in particular: nobody in general, and no secret that is none."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

_WIDEST = {4: 8, 6: 7}
"""Bits of the widest networks that one operator has: 10.0.0.0/8 and fc00::/7."""
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_LEAST_CHARS, _LEAST_DISTINCT = 16, 6


def check_proxies(proxies: Iterable[str]) -> None:
    """Refuse anything but addresses and networks that can be one operator's.

    Raises:
        ValueError: one of them is neither, or so wide that it trusts everybody.
    """
    for proxy in proxies:
        if proxy.strip() == "*":
            raise ValueError(
                "trusted_proxies cannot be *: whoever connects could say where he comes from. "
                "Name the proxy's address or network."
            )
        try:
            network = ipaddress.ip_network(proxy)
        except ValueError:
            raise ValueError(
                f"trusted_proxies: {proxy!r} is no address and no network. Write 192.0.2.7 or "
                "192.0.2.0/24."
            ) from None
        if _is_everybody(network):
            raise ValueError(
                f"trusted_proxies: {proxy} is as good as everybody, and whoever connects could say "
                "where he comes from. Name the proxy's address or network."
            )


def _is_everybody(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    bits = network.prefixlen
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        return bits - _MAPPED.prefixlen < _WIDEST[4]
    return bits < _WIDEST[network.version]


def check_hosts(hosts: Iterable[str], *, any_host: bool) -> None:
    """Refuse names that any name fits, unless that is wanted.

    Raises:
        ValueError: one of them is as good as every name.
    """
    for host in hosts:
        name = host.strip()
        if any_host or "*" not in name:
            continue
        if name == "*" or name.startswith("*.") and name.count(".") < 2:
            raise ValueError(
                f"allowed_hosts {name} fits names of anybody, which lets foreign pages in by DNS "
                "rebinding. Name the hosts, or set STREAM_VERIFIER_ANSWER_ANY_HOST=true."
            )
        if not name.startswith("*.") or "*" in name[1:]:
            raise ValueError(
                f"allowed_hosts: {name} fits nothing. * stands before a whole name only, as in "
                "*.verify.example."
            )


def check_origins(origins: Iterable[str]) -> None:
    """Refuse anything but origins of pages.

    Raises:
        ValueError: one of them is *, "null", or no origin.
    """
    for origin in origins:
        parts = urlsplit(origin)
        named = parts.scheme in ("http", "https") and parts.netloc and "*" not in origin
        if not named or origin != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
            raise ValueError(
                f"allowed_origins: {origin!r} is no page's origin. Name each one, such as "
                "https://portal.example, without a path and without *."
            )


def check_provider(issuer: str, *, has_roles: bool, local: bool) -> None:
    """Refuse an identity provider that anybody on the way could speak for.

    Args:
        issuer: its address.
        has_roles: whether any role of it allows anything.
        local: whether its host is this machine.

    Raises:
        ValueError: it is no address by https, or nothing is taken from it.
    """
    parts = urlsplit(issuer)
    plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    if not parts.netloc or not plain or parts.scheme not in ("https", *["http"] * local):
        raise ValueError(
            "oidc_issuer is the provider's address as its tokens name it, such as "
            "https://login.example/realms/staff"
        )
    if not has_roles:
        raise ValueError(
            "oidc_roles is empty, so that nobody of the provider may do anything: write what each "
            'role allows, such as {"guards": ["events:read"]}'
        )


def check_secret(secret: str, what: str) -> None:
    """Refuse a secret that can be guessed.

    Raises:
        ValueError: it is short, or the same few characters again and again.
    """
    if len(secret) < _LEAST_CHARS:
        raise ValueError(
            f"{what} is short enough to be guessed: use {_LEAST_CHARS} characters or more"
        )
    if len(set(secret)) < _LEAST_DISTINCT:
        raise ValueError(f"{what} repeats so few characters that it can be guessed: draw a new one")


def check_apart(secrets: Iterable[str]) -> None:
    """Refuse one secret for two purposes, however it is written.

    Raises:
        ValueError: two are the same.
    """
    known = [_meant(secret) for secret in secrets]
    if len(set(known)) < len(known):
        raise ValueError("one key serves two purposes: make one for each of them")


def _meant(secret: str) -> bytes:
    """The bytes that a key stands for, or those of its text where it is none."""
    text = secret.strip().removeprefix("whsec_").rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return secret.encode()
