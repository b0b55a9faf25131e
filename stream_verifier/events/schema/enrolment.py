"""Events about an enrolment, and the consent that all rests on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stream_verifier.events.schema.payload import Box, Payload, unless_none


class EnrolmentProgress(Payload):
    """How far a live enrolment is and what it still needs."""

    type: Literal["enrolment_progress"] = "enrolment_progress"
    speech_s: float
    speech_needed_s: float
    faces: int
    faces_needed: int
    missing: list[str]
    boxes: list[Box]
    complete: bool


class Enrolled(Payload):
    """A reference was stored."""

    type: Literal["enrolled"] = "enrolled"
    identity: str
    id: str
    speech_s: float
    faces: int
    replaced: bool = Field(False, description="Whether an older reference of that name went.")
    resembles_replaced: bool | None = Field(
        None,
        description="Whether the new one is rather the same person's as the old one; null where "
        "nothing was replaced, or the two cannot be compared.",
    )
    added: Literal[True] | None = Field(
        None,
        exclude_if=unless_none,
        description="The older reference is a part of this one, as `add` asked for; else left out.",
    )


class ConsentExpiring(Payload):
    """The consent that this call rests on ends soon: ask the person for another."""

    type: Literal["consent_expiring"] = "consent_expiring"
    expires_at: str = Field(description="When: UTC. Calls end then, and none begins.")
    days_left: int = Field(description="Whole days until then.")
