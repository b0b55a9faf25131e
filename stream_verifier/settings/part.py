"""What all parts of the settings have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Some of the settings, with what they demand of each other."""

    model_config = ConfigDict(frozen=True)
