"""A house full of made-up calls: most are well, a few are not, some are over."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from benchmarks.made_up_calls import MadeUpCall, Script, Who

_NAMES = (
    "amara", "bjorn", "chidi", "daria", "emeka", "farah", "goran", "hanna", "imani", "jonas",
    "keiko", "lucia", "mateo", "nadia", "oskar", "priya", "quinn", "rosa", "selim", "tuva",
)  # fmt: skip
# How calls go, and how many of 20 go so.
_STORIES: tuple[tuple[int, tuple[tuple[float, Who], ...]], ...] = (
    (1, ((150, Who.GENUINE), (400, Who.WRONG_VOICE))),
    (1, ((220, Who.GENUINE), (400, Who.STRANGER))),
    (2, ((200, Who.GENUINE), (400, Who.UNCLEAR))),
    (1, ((240, Who.GENUINE), (400, Who.NOBODY))),
    (1, ((120, Who.GENUINE), (8, Who.GAP), (400, Who.GENUINE))),
    (13, ((400, Who.GENUINE),)),
)
_ENDINGS = ("stopped", "peer_closed", "client_gone")


def wall(count: int, *, now: datetime | None = None, ended: int = 0) -> list[MadeUpCall]:
    """Make calls that have been played up to now.

    Args:
        count: how many run.
        now: the wall time of their newest events; the machine's by default.
        ended: how many are over.
    """
    now = now or datetime.now(UTC)
    running = [_running(index, now) for index in range(count)]
    return running + [_ended(index, now) for index in range(ended)]


def _running(index: int, now: datetime) -> MadeUpCall:
    chance = random.Random(index)
    enrols, new = index % 20 == 18, index % 20 == 19
    phases = _story(index % 19)
    length_s = 3.0 if new else 18.0 if enrols else chance.uniform(250, 420)
    script = Script(_session(chance), _name(index), phases, enrols=enrols)
    return _played(script, began=now - timedelta(seconds=length_s), seconds=length_s)


def _ended(index: int, now: datetime) -> MadeUpCall:
    chance = random.Random(1000 + index)
    length_s = chance.uniform(60, 900)
    (_, who), *_ = reversed(_story(index * 3 % 19))
    phases = ((length_s / 2, Who.GENUINE), (length_s / 2, who))
    script = Script(_session(chance), _name(index + 7), phases, ends=_ENDINGS[index % 3])
    began = now - timedelta(minutes=7 * (index + 1), seconds=length_s)
    return _played(script, began=began, seconds=length_s + 2)


def _played(script: Script, *, began: datetime, seconds: float) -> MadeUpCall:
    call = MadeUpCall(script, began=began)
    call.play(seconds)
    return call


def _story(place: int) -> tuple[tuple[float, Who], ...]:
    for many, phases in _STORIES:
        place -= many
        if place < 0:
            return phases
    return _STORIES[-1][1]


def _name(index: int) -> str:
    again = index // len(_NAMES)
    return _NAMES[index % len(_NAMES)] + (f"-{again + 1}" if again else "")


def _session(chance: random.Random) -> str:
    return f"{chance.getrandbits(64):016x}"
