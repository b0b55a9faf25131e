"""Plays calls into a server in a process of its own and keeps what was told of each."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psutil
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.capacity.media import Clip
from benchmarks.latency import cpu_share, enrol, server
from stream_verifier.demo.caller import Caller
from stream_verifier.errors import CallRefusedError
from stream_verifier.events.event import Event

NAME = "latency"
WARM_UP_S = 8.0
_APART_S = 0.15
_MIB = 2**20
MANY = {
    "MAX_CALLS": "512",
    "MEASURE_CAPACITY": "false",
    "MAX_CALLS_PER_IDENTITY": "512",
    "OPENINGS_PER_MINUTE": "10000",
}
"""Settings under which nobody is refused."""
ASKED = {**MANY, "MEASURE_CAPACITY": "true"}
"""Those under which the server decides how many it has time for."""

Values = dict[tuple[str, ...], float]


@dataclass(slots=True)
class PlayedCall:
    """What a client heard of one call.

    Attributes:
        clip: that it played.
        heard: each event with the wall time at which it came.
        refused: why the server refused it; empty where it did not.
    """

    clip: Clip
    heard: list[tuple[float, Event]] = field(default_factory=list)
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One number of calls, played once.

    Attributes:
        calls: what each told.
        seconds: that were measured, after a warm-up.
        cpu: the server's processor time in them, as a share of one processor.
        alone: that of aiortc decoding the same calls and doing nothing else.
        memory_mib: of the server at the end.
        metrics: how much each of the server's counters rose, by name and labels.
    """

    calls: list[PlayedCall]
    seconds: float
    cpu: float
    alone: float
    memory_mib: float
    metrics: Values


async def play(
    clips: Sequence[Clip], *, seconds: float, folder: Path, own: Path, asked: bool = False
) -> Run:
    """Play a clip a call into a fresh server.

    Args:
        clips: one a call.
        seconds: to measure, after a warm-up.
        folder: for the server's store.
        own: a clip of the person to be enrolled.
        asked: whether the server may refuse calls that it has no time for.
    """
    async with server(folder, ASKED if asked else MANY) as (address, child):
        await enrol(address, own)
        played = [PlayedCall(clip) for clip in clips]
        tasks = []
        for one in played:
            tasks.append(asyncio.create_task(_follow(address, one, WARM_UP_S + seconds)))
            await asyncio.sleep(_APART_S if not asked else 1.0)
        await asyncio.sleep(WARM_UP_S)
        before = await asyncio.to_thread(read_metrics, address)
        cpu = await cpu_share(child, max(1.0, seconds - _APART_S * len(clips) - 1.0))
        after = await asyncio.to_thread(read_metrics, address)
        memory_mib = child.memory_info().rss / _MIB
        await asyncio.gather(*tasks)
    rose = {name: value - before.get(name, 0.0) for name, value in after.items()}
    return Run(
        calls=played,
        seconds=seconds,
        cpu=cpu,
        alone=0.0,
        memory_mib=memory_mib,
        metrics=rose,
    )


async def _follow(address: str, call: PlayedCall, seconds: float) -> None:
    until_s = time.monotonic() + seconds
    try:
        async with (
            asyncio.timeout(seconds + 30),
            Caller(address, call.clip.path, mode="verify", identity=NAME) as caller,
        ):
            async for event in caller:
                call.heard.append((time.time(), event))
                if time.monotonic() > until_s:
                    return
    except CallRefusedError as error:
        call.refused = f"{error.server_code}: {error}"
    except TimeoutError:
        return  # what was heard counts


def read_metrics(address: str) -> Values:
    """The server's counters and gauges by name and labels."""
    with urllib.request.urlopen(f"{address}/api/v1/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name.removeprefix("stream_verifier_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def memory_mib(child: psutil.Process) -> float:
    """What a process holds."""
    return float(child.memory_info().rss / _MIB)


def wall_s(event: Event) -> float:
    """When the server stamped it, seconds since the epoch."""
    return datetime.fromisoformat(event.wall).timestamp()
