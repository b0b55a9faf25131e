"""Many subscribers on loopback, some of them stalled: who gets what, when, at which price.

    python -m benchmarks.subscribers [--healthy 180] [--stalled 20] [--seconds 60]

The server runs in a process of its own, the subscribers in this one. Exit code 0 only if the
healthy get every event within 100 ms (95th percentile), the server grows by 64 MiB at most, and
the stalled are let go with a reason.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.lean_subscriber import Subscriber

_MIB = 1024 * 1024
_START_S = 120.0
_SETTLE_S = 3.0
_WAKE_S = 30.0
LATENCY_ALLOWED_S = 0.1
GROWTH_ALLOWED_MIB = 64.0


@dataclass
class Price:
    """What the server's process took.

    Attributes:
        before: its resident memory in MiB with all subscribers there.
        peak: the most that it was.
        cpu_s: processor time while the calls spoke.
        load: processes that wanted a processor at the end, over a minute, of the whole machine.
    """

    before: float = 0.0
    peak: float = 0.0
    cpu_s: float = 0.0
    load: float = 0.0


@contextlib.asynccontextmanager
async def source(
    options: argparse.Namespace, times: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The server's process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.feed_source", "--calls", str(options.calls), "--times", str(times)),
        *("--rate", str(options.rate), "--seconds", str(options.seconds)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def line_of(process: asyncio.subprocess.Process, *, within_s: float) -> str:
    """The next line that the server's process prints."""
    if process.stdout is None:
        raise RuntimeError("the server's output is not read")
    async with asyncio.timeout(within_s):
        return (await process.stdout.readline()).decode().strip()


async def watch_memory(process: psutil.Process, price: Price) -> None:
    """Note the peak four times a second."""
    while True:
        price.peak = max(price.peak, process.memory_info().rss / _MIB)
        await asyncio.sleep(0.25)


async def follow(
    addresses: Sequence[str],
    options: argparse.Namespace,
    process: asyncio.subprocess.Process,
    price: Price,
) -> tuple[list[Subscriber], list[Subscriber]]:
    """Subscribe all, let the calls speak, and return the healthy and the stalled."""
    healthy = [
        await Subscriber.connect(address)
        for address in itertools.islice(itertools.cycle(addresses), options.healthy)
    ]
    stalled = [await Subscriber.connect(addresses[0]) for _ in range(options.stalled)]
    for subscriber in stalled:
        subscriber.stall()
    server = psutil.Process(process.pid)
    price.before = server.memory_info().rss / _MIB
    watching = asyncio.create_task(watch_memory(server, price))
    if process.stdin is None:
        raise RuntimeError("the server cannot be told to start")
    cpu_s = sum(server.cpu_times()[:2])
    process.stdin.write(b"\n")
    await line_of(process, within_s=options.seconds + _START_S)
    price.cpu_s, price.load = sum(server.cpu_times()[:2]) - cpu_s, psutil.getloadavg()[0]
    await asyncio.sleep(_SETTLE_S)
    watching.cancel()
    for subscriber in stalled:
        subscriber.wake()
    if over := [asyncio.create_task(subscriber.over.wait()) for subscriber in stalled]:
        await asyncio.wait(over, timeout=_WAKE_S)
    return healthy, stalled


async def measure(
    options: argparse.Namespace, times_file: Path, *, also: Sequence[str] = ()
) -> tuple[list[float], list[Subscriber], list[Subscriber], Price]:
    """Return when events were published, the healthy, the stalled, and price.

    Args:
        options: how many subscribers, calls and events.
        times_file: where the server's process says when it published.
        also: addresses of other workers of its fleet, to which as many of the healthy subscribe.
    """
    price = Price()
    async with source(options, times_file) as process:
        address = await line_of(process, within_s=_START_S)
        healthy, stalled = await follow([address, *also], options, process, price)
        for subscriber in (*healthy, *stalled):
            subscriber.close()
    times: list[float] = json.loads(await asyncio.to_thread(times_file.read_text))
    return times, healthy, stalled, price


def latencies_ms(times: list[float], healthy: list[Subscriber]) -> list[float]:
    """From each publication to each arrival, sorted."""
    return sorted(
        (at - times[cursor - 1]) * 1000
        for got in healthy
        for cursor, at in zip(got.cursors, got.at, strict=True)
    )


def report(
    options: argparse.Namespace,
    times: list[float],
    healthy: list[Subscriber],
    stalled: list[Subscriber],
    price: Price,
) -> tuple[str, bool]:
    """The figures as Markdown, and whether all is as it must be."""
    complete = sum(got.cursors == list(range(1, len(times) + 1)) for got in healthy)
    latency = latencies_ms(times, healthy)
    cuts = statistics.quantiles(latency, n=100)
    per_delivery_us = price.cpu_s / len(latency) * 1e6
    growth = price.peak - price.before
    ends = Counter(got.end for got in stalled)
    rows = [
        ("subscribers, healthy and stalled", f"{len(healthy)} and {len(stalled)}"),
        ("events published", f"{len(times)} in {options.seconds:g} s, of {options.calls} calls"),
        ("healthy subscribers with every event, once, in order", f"{complete} of {len(healthy)}"),
        ("latency, median", f"{cuts[49]:.1f} ms"),
        ("latency, 95th percentile", f"{cuts[94]:.1f} ms"),
        ("latency, longest", f"{latency[-1]:.1f} ms"),
        ("server's processor time for one delivery", f"{per_delivery_us:.0f} µs"),
        ("load of the machine", f"{price.load:.1f} on {psutil.cpu_count()} processors"),
        ("server's memory, before and peak", f"{price.before:.0f} and {price.peak:.0f} MiB"),
        *((f"stalled that were let go with “{end}”", str(n)) for end, n in ends.items()),
    ]
    right = (
        complete == len(healthy)
        and cuts[94] <= LATENCY_ALLOWED_S * 1000
        and growth <= GROWTH_ALLOWED_MIB
        and all(got.end not in ("", "cut off") and got.end.split()[1:] for got in stalled)
    )
    return "\n".join(
        ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    ), right


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--healthy", type=int, default=180)
    parser.add_argument("--stalled", type=int, default=20)
    parser.add_argument("--calls", type=int, default=8)
    parser.add_argument("--rate", type=float, default=20.0, help="events a second, of all calls")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="subscribers-") as folder:
        measured = asyncio.run(measure(options, Path(folder) / "times.json"))
    table, right = report(options, *measured)
    verdict = "All as it must be." if right else "NOT AS IT MUST BE."
    print(f"{table}\n\n{verdict}")
    if options.out:
        options.out.write_text(f"{HEADER}\n{table}\n\n{verdict}\n", encoding="utf-8")
    raise SystemExit(0 if right else 1)


HEADER = """# Subscribers of the event feed

Made by `python -m benchmarks.subscribers`: the whole server in a process of its own, calls made up,
every subscriber a WebSocket on loopback in one other process. A stalled subscriber reads nothing
after its subscription, as a process does that hangs; it reads on at the end to learn how it was let
go. Latency is from publication in the server to arrival in the subscriber's code.
"""

if __name__ == "__main__":
    main()
