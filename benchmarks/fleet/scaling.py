"""What one more worker gives: how many calls fleets of one, two and four hold.

    python -m benchmarks.fleet.scaling [--workers 1 2 4] [--share 0.5] [--out FILE.md]

Each worker is held to a share of a processor by the kernel's control groups (root, cgroup v1 or
v2), so that several stand for several machines. Real calls of a made-up person come through
HAProxy with the shipped configuration, one more for each worker at a time, until events come late:
held are those with which the 95th percentile of the lag stays at 500 ms. Lag is from the arrival
of a window's newest media to its event at the client. Callers share the machine with the workers
and are held to nothing. Needs Debian's redis-server, postgresql and haproxy, and the extras
"fleet" and "demo".
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmarks.fleet.caller import FleetCaller
from benchmarks.fleet.people import WHO, enrol, make_folders, settings_of, write_media
from benchmarks.fleet.town import WorkerProcess, proxy
from benchmarks.postgres_server import postgres_server
from benchmarks.quota import quota
from benchmarks.redis_server import redis_server
from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.identities.keys import new_key, parse_key

_LATE_S = 0.5
_SETTLE_S = 8.0
_MEASURE_S = 15.0
_MOST_EACH = 12

HEADER = """# What one more worker gives

Made by `python -m benchmarks.fleet.scaling`: workers held to {share:g} of a processor each, behind
HAProxy with the shipped configuration, with Redis and PostgreSQL, all on one machine with
{processors} processors, which callers, Redis, PostgreSQL and HAProxy share. Calls of a made-up
person, one more for each worker at a time. *Held*: with so many, 95 of 100 events come within 0.5 s
of their window's newest media; the next step's lag is in the last column.
*All processors*: how busy they were at the step that was held.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """So many calls, measured.

    Attributes:
        calls: that ran.
        lag_s: 95th percentile, over all calls.
        verified: calls that were verified at the end.
        busy: of all processors, as a share.
    """

    calls: int
    lag_s: float
    verified: int
    busy: float


async def ramp(callers: list[FleetCaller], add: int, begin: Callable[[], FleetCaller]) -> Step:
    """Add calls, let them settle, and measure."""
    for _ in range(add):
        callers.append(begin())
        await asyncio.sleep(0.3)
    await asyncio.sleep(_SETTLE_S)
    from_s = time.monotonic()
    psutil.cpu_percent()
    await asyncio.sleep(_MEASURE_S)
    busy = psutil.cpu_percent() / 100
    lags = [lag_s for one in callers for at_s, lag_s in one.lags if at_s > from_s]
    expected = len(callers) * _MEASURE_S / 4
    lag_s = float(np.percentile(lags, 95)) if len(lags) > expected else float("inf")
    return Step(len(callers), lag_s, sum(one.state == "verified" for one in callers), busy)


async def measure(count: int, share: float, folder: Path, media: Path) -> list[Step]:
    """Steps of one fleet, up to the first that is late."""
    make_folders(folder)
    key = new_key()
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_server(folder / "redis"))
        postgres = stack.enter_context(postgres_server(durable=True))
        database_url = postgres.new_place()
        await enrol(folder / "data", database_url, media)
        shared = settings_of(folder / "data", redis, database_url, key)
        shared |= {
            "MAX_CALLS": "64",
            "MAX_CALLS_PER_IDENTITY": "512",
            "OPENINGS_PER_MINUTE": "9999",
        }
        workers = [WorkerProcess(shared, folder / f"worker{n}.log") for n in range(count)]
        for number, worker in enumerate(workers):
            group = stack.enter_context(quota(f"stream-verifier-{number}", share))
            stack.push_async_callback(worker.stop, signal.SIGKILL)
            await worker.start()
            group.hold(worker.pid)
        address = await stack.enter_async_context(proxy(folder, workers))
        token = Tokens(parse_key(key)).issue([Scope.PUBLISH], ttl_s=3600)
        url = address.replace("http", "ws", 1) + "/api/v1/call"

        def begin() -> FleetCaller:
            caller = FleetCaller(url, media, WHO, token)
            caller.begin()
            return caller

        callers: list[FleetCaller] = []
        steps: list[Step] = []
        while not steps or (steps[-1].lag_s <= _LATE_S and len(steps) < _MOST_EACH):
            steps.append(await ramp(callers, count, begin))
            print(f"{count} workers: {steps[-1]}", flush=True)
        await asyncio.gather(*(caller.stop() for caller in callers))
        await asyncio.sleep(1)
    return steps


def row(count: int, steps: list[Step]) -> str:
    """One line of the table."""
    held = [one for one in steps if one.lag_s <= _LATE_S]
    late = next((one for one in steps if one.lag_s > _LATE_S), None)
    best = held[-1] if held else Step(0, float("nan"), 0, float("nan"))
    after = "–" if late is None else f"{late.calls} calls: {late.lag_s:.2f} s"
    return (
        f"| {count} | {best.calls} | {best.lag_s:.2f} s | {best.verified} | {best.busy:.0%} "
        f"| {after} |"
    )


async def run(options: argparse.Namespace, folder: Path) -> str:
    """All fleets, one after another; returns the page."""
    media = folder / "call.webm"
    await write_media(media)
    lines = [
        "| workers | held | lag, 95th percentile | of them verified | all processors | then |",
        "|---|---|---|---|---|---|",
    ]
    for count in options.workers:
        steps = await measure(count, options.share, folder / f"of-{count}", media)
        lines.append(row(count, steps))
    header = HEADER.format(share=options.share, processors=os.cpu_count())
    return header + "\n" + "\n".join(lines) + "\n"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--share", type=float, default=0.5, help="of a processor, for each worker")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scaling-") as name:
        text = asyncio.run(run(options, Path(name)))
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
