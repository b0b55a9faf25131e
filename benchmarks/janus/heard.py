"""What the feed of events told while publishers came and went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stream_verifier.client import EventFeed, FeedEvent, Position


@dataclass
class Heard:
    """What the feed told.

    Attributes:
        states: of each person: when, as Unix time, and which.
    """

    states: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    lost: int = 0

    async def follow(self, address: str) -> None:
        """Follow until cancelled."""
        async with EventFeed(address, after=Position(None, 0)) as feed:
            async for item in feed:
                if isinstance(item, FeedEvent):
                    self._take(item.raw)
                else:
                    self.lost += 1

    def first(self, name: str, wanted: Callable[[str], bool], after_s: float) -> float | None:
        """When a person's call first came to such a state after some time; None: never."""
        told = self.states.get(name, [])
        return next((at_s for at_s, state in told if at_s >= after_s and wanted(state)), None)

    def last(self, name: str) -> str:
        """A person's newest state."""
        told = self.states.get(name)
        return told[-1][1] if told else "waiting"

    def _take(self, event: dict[str, Any]) -> None:
        if event["type"] == "session_started":
            self.names[event["session"]] = event["identity"]
        elif event["type"] == "state_changed":
            at_s = datetime.fromisoformat(event["wall"]).timestamp()
            name = self.names[event["session"]]
            self.states.setdefault(name, []).append((at_s, event["state"]))
