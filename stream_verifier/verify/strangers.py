"""How many different people a call has shown, or let speak, since it was last verified.

Who is enrolled has no say in it: otherwise the end of a call would tell who is like that person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.types import Vector

_SAME = 0.3
"""Cosine from which on two samples are taken for one person's: two people's seldom come near."""
_FORGET_S = 600.0


@dataclass(slots=True)
class _Person:
    mean: Vector
    seen_s: float


class Crowd:
    """The faces and the voices that a call met since it was last verified.

    Args:
        most: so many of either.
    """

    def __init__(self, most: int = 5) -> None:
        self.faces, self.voices = Strangers(most=most), Strangers(most=most)

    def forget(self) -> None:
        """The call is verified: begin anew."""
        self.faces.forget()
        self.voices.forget()

    @property
    def too_many(self) -> bool:
        """Whether more different people were met than may be."""
        return self.faces.too_many or self.voices.too_many


class Strangers:
    """Tells the people apart by their embeddings; pure, bounded, with media time passed in.

    Args:
        most: so many may be met; somebody not met for ten minutes is forgotten.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._people: list[_Person] = []

    def add(self, vector: Vector, now_s: float) -> None:
        """Take a window's sample in."""
        unit = vector / max(float(np.linalg.norm(vector)), 1e-9)
        self._people = [one for one in self._people if now_s - one.seen_s <= _FORGET_S]
        near = max(self._people, key=lambda one: float(one.mean @ unit), default=None)
        if near is None or float(near.mean @ unit) < _SAME * float(np.linalg.norm(near.mean)):
            if len(self._people) <= self._most:
                self._people.append(_Person(unit, now_s))
            return
        near.mean, near.seen_s = near.mean + 0.2 * (unit - near.mean), now_s

    def forget(self) -> None:
        """Begin anew."""
        self._people = []

    @property
    def too_many(self) -> bool:
        """Whether more were met than may be."""
        return len(self._people) > self._most
