"""What all events share: the version, words of several, and what each says unnumbered."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION = 2

Side = Literal[-1, 0, 1]
"""Against, unclear, for."""

Box = tuple[float, float, float, float]
"""x, y, width, height as fractions (0 to 1) of the picture."""


class Payload(BaseModel):
    """What every event says before it is numbered: its type and its media time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    media_s: float = Field(description="Media time in seconds from the start of the call.")


def unless_none(value: object) -> bool:
    """Whether a field is left out: it is null."""
    return value is None
