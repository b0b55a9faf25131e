"""What the settings say about the way media takes through networks."""

from __future__ import annotations

from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.webrtc.ice import LOOPBACK, IceServer, LocalEnds, local_addresses
from stream_verifier.media.webrtc.peer_addresses import (
    PeerAddresses,
    is_link_local,
    is_private,
)
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


def media_limits(settings: Settings) -> MediaLimits:
    """How much one call may send."""
    return MediaLimits(
        frame_pixels=settings.max_frame_pixels,
        side_px=settings.max_frame_side_px,
        frames_per_s=settings.max_frames_per_s,
        pixels_per_s=settings.max_pixels_per_s,
        packets_per_s=settings.max_packets_per_s,
        bytes_per_s=settings.max_bytes_per_s,
    )


def peer_addresses(settings: Settings) -> PeerAddresses:
    """Where callers may be: in networks of one's own only if this machine is in one, too."""
    own = host_addresses(settings) or local_addresses()
    private = settings.private_peers
    return PeerAddresses(
        private=is_loopback(settings.host) or any(map(is_private, own))
        if private is None
        else private,
        loopback=is_loopback(settings.host) or LOOPBACK[0] in own,
        link_local=any(map(is_link_local, own)),
    )


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
