"""Turns a session's payloads into its numbered, dated events."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import JsonValue, TypeAdapter

from stream_verifier.events.audience import CALLER_EVERY_S
from stream_verifier.events.event import Event
from stream_verifier.events.schema import AnyPayload, Payload, Score

_DECIMALS = 4
_payload: TypeAdapter[AnyPayload] = TypeAdapter(AnyPayload)


def _rounded(value: JsonValue) -> JsonValue:
    """Keep the wire short: more digits than these are noise."""
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Stamper:
    """Numbers the events of one session from 1, without holes.

    Args:
        session: the session's id, repeated in every event.
        now: gives the wall time of an event; a parameter so that tests need no clock.
        seq: number of the newest event, where somebody else has stamped those before.
        untold: how many scores its caller was not told before.

    Attributes:
        seq: number of the newest event, 0 before the first.
    """

    def __init__(
        self,
        session: str,
        *,
        now: Callable[[], datetime] = _utc_now,
        seq: int = 0,
        untold: int = 0,
    ) -> None:
        self.seq = seq
        self._session = session
        self._now = now
        self._caller_told_s = -math.inf
        self._untold = untold

    def stamp(self, payload: Payload) -> Event:
        """Return the event; its numbers are rounded here, so that all read the same ones."""
        self.seq += 1
        untold, spared = self._untold, self._spares_caller(payload)
        self._untold += spared
        return Event(
            seq=self.seq,
            session=self._session,
            wall=self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            payload=_payload.validate_python(_rounded(payload.model_dump(mode="json"))),
            spared_caller=spared,
            untold=untold,
        )

    def _spares_caller(self, payload: Payload) -> bool:
        """Whether a score comes too soon after the last that the call's own client is told.

        Decided once for the event, so that resuming or asking twice tells no more.
        """
        if not isinstance(payload, Score):
            return False
        if payload.media_s - self._caller_told_s < CALLER_EVERY_S:
            return True
        self._caller_told_s = payload.media_s
        return False
