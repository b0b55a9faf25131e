"""Configuration: defaults, overridden by STREAM_VERIFIER_* environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from stream_verifier.access import trust
from stream_verifier.access.urls import is_loopback as is_loopback
from stream_verifier.errors import SettingsError
from stream_verifier.settings.access import AccessSettings
from stream_verifier.settings.calls import CallSettings
from stream_verifier.settings.environment import PREFIX, Environment, misspelt
from stream_verifier.settings.fleet import FleetSettings
from stream_verifier.settings.followers import FollowerSettings
from stream_verifier.settings.network import NetworkSettings
from stream_verifier.settings.rooms import RoomSettings
from stream_verifier.settings.store import StoreSettings


class Settings(
    AccessSettings,
    StoreSettings,
    CallSettings,
    FollowerSettings,
    NetworkSettings,
    FleetSettings,
    RoomSettings,
    BaseSettings,
):
    """All settings, each also an environment variable with the prefix STREAM_VERIFIER_."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - ours in its place
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no such file is read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor these
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code wins over the environment."""
        return init_settings, Environment(settings_cls)

    @model_validator(mode="after")
    def _be_found_by_others(self) -> Self:
        if self.redis_url is None:
            return self
        if 0 < self.resume_within_s <= self.lease_s:
            raise ValueError(
                "lease_s must be below resume_within_s: a server that is gone has to be missed "
                "before its calls' clients give up"
            )
        if self.worker_address is not None:
            return self
        if self.port == 0 or self.host in ("0.0.0.0", "::"):
            raise ValueError(
                "redis_url is set, so the other servers have to reach this one: say where with "
                "worker_address, such as http://10.0.0.5:8080"
            )
        return self

    @model_validator(mode="after")
    def _keep_events_in_one_place(self) -> Self:
        if self.redis_url is not None and self.keep_events_hours:
            raise ValueError(
                "with redis_url the events of all servers are kept in Redis: leave out "
                "keep_events_hours"
            )
        return self

    @model_validator(mode="after")
    def _keep_keys_apart(self) -> Self:
        if self.turn_secret is not None:
            trust.check_secret(self.turn_secret.get_secret_value(), "turn_secret")
        others = (
            *(self.token_key, self.audit_key, self.turn_secret, self.webhook_secret),
            *(self.room_map_secret, self.livekit_api_secret),
        )
        for own in (self.key, *self.old_keys):
            secrets = (own, *others)
            trust.check_apart(one.get_secret_value() for one in secrets if one is not None)
        return self

    @property
    def own_address(self) -> str:
        """Where the other servers of a fleet reach this one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.worker_address or f"http://{host}:{self.port}"


def doubts() -> list[str]:
    """Of each environment variable that looks like a setting and is none, what may be meant."""
    return misspelt(os.environ, Settings.model_fields)


def load_settings(**overrides: object) -> Settings:
    """Read the settings; overrides that are not None win over the environment.

    Raises:
        SettingsError: a value is missing, of the wrong kind or contradicts another.
    """
    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        # Only the messages: an error's input could be the key.
        items = error.errors(include_input=False, include_url=False)
        raise SettingsError("; ".join(map(_told, items))) from None


def _told(item: Mapping[str, Any]) -> str:
    """What is wrong with a setting, in the words of whoever wrote the rule."""
    place = ".".join(str(part) for part in item["loc"])
    said = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "string_pattern_mismatch":
        said = f"That is not of the form wanted. {Settings.model_fields[place].description}"
    return f"{place}: {said}" if place else said
