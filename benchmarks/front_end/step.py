"""What is timed: one step of the front end, in two ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the front end, in both ways.

    Attributes:
        name: with what it is fed.
        plain: array by array.
        ours: as it is served.
    """

    name: str
    plain: Callable[[], object]
    ours: Callable[[], object]
