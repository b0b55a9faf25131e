"""What came of an attack, and whether that is within its bound."""

from __future__ import annotations

from dataclasses import dataclass

MOST_WON_S = 6.0
"""Seconds of ``verified`` beyond what the honest case has."""
MOST_MIB = 400.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of the table.

    Attributes:
        attack: in few words.
        measured: what came, with its unit.
        bound: what may come.
        holds: whether it did not come to more.
    """

    attack: str
    measured: str
    bound: str
    holds: bool


def won(attack: str, verified_s: float, honest_s: float, honest: str) -> Outcome:
    """Judge seconds of ``verified`` since the attack began."""
    return Outcome(
        attack,
        f"{verified_s:.1f} s verified ({honest}: {honest_s:.1f} s)",
        f"{MOST_WON_S:g} s beyond {honest}",
        verified_s - honest_s <= MOST_WON_S,
    )


def refused(attack: str, told: str, wanted: str) -> Outcome:
    """Judge by a code or a status."""
    return Outcome(attack, told, wanted, told == wanted)
