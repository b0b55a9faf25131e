"""What sessions say, for tests of calls that have no socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from stream_verifier.calls.session import Session
from stream_verifier.events.schema import Payload


class Told:
    """Every payload that any session emits from now on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.payloads: list[tuple[str, Payload]] = []
        self._changed = asyncio.Event()
        emit = Session.emit

        def noting(session: Session, payload: Payload) -> None:
            emit(session, payload)
            self.payloads.append((session.id, payload))
            self._changed.set()

        monkeypatch.setattr(Session, "emit", noting)

    async def until(self, kind: type[Payload], fits: Callable[[Any], bool] = bool) -> Any:
        """Wait for a payload of that kind that fits, and return it."""
        while True:
            for _, payload in self.payloads:
                if isinstance(payload, kind) and fits(payload):
                    return payload
            self._changed.clear()
            await self._changed.wait()
