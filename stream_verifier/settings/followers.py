"""Who is told of events, and where they are posted."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from stream_verifier.access.urls import is_loopback
from stream_verifier.settings.part import Part
from stream_verifier.webhooks.target import check_target


class FollowerSettings(Part):
    """Who is told of events, and where they are posted."""

    max_subscribers: int = Field(
        256, ge=1, description="Subscribers of the event feed served at once; more are refused."
    )
    webhook_url: str | None = Field(
        None, description="Where events are posted to; https, or http on loopback."
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Signs what is posted: 24 to 64 bytes as base64, whsec_ before it or not."
    )
    webhook_types: tuple[str, ...] = Field(
        (), description="Event types that are posted; all but scores and progress by default."
    )
    webhook_evidence: bool = Field(
        False, description="Whether evidence is posted in numbers, rounded."
    )

    @model_validator(mode="after")
    def _check_webhook(self) -> Self:
        check_target(
            self.webhook_url, self.webhook_secret, self.webhook_types, is_loopback=is_loopback
        )
        return self
