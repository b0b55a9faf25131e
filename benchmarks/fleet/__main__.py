"""Kills workers and Redis of a small fleet in the middle of calls, and counts what is lost.

    python -m benchmarks.fleet [--calls 4] [--out FILE.md]

Three workers, HAProxy with the shipped configuration, and Redis with an append-only file, all on
this machine; real calls of a made-up person, who comes back as the SDK does; one follower of the
feed through the proxy. In turn: a worker with calls is killed (SIGKILL), Redis is killed and comes
back after 3 s, and all workers are restarted one after another (SIGTERM, draining). Needs Debian's
redis-server and haproxy, and the extras "fleet" and "demo". Exit code 0 only if every call went on
to its end, and the follower got every event once.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.fleet.caller import Absence, FleetCaller
from benchmarks.fleet.town import WorkerProcess, proxy
from benchmarks.redis_server import RedisServer, redis_server
from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.client import EventFeed, FeedEvent, Position
from stream_verifier.console.offline import enrol_files
from stream_verifier.demo.people import DEMO_PEOPLE
from stream_verifier.demo.recorded_call import write_call
from stream_verifier.events.call_messages import ConsentGiven
from stream_verifier.identities.keys import new_key, parse_key
from stream_verifier.identities.opening import open_store
from stream_verifier.settings import load_settings
from stream_verifier.verify.recogniser import Recogniser

WHO = "grace"
_SECONDS = 20.0
_REDIS_AWAY_S = 3.0
_DRAIN_S = 45
_LEASE_S = 6
_PATIENCE_S = 90.0
_SETTLE_S = 8.0

HEADER = """# A fleet of which parts are killed

Made by `python -m benchmarks.fleet`: three workers, HAProxy with the shipped configuration and
Redis (`appendonly yes`) on one machine, real calls of a made-up person who comes back as the SDK
does, and one follower of the feed, all through the proxy. *Away* is from the end of the old
connection until the server said `connection_resumed`; *verified* until it was so again, since trust
begins anew.
"""


def settings_of(folder: Path, redis: RedisServer, key: str) -> dict[str, str]:
    """What all workers share."""
    return {
        "DATA_DIR": str(folder),
        "REDIS_URL": redis.url,
        "TOKEN_KEY": key,
        "TRUSTED_PROXIES": '["127.0.0.1"]',
        "MAX_CALLS": "20",
        "MAX_CALLS_PER_IDENTITY": "20",
        "MEASURE_CAPACITY": "false",
        "ICE_HOST_ADDRESSES": '["127.0.0.1"]',
        "DRAIN_S": str(_DRAIN_S),
        "LEASE_S": str(_LEASE_S),
        "LOG_FORMAT": "json",
    }


async def enrol(folder: Path, media: Path) -> None:
    """Enrol the made-up person."""
    settings = load_settings(data_dir=folder)
    reference = await asyncio.to_thread(
        lambda: enrol_files(
            videos=[media],
            faces=[],
            voices=[],
            recogniser=Recogniser.load(settings),
            face_rate_hz=settings.face_rate_hz,
        )
    )
    consent = ConsentGiven(subject="made up", purpose="measuring", text="I am made up.")
    store = open_store(settings)
    await store.add(WHO, reference, consent.record(longest=None))
    await store.close()


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


async def until(done: Callable[[], bool], *, within_s: float = _PATIENCE_S) -> bool:
    """Wait until something is so; return whether it came to be."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:  # noqa: ASYNC110
        if done():
            return True
        await asyncio.sleep(0.1)
    return False


class Run:
    """One run of all scenes.

    Attributes:
        rows: figures of each scene.
    """

    def __init__(
        self, workers: list[WorkerProcess], redis: RedisServer, callers: list[FleetCaller]
    ) -> None:
        self.rows: list[tuple[str, str]] = []
        self._workers, self._redis, self._callers = workers, redis, callers

    async def scene(self, name: str, act: Callable[[], Awaitable[str]]) -> None:
        """Let something happen, wait until all calls are verified again, and note it."""
        before = [len(caller.absences) for caller in self._callers]
        more = await act()
        await asyncio.sleep(_SETTLE_S)
        verified = await until(lambda: all(one.state == "verified" for one in self._callers))
        away = [
            absence
            for caller, count in zip(self._callers, before, strict=True)
            for absence in caller.absences[count:]
        ]
        self.rows.append((name, f"{_told(away)}{'' if verified else '; NOT ALL VERIFIED'}{more}"))
        print(f"{name}: {self.rows[-1][1]}", flush=True)

    async def kill_a_worker(self) -> str:
        """Kill the fullest."""
        counts = [await worker.calls() for worker in self._workers]
        fullest = self._workers[counts.index(max(counts))]
        await fullest.stop(signal.SIGKILL)
        await asyncio.sleep(_SETTLE_S)
        await fullest.start()
        return f"; it had {max(counts)} calls"

    async def kill_redis(self) -> str:
        """Kill Redis and bring it back."""
        self._redis.kill()
        await asyncio.sleep(_REDIS_AWAY_S)
        await asyncio.to_thread(self._redis.start)
        return f"; Redis was away for {_REDIS_AWAY_S:g} s"

    async def restart_all(self) -> str:
        """Restart all workers, one after another."""
        took = []
        for worker in self._workers:
            took.append(await worker.stop())
            await worker.start()
            await asyncio.sleep(_SETTLE_S)
        return f"; workers exited after {', '.join(f'{one:.0f}' for one in took)} s"


