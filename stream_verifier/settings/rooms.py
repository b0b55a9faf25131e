"""Which rooms of other servers may be attached, and who says who is in them."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from stream_verifier.access.urls import check_room_hosts, is_loopback
from stream_verifier.settings.part import Part
from stream_verifier.webhooks.target import check_signed_target


class RoomSettings(Part):
    """Which rooms of other servers may be attached, and who says who is in them."""

    room_hosts: tuple[str, ...] = Field(
        (),
        description="Servers whose rooms may be attached, such as wss://janus.internal:8989; a "
        "server that listens on loopback may attach those of its own machine.",
    )
    max_rooms: int = Field(16, ge=0, le=1000, description="Rooms attached at once; 0: none.")
    room_away_s: float = Field(
        60.0,
        ge=5,
        le=600,
        description="How long a publisher's call waits when he, or the room's host, is away.",
    )
    room_gone_s: float = Field(
        900.0, ge=30, description="How long a room is tried for whose host is away; then it goes."
    )
    room_map_url: str | None = Field(
        None,
        description="Where is asked who a publisher is, for rooms attached so; https, or http on "
        "loopback.",
    )
    room_map_secret: SecretStr | None = Field(
        None, description="Signs what is asked, as webhook_secret signs events."
    )

    @model_validator(mode="after")
    def _check_rooms(self) -> Self:
        check_room_hosts(self.room_hosts)
        check_signed_target(
            self.room_map_url, self.room_map_secret, "room_map", is_loopback=is_loopback
        )
        return self
