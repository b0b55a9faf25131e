"""Plans the calls and makes them, a few at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from benchmarks.honest.calling import Call, call
from benchmarks.honest.counting import tally
from benchmarks.honest.network import Conditions
from benchmarks.honest.people import Person
from benchmarks.honest.stalls import Stalls

_MOST_STALL_S = 0.25
"""A machine that stood still for longer made the call bad by itself: it is made again."""
_TRIES = 3
_console = Console(stderr=True)


def planned_calls(lines: Sequence[Conditions], minutes: float) -> list[tuple[int, Conditions]]:
    """A number and the line of each call, the longest first.

    Args:
        lines: kinds of lines.
        minutes: of calls over each; calls are shorter where they would be longer than that.
    """
    planned: list[tuple[int, Conditions]] = []
    for line in lines:
        length_s = min(line.call_s, 60 * minutes)
        count = max(1, round(60 * minutes / length_s))
        first = len(planned)
        planned += [(first + n, replace(line, call_s=length_s)) for n in range(count)]
    return sorted(planned, key=lambda one: -one[1].call_s)


def make_calls(
    address: str,
    people: Sequence[Person],
    planned: Sequence[tuple[int, Conditions]],
    at_once: int,
    lap_s: float,
) -> list[Call]:
    """Make all calls, in a process that does nothing else.

    Args:
        address: of the server.
        people: who call by turns.
        planned: of `planned_calls`.
        at_once: calls at once.
        lap_s: length of their clips.
    """
    return asyncio.run(_all_calls(address, people, planned, at_once, lap_s))


async def _all_calls(
    address: str,
    people: Sequence[Person],
    planned: Sequence[tuple[int, Conditions]],
    at_once: int,
    lap_s: float,
) -> list[Call]:
    seats, stalls = asyncio.Semaphore(at_once), Stalls()

    async def one_call(number: int, line: Conditions) -> Call:
        async with seats:
            person = people[number % len(people)]
            for _ in range(_TRIES):
                made = await call(address, person.name, person.call, line, lap_s=lap_s, seed=number)
                made.stalled_s = stalls.worst_s(time.monotonic() - made.lasted_s)
                if made.stalled_s <= _MOST_STALL_S:
                    break
        wrong = tally(line, [made]).without_cause
        said = ", ".join(wrong) or "nothing wrong"
        _console.print(f"{line.name}, {person.name}, {made.stalled_s:.2f} s late: {said}")
        return made

    async with stalls.watching():
        return list(await asyncio.gather(*(one_call(*one) for one in planned)))
