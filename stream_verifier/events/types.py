"""The kinds of events, and which of them a slow subscriber loses first."""

from __future__ import annotations

from stream_verifier.events.schema import AnyPayload, Payload
from stream_verifier.events.unions import members

PAYLOADS: tuple[type[Payload], ...] = members(AnyPayload)
"""Every payload of the wire contract."""

PAYLOAD_OF_TYPE: dict[str, type[Payload]] = {
    payload.model_fields["type"].default: payload for payload in PAYLOADS
}
EVENT_TYPES = frozenset(PAYLOAD_OF_TYPE)

_DISPENSABLE = frozenset({"score", "enrolment_progress"})
LASTING_TYPES = EVENT_TYPES - _DISPENSABLE
"""What no subscriber loses while it is being served."""


def is_dispensable(event_type: str) -> bool:
    """Whether the next event of that type says all that this one said."""
    return event_type in _DISPENSABLE