def _told(absences: list[Absence]) -> str:
    if not absences:
        return "no call was away"
    back = [one.back_s for one in absences if one.back_s is not None]
    verified = [one.verified_s for one in absences if one.verified_s is not None]
    lost = len(absences) - len(back)
    text = f"{len(absences)} times away"
    if back:
        text += f", {statistics.median(back):.1f} s in the middle, {max(back):.1f} s at most"
    if verified:
        text += (
            f"; verified after {statistics.median(verified):.1f} s, {max(verified):.1f} s at most"
        )
    return text + (f"; {lost} NEVER BACK" if lost else "")


def faults(callers: list[FleetCaller], follower: Follower) -> list[str]:
    """What is not as it must be."""
    found = [f"{one.session[:6]}: {one.failed}" for one in callers if one.failed]
    for caller in callers:
        heard = follower.events[caller.session]
        last = caller.events[-1]["seq"] if caller.events else 0
        missing = set(range(1, last + 1)) - {*heard}
        doubled = [seq for seq, times in Counter(heard).items() if times > 1]
        if missing or doubled:
            found.append(f"{caller.session[:6]}: missing {sorted(missing)}, doubled {doubled}")
        if not _unbroken(caller.events):
            found.append(f"{caller.session[:6]}: its own client has a hole")
    return found


def _unbroken(events: list[dict[str, Any]]) -> bool:
    start: dict[str, Any] = {"seq": 0, "untold": 0}
    return all(
        after["seq"] - before["seq"] == 1 + after["untold"] - before["untold"]
        for before, after in pairwise([start, *events])
    )


async def measure(
    options: argparse.Namespace, folder: Path
) -> tuple[list[tuple[str, str]], list[str]]:
    """All scenes; return their figures, and what is not as it must be."""
    media, key = folder / "call.webm", new_key()
    person = next(one for one in DEMO_PEOPLE if one.id == WHO)
    await asyncio.to_thread(lambda: write_call(media, face=person, voice=person, seconds=_SECONDS))
    (folder / "data").mkdir()
    await enrol(folder / "data", media)
    tokens = Tokens(parse_key(key))
    async with AsyncExitStack() as stack:
        (folder / "redis").mkdir()
        redis = stack.enter_context(redis_server(folder / "redis"))
        shared = settings_of(folder / "data", redis, key)
        workers = [WorkerProcess(shared, folder / f"worker{n}.log") for n in range(3)]
        for worker in workers:
            stack.push_async_callback(worker.stop, signal.SIGKILL)
            await worker.start()
        address = await stack.enter_async_context(proxy(folder, workers))
        follower = Follower(address, tokens.issue([Scope.READ], ttl_s=3600))
        following = asyncio.create_task(follower.run())
        url = address.replace("http", "ws", 1) + "/api/v1/call"
        token = tokens.issue([Scope.PUBLISH], ttl_s=3600)
        callers = [FleetCaller(url, media, WHO, token) for _ in range(options.calls)]
        tasks = [asyncio.create_task(caller.run()) for caller in callers]
        if not await until(lambda: all(one.state == "verified" for one in callers)):
            raise RuntimeError("not all calls were verified at the start")
        run = Run(workers, redis, callers)
        await run.scene("a worker is killed", run.kill_a_worker)
        await run.scene("Redis is killed", run.kill_redis)
        await run.scene("all workers are restarted in turn", run.restart_all)
        for caller in callers:
            await caller.stop()
        await asyncio.wait(tasks, timeout=_PATIENCE_S)
        await asyncio.sleep(2)
        following.cancel()
        wrong = faults(callers, follower)
        counted = sum(map(len, follower.events.values()))
        run.rows.append(
            (
                "events that the follower got",
                f"{counted} of {len(callers)} calls; it connected anew "
                f"{follower.reconnections} times; told as lost: {follower.lost} times",
            )
        )
        run.rows.append(("events missing or doubled", "none" if not wrong else "; ".join(wrong)))
    return run.rows, wrong


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, default=4)
    parser.add_argument("--logs", type=Path, help="folder to keep the workers' logs in")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fleet-") as name:
        folder = options.logs or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        rows, wrong = asyncio.run(measure(options, folder))
    load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    rows.append(("load of the machine at the end", load))
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    verdict = "NOT AS IT MUST BE." if wrong else "All as it must be."
    text = f"{options.calls} calls.\n\n" + "\n".join(lines) + f"\n\n{verdict}"
    print(text)
    if options.out:
        options.out.write_text(f"{HEADER}\n{text}\n", encoding="utf-8")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
