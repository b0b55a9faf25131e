"""What the settings say about the way media takes through networks."""

from __future__ import annotations

from stream_verifier.media.webrtc.ice import LOOPBACK, IceServer, LocalEnds, local_addresses
from stream_verifier.media.webrtc.turn import turn_credential, with_credential
from stream_verifier.settings import Settings, is_loopback


def host_addresses(settings: Settings) -> tuple[str, ...] | None:
    """The local addresses offered to peers; None leaves the choice to aioice.

    A server on loopback offers loopback too, so that a call from this machine needs no network.
    """
    if settings.ice_host_addresses or not is_loopback(settings.host):
        return settings.ice_host_addresses or None
    return (*LOOPBACK, *local_addresses())


def local_ends(settings: Settings) -> LocalEnds:
    """The UDP ports in use and the address of a NAT before them."""
    return LocalEnds(ports=settings.udp_port_range, public_address=settings.public_address)


def ice_servers(settings: Settings, *, user: str, now_s: float) -> list[IceServer]:
    """STUN and TURN servers with a credential that is made for this once.

    Args:
        settings: URLs, secret and how long a credential holds.
        user: an opaque id; the TURN server may log it.
        now_s: seconds since 1970.
    """
    servers = [IceServer(url) for url in settings.ice_servers]
    if settings.turn_secret is None:
        return servers
    expires_s = now_s + settings.turn_ttl_s
    secret = settings.turn_secret.get_secret_value()
    credential = turn_credential(secret, user=user, expires_s=expires_s)
    return servers + with_credential(settings.turn_urls, credential)
