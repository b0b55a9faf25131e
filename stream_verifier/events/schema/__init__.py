"""The wire contract: every event that a session can emit, versioned.

A *payload* is what the pipeline says happened; an *event* is a payload that a session's log has
numbered and dated. The live feed, ``verify --json`` and the tests all read this one schema.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stream_verifier.events.schema.calls import (
    CameraSign,
    ConnectionLost,
    ConnectionResumed,
    ErrorRaised,
    Gap,
    MediaStarted,
    OperatingPointInForce,
    Origin,
    SessionEnded,
    SessionStarted,
    SureInForce,
    ToldEnd,
    Totals,
)
from stream_verifier.events.schema.challenges import (
    Asker,
    ChallengeAsked,
    ChallengeKind,
    ChallengeMeasured,
    ChallengeOutcome,
    ChallengeResult,
    ScreenColours,
    Turn,
)
from stream_verifier.events.schema.enrolment import (
    ConsentExpiring,
    Enrolled,
    EnrolmentProgress,
)
from stream_verifier.events.schema.payload import (
    VERSION,
    Box,
    Payload,
    Side,
)
from stream_verifier.events.schema.verdicts import (
    PRESENCE_REASONS,
    Bar,
    Evidence,
    FusedScore,
    ModalityScore,
    Reason,
    Score,
    State,
    StateChanged,
)

__all__ = [
    "AnyPayload",
    "Asker",
    "Bar",
    "Box",
    "CameraSign",
    "ChallengeAsked",
    "ChallengeKind",
    "ChallengeMeasured",
    "ChallengeOutcome",
    "ChallengeResult",
    "ConnectionLost",
    "ConnectionResumed",
    "ConsentExpiring",
    "Enrolled",
    "EnrolmentProgress",
    "ErrorRaised",
    "Evidence",
    "FusedScore",
    "Gap",
    "MediaStarted",
    "ModalityScore",
    "OperatingPointInForce",
    "Origin",
    "PRESENCE_REASONS",
    "Payload",
    "Reason",
    "Score",
    "ScreenColours",
    "SessionEnded",
    "SessionStarted",
    "Side",
    "State",
    "StateChanged",
    "SureInForce",
    "ToldEnd",
    "Totals",
    "Turn",
    "VERSION",
]

AnyPayload = Annotated[
    SessionStarted
    | MediaStarted
    | Score
    | StateChanged
    | EnrolmentProgress
    | Enrolled
    | ConsentExpiring
    | ChallengeAsked
    | ChallengeResult
    | Gap
    | ConnectionLost
    | ConnectionResumed
    | ErrorRaised
    | SessionEnded,
    Field(discriminator="type"),
]
