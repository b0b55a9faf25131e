"""Turns a session's payloads into its numbered, dated events."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from stream_verifier.events.schema import VERSION, Payload

_DECIMALS = 4


def _rounded(value: Any) -> Any:
    """Keep the wire short: more digits than these are noise."""
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EventLog:
    """Numbers the events of one session from 1, without holes.

    Args:
        session: the session's id, repeated in every event.
        now: gives the wall time of an event; a parameter so that tests need no clock.
    """

    def __init__(self, session: str, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._session = session
        self._now = now
        self._seq = 0

    def stamp(self, payload: Payload) -> dict[str, Any]:
        """Return the event as it goes over the wire, numbers rounded to 4 decimals."""
        self._seq += 1
        fields = _rounded(payload.model_dump(mode="json"))
        wall = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "v": VERSION,
            "seq": self._seq,
            "session": self._session,
            "type": fields.pop("type"),
            "media_s": fields.pop("media_s"),
            "wall": wall,
            **fields,
        }


def to_line(event: dict[str, Any]) -> str:
    """One event as one line of JSON."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)
