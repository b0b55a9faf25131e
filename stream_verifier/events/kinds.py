"""The kinds of events, and which of them a slow subscriber loses first."""

from __future__ import annotations

from stream_verifier.events.schema import AnyPayload, EnrolmentProgress, Payload, Score
from stream_verifier.events.unions import members

PAYLOADS: tuple[type[Payload], ...] = members(AnyPayload)
"""Every payload of the wire contract."""


def type_of(payload: type[Payload]) -> str:
    """The name of a payload's type on the wire."""
    name: str = payload.model_fields["type"].default
    return name


PAYLOAD_OF_TYPE: dict[str, type[Payload]] = {type_of(payload): payload for payload in PAYLOADS}
EVENT_TYPES = frozenset(PAYLOAD_OF_TYPE)

_DISPENSABLE = (Score, EnrolmentProgress)
LASTING_TYPES = EVENT_TYPES - {type_of(payload) for payload in _DISPENSABLE}
"""What no subscriber loses while it is being served."""


def is_dispensable(payload: Payload) -> bool:
    """Whether the next event of that kind says all that this one said."""
    return isinstance(payload, _DISPENSABLE)
