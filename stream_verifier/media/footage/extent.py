"""How far one recording of a file reaches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a recording ends, and what is wrong with its structure.

    Attributes:
        end: just past the last byte that belongs to it.
        missing: bytes that it says it has and that the file does not.
        noise: bytes in it that belong to nothing.
    """

    end: int
    missing: int = 0
    noise: int = 0
