"""How media comes, and how much of it."""

from __future__ import annotations

import ipaddress
from typing import Self

from pydantic import Field, SecretStr, model_validator

from stream_verifier.access.urls import check_ice_urls, check_port_range
from stream_verifier.settings.part import Part


class NetworkSettings(Part):
    """How media comes, and how much of it."""

    ice_servers: tuple[str, ...] = Field(
        (), description="STUN or TURN URLs; none by default, never a public one."
    )
    ice_host_addresses: tuple[str, ...] = Field(
        (), description="Local addresses offered as candidates; default: all but loopback."
    )
    turn_urls: tuple[str, ...] = Field(
        (), description="TURN URLs that take credentials made with turn_secret."
    )
    turn_secret: SecretStr | None = Field(
        None, description="The TURN server's shared secret (coturn: static-auth-secret)."
    )
    turn_ttl_s: int = Field(
        3600, ge=60, le=86_400, description="How long a TURN credential can be used to connect."
    )
    udp_ports: str | None = Field(
        None, pattern=r"^\d{1,5}-\d{1,5}$", description="UDP ports for media, FIRST-LAST."
    )
    public_address: str | None = Field(
        None, description="Address of a NAT that forwards udp_ports to this machine one to one."
    )
    private_peers: bool | None = Field(
        None,
        description="Whether media may come from private addresses, as in one's own network; "
        "default: where the server listens on loopback or has such an address itself.",
    )
    max_frame_pixels: int = Field(
        1920 * 1080,
        ge=320 * 240,
        description="Width times height of a picture; larger ones are dropped.",
    )
    max_frame_side_px: int = Field(4096, ge=320, description="Longer side of a picture, likewise.")
    max_frames_per_s: float = Field(70.0, ge=5, description="Pictures taken of a call a second.")
    max_pixels_per_s: float = Field(
        1920 * 1080 * 60.0, ge=320 * 240 * 5, description="Their pixels; what decoding costs."
    )
    max_packets_per_s: float = Field(
        2500.0, ge=100, description="Datagrams taken of a call a second, sound and pictures."
    )
    max_bytes_per_s: float = Field(2_500_000.0, ge=20_000, description="Bytes in them.")

    @model_validator(mode="after")
    def _fit_the_network(self) -> Self:
        check_ice_urls(self.ice_servers, ("stun",))
        check_ice_urls(self.turn_urls, ("turn", "turns"))
        if bool(self.turn_urls) != (self.turn_secret is not None):
            raise ValueError("turn_urls and turn_secret go together: set both or neither")
        if self.public_address is not None:
            _check_ipv4("public_address", self.public_address)
        if self.udp_port_range is not None:
            check_port_range(*self.udp_port_range)
        if self.max_pixels_per_s < self.max_frame_pixels:
            raise ValueError("max_pixels_per_s lets no picture of max_frame_pixels through")
        return self

    @property
    def udp_port_range(self) -> tuple[int, int] | None:
        """First and last UDP port for media; None where any will do."""
        if self.udp_ports is None:
            return None
        first, last = self.udp_ports.split("-")
        return int(first), int(last)


def _check_ipv4(name: str, address: str) -> None:
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        raise ValueError(
            f"{name}: {address!r} is no IPv4 address: give one like 203.0.113.7"
        ) from None
