"""A clock that does not pass by itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Seconds that pass when somebody works."""

    now_s: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s
