"""Plans the calls and makes them, a few at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

from rich.console import Console

from benchmarks.honest.calling import Call, call, honest_script
from benchmarks.honest.counting import Breaks, counting_breaks, tally
from benchmarks.honest.network import Conditions
from benchmarks.honest.people import Person
from benchmarks.honest.stalls import Stalls
from benchmarks.honest.virtual import virtual_call
from model.types import Reference
from stream_verifier.settings import Settings
from stream_verifier.verify.recogniser import Recogniser

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


def play_calls(
    people: Sequence[Person],
    references: Sequence[Reference],
    planned: Sequence[tuple[int, Conditions]],
    at_once: int,
    lap_s: float,
) -> list[tuple[Call, Breaks]]:
    """Play all calls by clocks of their own, each with what was counted in it.

    Args:
        people: who call by turns.
        references: of each.
        planned: of `planned_calls`.
        at_once: processes.
        lap_s: length of their clips.
    """
    jobs = [
        (number, line, people[number % len(people)], references[number % len(people)], lap_s)
        for number, line in planned
    ]
    with ProcessPoolExecutor(at_once, mp_context=get_context("spawn")) as players:
        return list(players.map(_play, jobs))


def _play(job: tuple[int, Conditions, Person, Reference, float]) -> tuple[Call, Breaks]:
    number, line, person, reference, lap_s = job
    recogniser = Recogniser.load(Settings(operating_point="alarm_2h"))
    script = honest_script(person.call, line, lap_s=lap_s)
    with counting_breaks() as breaks:
        made = virtual_call(person.name, script, line, reference, recogniser, seed=number)
    _tell(made)
    return made, breaks


def _tell(made: Call) -> None:
    wrong = tally(made.conditions, [made]).without_cause
    said = ", ".join(wrong) or "nothing wrong"
    _console.print(f"{made.conditions.name}, {made.person}: {said}")


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
        _tell(made)
        return made

    async with stalls.watching():
        return list(await asyncio.gather(*(one_call(*one) for one in planned)))
