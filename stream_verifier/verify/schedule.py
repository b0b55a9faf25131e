"""Whose turn it is on the workers, and for what; pure, with time passed in.

Media is taken in by turns, so that nothing waits unheard; then the window is scored that needs it
most. A window is scored while it is fresh or not at all: where there is more to do than time, calls
have fewer scores, never later ones.

Who waits to be heard goes by start-time fair queueing (Goyal, Vin and Cheng 1996): each call has a
tag that moves on by the time its media took, and the least goes first, so that a call which costs
more than others is heard less rather than they. Who waits for a score goes by how long ago it was
looked at, twice where it is unsure: unsure calls come first, and none can be put off for ever.

While one worker is at a call nothing of it is due on another: a pipeline is for one at a time.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, TypeVar

from stream_verifier.media.inbox import LATE_S

Call = TypeVar("Call", bound=Hashable)

SPARE, CALM, UNSURE = 0.25, 1.0, 2.0
"""How urgent a call's window is, beside others that were looked at equally long ago; what is to
spare waits until there is nothing to hear."""
_SMOOTHING = 0.2
_MOST_DEAR = 4.0
_MOST_RESERVED_S = 0.4
"""However long scores took of late, fresh windows are still tried."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A window that waits to be scored.

    Attributes:
        since_s: when its newest media arrived, on the worker's clock.
        weight: `UNSURE`, `CALM` or `SPARE`.
    """

    since_s: float
    weight: float = UNSURE


class Work(Enum):
    """What a turn is for."""

    HEAR = auto()
    SCORE = auto()
    SKIP = auto()


@dataclass(frozen=True, slots=True)
class Turn(Generic[Call]):
    """What to do next.

    Attributes:
        call: for whom.
        work: what.
        since_s: when what waits came.
        busy: whether others wait as well, so that what is not needed is better spared.
    """

    call: Call
    work: Work
    since_s: float
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """How long what may wait.

    Attributes:
        gather_s: media is taken in only once it has waited for so long, in fewer, larger pieces.
        heard_within_s: media that has waited for longer goes before any score.
        fresh_s: a window is scored only where that can be done by then, from when its newest media
            came, as long as scores usually take.
        busy_s: where another's window has waited for longer, all workers are busy.
        most_hearing: share of the time that hearing may take while windows wait.
        dropped_soon_s: media that has waited for longer is dropped before long (`MediaInbox`).
        most_saving: the share that hearing may take then.
        memory_s: mean life of the account of that.
    """

    gather_s: float = 0.08
    heard_within_s: float = 0.25
    fresh_s: float = 0.8
    busy_s: float = 0.25
    most_hearing: float = 0.6
    dropped_soon_s: float = LATE_S
    most_saving: float = 0.75
    memory_s: float = 2.0


@dataclass(slots=True)
class _Place:
    looked_s: float
    media_since_s: float | None = None
    hurried: bool = False
    waiting: Waiting | None = None
    at_work: bool = False
    tag: float = 0.0
    score_cost_s: float = 0.0


class Schedule(Generic[Call]):
    """Knows which calls wait for what; used under the engine's lock.

    Args:
        settings: defaults where None.
    """

    def __init__(self, settings: ScheduleSettings | None = None) -> None:
        self._settings = settings or ScheduleSettings()
        self._places: dict[Call, _Place] = {}
        self._virtual = 0.0
        self._score_cost_s = 0.0
        self._hearing_s = self._scoring_s = 0.0
        self._accounted_s = -math.inf

    def __contains__(self, call: Call) -> bool:
        return call in self._places

    def __len__(self) -> int:
        return len(self._places)

    @property
    def dropped_soon_s(self) -> float:
        """Media that has waited for longer is late."""
        return self._settings.dropped_soon_s

    def take_idle(self) -> list[Call]:
        """Take the calls that nothing waits of; each is at work until it is told to `rest`."""
        idle = []
        for call, place in self._places.items():
            if place.media_since_s is None and place.waiting is None and not place.at_work:
                place.at_work = True
                idle.append(call)
        return idle

    def rest(self, call: Call) -> None:
        """Note that nobody works on a call any more; nothing happens if it is forgotten."""
        if (place := self._places.get(call)) is not None:
            place.at_work = False

    def add(self, call: Call, now_s: float) -> None:
        """Give a call its place; it counts as looked at now."""
        self._places[call] = _Place(looked_s=now_s, tag=self._virtual)

    def remove(self, call: Call) -> None:
        """Forget a call; nothing happens if it is forgotten already."""
        self._places.pop(call, None)

    def media_waits(self, call: Call, now_s: float, *, hurry: bool = False) -> None:
        """Note that a call's media waits, since now where none did.

        Args:
            call: whose.
            now_s: on the worker's clock.
            hurry: whether it is to be taken in without gathering more.
        """
        place = self._places.get(call)
        if place is None:
            return
        place.hurried |= hurry
        if place.media_since_s is None:
            place.media_since_s = now_s
            place.tag = max(place.tag, self._virtual)

    def window_waits(self, call: Call, waiting: Waiting | None) -> None:
        """Note which window of a call waits to be scored; None: none."""
        if (place := self._places.get(call)) is not None:
            place.waiting = waiting

    def done(self, turn: Turn[Call], now_s: float, cost_s: float) -> None:
        """Charge a turn to its call.

        Args:
            turn: that was worked off.
            now_s: when it was.
            cost_s: how long it took.
        """
        self._account(turn.work, now_s, cost_s)
        if (place := self._places.get(turn.call)) is None:
            return
        place.at_work = False
        if turn.work is Work.HEAR:
            place.tag += cost_s
        elif turn.work is Work.SCORE:
            place.looked_s = now_s
            place.score_cost_s += _SMOOTHING * (cost_s - place.score_cost_s)
            self._score_cost_s += _SMOOTHING * (cost_s - self._score_cost_s)

    def next(self, now_s: float) -> Turn[Call] | None:
        """The next turn, taken off what waits; None where nothing is due yet."""
        stale, neediest, eldest_s = self._look_at_windows(now_s)
        if stale is not None:
            return self._take_window(stale, Work.SKIP)
        heard = self._next_heard(now_s)
        if heard is not None and (self._is_spare(neediest) or self._hears_first(now_s)):
            return self._take_media(heard)
        if neediest is None:
            return None
        return self._take_window(neediest, Work.SCORE, busy=eldest_s > self._settings.busy_s)

    def _is_spare(self, call: Call | None) -> bool:
        """Whether no window waits that says anything new."""
        waiting = None if call is None else self._places[call].waiting
        return waiting is None or waiting.weight <= SPARE

    def due_in_s(self, now_s: float) -> float | None:
        """Seconds until something is due; None where nothing waits."""
        resting = (place for place in self._places.values() if not place.at_work)
        due_s = min(map(self._due_s, resting), default=math.inf)
        return None if due_s == math.inf else max(0.0, due_s - now_s)

    def _due_s(self, place: _Place) -> float:
        since_s = math.inf if place.media_since_s is None else place.media_since_s
        if place.waiting is not None or (place.hurried and since_s < math.inf):
            return -math.inf
        return since_s + self._settings.gather_s

    def _look_at_windows(self, now_s: float) -> tuple[Call | None, Call | None, float]:
        """One that is stale, the one that needs a score most, and how long one waits at most."""
        neediest, most, eldest_s = None, -math.inf, 0.0
        for call, place in self._places.items():
            if place.waiting is None or place.at_work:
                continue
            age_s = now_s - place.waiting.since_s
            if age_s + min(_MOST_RESERVED_S, self._score_cost_s) > self._settings.fresh_s:
                return call, None, age_s
            eldest_s = max(eldest_s, age_s)
            need = place.waiting.weight * (now_s - place.looked_s) / self._dearness(place)
            if need > most:
                neediest, most = call, need
        return None, neediest, eldest_s

    def _dearness(self, place: _Place) -> float:
        """How much dearer than usual a call's scores are: who costs more has fewer."""
        if not self._score_cost_s:
            return 1.0
        return min(_MOST_DEAR, max(1.0, place.score_cost_s / self._score_cost_s))

    def _next_heard(self, now_s: float) -> Call | None:
        gathered_s = now_s - self._settings.gather_s
        least, first = math.inf, None
        for call, place in self._places.items():
            since_s = place.media_since_s
            if since_s is None or place.at_work:
                continue
            if not (place.hurried or since_s <= gathered_s):
                continue
            if place.tag < least:
                least, first = place.tag, call
        return first

    def _hears_first(self, now_s: float) -> bool:
        """Whether media goes before windows: it must not wait long, nor must it take all time."""
        waiting = (place.media_since_s for place in self._places.values() if not place.at_work)
        oldest_s = min((since_s for since_s in waiting if since_s is not None), default=math.inf)
        settings = self._settings
        if now_s - oldest_s < settings.heard_within_s:
            return False
        # A window unscored is made good by the next one, as they share most of their speech; sound
        # that nobody heard is not.
        saves = now_s - oldest_s >= settings.dropped_soon_s
        most = settings.most_saving if saves else settings.most_hearing
        return self._hearing_s <= most * (self._hearing_s + self._scoring_s)

    def _take_media(self, call: Call) -> Turn[Call]:
        place = self._places[call]
        since_s = place.media_since_s or 0.0
        place.media_since_s, place.hurried, place.at_work = None, False, True
        self._virtual = max(self._virtual, place.tag)
        return Turn(call, Work.HEAR, since_s)

    def _take_window(self, call: Call, work: Work, *, busy: bool = False) -> Turn[Call]:
        place = self._places[call]
        since_s = place.waiting.since_s if place.waiting else 0.0
        place.waiting, place.at_work = None, True
        return Turn(call, work, since_s, busy)

    def _account(self, work: Work, now_s: float, cost_s: float) -> None:
        kept = math.exp(-max(0.0, now_s - self._accounted_s) / self._settings.memory_s)
        self._accounted_s = now_s
        self._hearing_s = kept * self._hearing_s + (cost_s if work is Work.HEAR else 0.0)
        self._scoring_s = kept * self._scoring_s + (cost_s if work is Work.SCORE else 0.0)
