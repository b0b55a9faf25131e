"""What a scripted call is made of; plain values."""

from __future__ import annotations

from dataclasses import dataclass

GRID_S = 0.03
"""All speech starts and ends on this grid, so that speech detection judges the same 30 ms of it
wherever in a call it is heard."""


def on_grid(time_s: float) -> float:
    """The nearest time on the grid, in seconds."""
    return round(round(time_s / GRID_S) * GRID_S, 2)


@dataclass(frozen=True, slots=True)
class Shot:
    """A stretch in which the camera shows somebody's face.

    Attributes:
        start_s, end_s: media time span.
        who: name of the role whose face it is.
        seed: of the pictures' order and of the movement.
        beside: the face is in the picture beside another one.
    """

    start_s: float
    end_s: float
    who: str
    seed: int = 0
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Spurt:
    """A stretch of somebody's speech.

    Attributes:
        start_s, end_s: media time span.
        who: name of the role whose voice it is.
        take: which of the role's takes is heard, from its beginning on.
    """

    start_s: float
    end_s: float
    who: str
    take: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One call. The camera is black outside of shots; the room is heard outside of spurts.

    Attributes:
        name: unique among the calls composed together.
        kind: one of `script.KINDS`.
        condition: as in `model.data.conditions`.
        chimera: name of the role that the call is made in the name of.
        length_s: of the call.
        change_s: first frame or syllable of an impostor; in kinds without one, when what the
            kind is named after begins. None in genuine calls.
        until_s: when that is over, None where it lasts to the end.
        shots: in order of their start; those beside another one overlap with it.
        spurts: in order, never overlapping.
        muted: media times between which the microphone is off.
    """

    name: str
    kind: str
    condition: str
    chimera: str
    length_s: float
    change_s: float | None
    until_s: float | None
    shots: tuple[Shot, ...]
    spurts: tuple[Spurt, ...]
    muted: tuple[tuple[float, float], ...] = ()
