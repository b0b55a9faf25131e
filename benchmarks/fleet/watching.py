"""What followers of a fleet were told, held against what its calls said."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from benchmarks.fleet.caller import FleetCaller
from benchmarks.fleet.hook import Hook
from stream_verifier.client import EventFeed, FeedEvent, Position
from stream_verifier.events.kinds import LASTING_TYPES

PATIENCE_S = 90.0


class Follower:
    """Follows the feed through the proxy, resuming where it was.

    Attributes:
        events: numbers heard of each session, as they came.
        lost: told by the feed as lost.
    """

    def __init__(self, address: str, token: str) -> None:
        self.events: dict[str, list[int]] = defaultdict(list)
        self.lost = 0
        self._feed = EventFeed(address, token=token, after=Position(None, 0))

    @property
    def reconnections(self) -> int:
        """How often it had to connect anew."""
        return self._feed.reconnections

    async def run(self) -> None:
        """Follow until cancelled."""
        async with self._feed as feed:
            async for item in feed:
                if isinstance(item, FeedEvent):
                    self.events[item.raw["session"]].append(item.raw["seq"])
                else:
                    self.lost += 1


async def until(done: Callable[[], bool], *, within_s: float = PATIENCE_S) -> bool:
    """Wait until something is so; return whether it came to be."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        if done():
            return True
        await asyncio.sleep(0.1)
    return False


def faults(callers: list[FleetCaller], follower: Follower) -> list[str]:
    """What is not as it must be."""
    found = [f"{one.session[:6]}: {one.failed}" for one in callers if one.failed]
    for caller in callers:
        last = caller.events[-1]["seq"] if caller.events else 0
        found += _amiss(caller, follower.events[caller.session], range(1, last + 1))
        if not _unbroken(caller.events):
            found.append(f"{caller.session[:6]}: its own client has a hole")
    return found


def hook_faults(callers: list[FleetCaller], hook: Hook) -> list[str]:
    """What the webhook was not posted as it must be: all that lasts of each call, once."""
    found: list[str] = []
    for caller in callers:
        lasting = [one["seq"] for one in caller.events if one["type"] in LASTING_TYPES]
        found += _amiss(caller, hook.events[caller.session], lasting)
    return found


def _amiss(caller: FleetCaller, heard: Sequence[int], wanted: Sequence[int]) -> list[str]:
    missing = sorted({*wanted} - {*heard})
    doubled = [seq for seq, times in Counter(heard).items() if times > 1]
    if not missing and not doubled:
        return []
    return [f"{caller.session[:6]}: missing {missing}, doubled {doubled}"]


def _unbroken(events: list[dict[str, Any]]) -> bool:
    start: dict[str, Any] = {"seq": 0, "untold": 0}
    return all(
        after["seq"] - before["seq"] == 1 + after["untold"] - before["untold"]
        for before, after in pairwise([start, *events])
    )
