"""What is heard when: a call's sound as pieces that stand for themselves; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from stream_verifier.simulation.scenes import LEAD_S
from stream_verifier.simulation.script import Script, Spurt, on_grid

TAIL_S = 0.3
"""The room is heard so long after speech, more than speech detection hangs over."""
ROOM_S = 15.0
"""Length of a piece without speech, of which as much is heard as there is time for."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound that is cut into windows by itself, from silence on.

    Attributes:
        room: name of the role in whose room it begins.
        spurts: times from the piece's start; empty where only the room is heard.
        length_s: on the grid.
    """

    room: str
    spurts: tuple[Spurt, ...]
    length_s: float

    @property
    def key(self) -> str:
        """The same for pieces that sound alike."""
        said = [f"{s.who}#{s.take}@{s.start_s:.2f}-{s.end_s:.2f}" for s in self.spurts]
        return " ".join([self.room, *said, f"{self.length_s:.2f}"])


@dataclass(frozen=True, slots=True)
class Placed:
    """A piece in a call; what is beyond ``end_s`` of it is not heard."""

    start_s: float
    end_s: float
    piece: Piece


def lay_out(script: Script) -> list[Placed]:
    """Place all pieces of a call, in order; where there is none the microphone is off.

    Spurts too close for the windows of one to know nothing of the other share a piece. The rest
    of the time is filled with the room of who spoke last.
    """
    placed: list[Placed] = []
    for start_s, end_s in _open(script):
        inside = [s for s in script.spurts if start_s <= s.start_s < end_s]
        at_s, room = start_s, inside[0].who if inside else script.chimera
        for group in _groups(inside):
            lead_s = min(LEAD_S, on_grid(group[0].start_s - at_s))
            begin_s = on_grid(group[0].start_s - lead_s)
            placed += _room(room, at_s, begin_s)
            placed.append(_spoken(group, begin_s, end_s))
            at_s, room = placed[-1].end_s, group[-1].who
        placed += _room(room, at_s, end_s)
    return placed


def _open(script: Script) -> Iterator[tuple[float, float]]:
    """When the microphone is on."""
    at_s = 0.0
    for start_s, end_s in (*script.muted, (script.length_s, script.length_s)):
        if start_s > at_s:
            yield at_s, start_s
        at_s = end_s


def _groups(spurts: list[Spurt]) -> Iterator[list[Spurt]]:
    group: list[Spurt] = []
    for spurt in spurts:
        if group and spurt.start_s - group[-1].end_s < LEAD_S + TAIL_S:
            group.append(spurt)
        else:
            if group:
                yield group
            group = [spurt]
    if group:
        yield group


def _spoken(group: list[Spurt], begin_s: float, most_s: float) -> Placed:
    end_s = on_grid(min(most_s, group[-1].end_s + TAIL_S))
    spurts = tuple(
        replace(s, start_s=on_grid(s.start_s - begin_s), end_s=on_grid(s.end_s - begin_s))
        for s in group
    )
    # The whole tail is made even where the call ends in it, so that the piece is a known one.
    length_s = on_grid(spurts[-1].end_s + TAIL_S)
    return Placed(begin_s, end_s, Piece(group[0].who, spurts, length_s))


def _room(room: str, start_s: float, end_s: float) -> list[Placed]:
    placed = []
    while end_s - start_s > 1e-6:
        upto_s = on_grid(min(end_s, start_s + ROOM_S))
        placed.append(Placed(start_s, upto_s, Piece(room, (), ROOM_S)))
        start_s = upto_s
    return placed
