"""The event feed on the log in memory and on the one in Redis: how late events come.

    python -m benchmarks.feed_latency [--subscribers 200] [--seconds 30] [--out FILE]

Needs Debian's redis-server and the extra "fleet". Exit code 0 only if every subscriber gets every
event once and in order with all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fleet.town import WorkerProcess
from benchmarks.lean_subscriber import Subscriber
from benchmarks.redis_server import redis_server
from benchmarks.subscribers import Price, latencies_ms, measure

_NOWHERE = "http://127.0.0.1:"
HEADER = """# The event feed on memory and on Redis

Made by `python -m benchmarks.feed_latency`: the whole server in a process of its own, calls made
up, every subscriber a WebSocket on loopback in one other process. Latency is from publication in
the server to arrival in the subscriber's code. Redis runs on the same machine, `appendonly yes`, to
the disk each second; an event goes there and back before any subscriber gets it. In the last row
half of the subscribers follow a second worker, which has no calls; processor time is the first's.
"""


@dataclass(frozen=True)
class Figures:
    """What one log gave.

    Attributes:
        complete: subscribers that got every event, once, in order.
        events: published.
        p50_ms, p95_ms, longest_ms: from publication to arrival.
        delivery_us: the server's processor time for one event to one subscriber.
    """

    complete: int
    events: int
    p50_ms: float
    p95_ms: float
    longest_ms: float
    delivery_us: float


@contextlib.contextmanager
def settings(**values: str) -> Iterator[None]:
    """The environment with these settings, for the server's process."""
    names = {f"STREAM_VERIFIER_{name.upper()}": value for name, value in values.items()}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def run(options: argparse.Namespace, folder: Path, *, workers: int = 1) -> Figures:
    """Measure the log that the environment asks for."""
    times, followers, price = asyncio.run(_measure(options, folder, workers))
    own = len(times) * len(followers) / workers
    latency = latencies_ms(times, followers)
    cuts = statistics.quantiles(latency, n=100)
    return Figures(
        complete=sum(got.cursors == list(range(1, len(times) + 1)) for got in followers),
        events=len(times),
        p50_ms=cuts[49],
        p95_ms=cuts[94],
        longest_ms=latency[-1],
        delivery_us=price.cpu_s / own * 1e6,
    )


def on_redis(options: argparse.Namespace, folder: Path, *, workers: int = 1) -> Figures:
    """Measure a log in a Redis of its own."""
    own = folder / f"redis{workers}"
    own.mkdir()
    with (
        redis_server(own) as redis,
        settings(redis_url=redis.url, worker_address=f"{_NOWHERE}1"),
    ):
        return run(options, folder, workers=workers)


async def _measure(
    options: argparse.Namespace, folder: Path, workers: int
) -> tuple[list[float], list[Subscriber], Price]:
    others = [
        WorkerProcess(
            {"DATA_DIR": str(folder / f"worker{n}"), "WORKER_ADDRESS": f"{_NOWHERE}{n + 1}"},
            folder / f"worker{n}.log",
        )
        for n in range(1, workers)
    ]
    try:
        for other in others:
            await other.start()
        addresses = [other.address for other in others]
        times, followers, _, price = await measure(options, folder / "times.json", also=addresses)
    finally:
        for other in others:
            await other.stop()
    return times, followers, price


def table(figures: dict[str, Figures], options: argparse.Namespace) -> str:
    """The figures as Markdown."""
    about = (
        f"{options.healthy} subscribers, {options.calls} calls, {options.rate:g} events a second "
        f"for {options.seconds:g} s; load of the machine at the end "
        f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors."
    )
    rows = [
        f"| {name} | {one.complete} of {options.healthy} | {one.events} | {one.p50_ms:.1f} ms "
        f"| {one.p95_ms:.1f} ms | {one.longest_ms:.1f} ms | {one.delivery_us:.0f} µs |"
        for name, one in figures.items()
    ]
    head = "| log | with every event once | events | p50 | p95 | longest | CPU a delivery |"
    return "\n".join([about, "", head, "|---|---|---|---|---|---|---|", *rows])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--subscribers", type=int, default=200, dest="healthy")
    parser.add_argument("--calls", type=int, default=8)
    parser.add_argument("--rate", type=float, default=20.0, help="events a second, of all calls")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    options = parser.parse_args(namespace=argparse.Namespace(stalled=0))
    figures = {}
    with tempfile.TemporaryDirectory(prefix="feed-latency-") as name:
        folder = Path(name)
        figures["memory"] = run(options, folder)
        figures["Redis"] = on_redis(options, folder)
        figures["Redis, two workers"] = on_redis(options, folder, workers=2)
    text = table(figures, options)
    print(text)
    if options.out:
        options.out.write_text(f"{HEADER}\n{text}\n", encoding="utf-8")
    right = all(one.complete == options.healthy for one in figures.values())
    raise SystemExit(0 if right else 1)


if __name__ == "__main__":
    main()
