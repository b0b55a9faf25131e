"""Which rooms of other servers may be attached, and who says who is in them."""

from __future__ import annotations

from typing import Self

from pydantic import Field, JsonValue, SecretStr, model_validator

from stream_verifier.access.urls import check_room_hosts, is_loopback
from stream_verifier.settings.part import Part
from stream_verifier.webhooks.target import check_signed_target

_LEAST_SECRET_CHARS = 32


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
    livekit_api_key: str | None = Field(
        None, min_length=1, description="Key of LiveKit's API, to enter its rooms with."
    )
    livekit_api_secret: SecretStr | None = Field(
        None, min_length=1, description="Its secret. Tokens are signed with it; it goes nowhere."
    )
    livekit_follow_url: str | None = Field(
        None,
        description="LiveKit's address, of which rooms are attached when its webhooks tell that "
        "they begin, and detached at their end.",
    )
    livekit_follow_rooms: str = Field(
        "*", max_length=128, description="Which of them, by name; * is anything, as in files."
    )
    livekit_follow_map: dict[str, JsonValue] = Field(
        {"by": "feed"}, description="Who is who in them, as when one is attached."
    )
    livekit_follow_tells: bool = Field(False, description="Whether verdicts are sent into them.")

    @model_validator(mode="after")
    def _check_rooms(self) -> Self:
        check_room_hosts(self.room_hosts)
        check_signed_target(
            self.room_map_url, self.room_map_secret, "room_map", is_loopback=is_loopback
        )
        self._check_livekit()
        return self

    def _check_livekit(self) -> None:
        key, secret, url = self.livekit_api_key, self.livekit_api_secret, self.livekit_follow_url
        if (key is None) != (secret is None):
            raise ValueError("livekit_api_key and livekit_api_secret go together: set both")
        if url is None:
            return
        if secret is None:
            raise ValueError("livekit_follow_url needs livekit_api_key: webhooks are signed by it")
        if len(secret.get_secret_value()) < _LEAST_SECRET_CHARS:
            raise ValueError(
                f"livekit_api_secret has fewer than {_LEAST_SECRET_CHARS} characters, so that "
                "webhooks could be forged: livekit_follow_url needs a longer one"
            )
        check_room_hosts([url], "livekit_follow_url")
