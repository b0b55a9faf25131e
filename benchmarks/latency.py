"""Times a call as a person feels it, and what it costs beside decoding alone.

    python -m benchmarks.latency [--calls 1 4] [--runs 3] [--seconds 20] [--out FILE.md]

A real Chromium clicks "start" and measures; the further calls of a row are played by aiortc
clients from pre-encoded files, which cost next to nothing. The processor time of the server is
then compared with that of a process in which aiortc decodes the same calls and does nothing else,
run right after it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console

from benchmarks.browser_calls import begin, scored_until
from benchmarks.chromium import CAMERA_FPS, Capture, open_page, write_capture
from benchmarks.ports import free_port
from stream_verifier.demo.caller import Caller
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames, speech
from stream_verifier.demo.recorded_call import write_call
from stream_verifier.events.schema import Enrolled

_PERSON = DEMO_PEOPLE[0]
_NAME = "latency"
_CONSENT = {"subject": "made up", "purpose": "benchmark", "text": "A made-up person."}
_MEDIA_S = 60.0


@dataclass(slots=True)
class Timing:
    """Milliseconds of one number of calls, over all runs."""

    first_frame: list[float] = field(default_factory=list)
    first_score: list[float] = field(default_factory=list)
    first_verdict: list[float] = field(default_factory=list)
    window_to_browser: list[float] = field(default_factory=list)


@contextlib.asynccontextmanager
async def process(*arguments: str, environment: dict[str, str]) -> AsyncIterator[psutil.Process]:
    """Run a Python module in a process of its own; it is gone afterwards."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        await child.wait()


@contextlib.asynccontextmanager
async def server(
    folder: Path, settings: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[str, psutil.Process]]:
    """Run the verifier's server in a process of its own.

    Args:
        folder: for its store.
        settings: by their names in the environment, without the prefix; nobody is refused a call
            by default.
    """
    port = free_port()
    more = settings or {"MEASURE_CAPACITY": "false", "MAX_CALLS": "64"}
    environment = {f"STREAM_VERIFIER_{name}": value for name, value in more.items()} | {
        "STREAM_VERIFIER_DATA_DIR": str(folder / "data"),
        "STREAM_VERIFIER_PORT": str(port),
    }
    address = f"http://127.0.0.1:{port}"
    async with process("stream_verifier", "serve", environment=environment) as child:
        for _ in range(300):
            if await asyncio.to_thread(_answers, f"{address}/api/v1/health"):
                break
            await asyncio.sleep(0.1)
        yield address, child


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


@contextlib.asynccontextmanager
async def decoder() -> AsyncIterator[tuple[str, psutil.Process]]:
    """Run aiortc in a process of its own, where it decodes what is sent and does nothing else."""
    port = free_port()
    async with process("benchmarks.decode_only", str(port), environment={}) as child:
        await _listens(port)
        yield f"http://127.0.0.1:{port}", child


async def _listens(port: int) -> None:
    """Wait until something answers there."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def callers(address: str, media: Path, count: int) -> AsyncIterator[None]:
    """Keep that many calls running, their events read and dropped."""

    async def one() -> None:
        async with Caller(address, media, mode="verify", identity=_NAME) as call:
            async for _ in call:
                pass

    tasks = [asyncio.create_task(one()) for _ in range(count)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def enrol(address: str, media: Path) -> None:
    """Enrol the made-up person live."""
    async with Caller(address, media, mode="enrol", identity=_NAME, consent=_CONSENT) as call:
        events = [event async for event in call]
    if not any(isinstance(event.payload, Enrolled) for event in events):
        raise RuntimeError(f"the enrolment failed: {events[-2:]}")


async def time_a_click(address: str, capture: Capture, seconds: float, timing: Timing) -> None:
    """Click "start" in a real Chromium and time what comes of it."""
    async with open_page(address, capture) as page:
        await begin(page, mode="verify", name=_NAME)
        await scored_until(page, seconds)
        events: list[dict[str, Any]] = await page.evaluate("streamVerifierEvents")
        clicked = float(await page.evaluate("streamVerifierMarks.clickedAt"))
    collect(events, clicked, timing)


def collect(events: Sequence[dict[str, Any]], clicked_ms: float, timing: Timing) -> None:
    """Take the times out of a call's events."""
    frame = next(e for e in events if e["type"] == "media_started" and e["kind"] == "video")
    scores = [event for event in events if event["type"] == "score"]
    verdict = next(e for e in events if e["type"] == "state_changed" and e["state"] == "verified")
    timing.first_frame.append(wall_ms(frame) - clicked_ms)
    timing.first_score.append(scores[0]["receivedAt"] - clicked_ms)
    timing.first_verdict.append(verdict["receivedAt"] - clicked_ms)
    timing.window_to_browser += lags_ms(scores)


def lags_ms(scores: Iterable[dict[str, Any]]) -> list[float]:
    """From the arrival of each window's newest media to its score, then to the page."""
    return [one["age_s"] * 1000 + one["receivedAt"] - wall_ms(one) for one in scores]


def wall_ms(event: dict[str, Any]) -> float:
    """An event's wall time in milliseconds since the epoch."""
    return datetime.fromisoformat(event["wall"]).timestamp() * 1000


async def cpu_share(child: psutil.Process, seconds: float) -> float:
    """Share of one processor that a process takes over some seconds."""

    def used() -> float:
        times = child.cpu_times()
        return float(times.user + times.system)

    before = used()
    await asyncio.sleep(seconds)
    return (used() - before) / seconds


async def decode_alone(media: Path, count: int, *, seconds: float) -> float:
    """Processor time of aiortc that decodes so many calls, as a share of one processor."""
    async with decoder() as (address, child), callers(address, media, count):
        await asyncio.sleep(4)
        return await cpu_share(child, seconds)


async def cost(media: Path, count: int, folder: Path, seconds: float) -> tuple[float, float]:
    """CPU shares per call of the verifier and of decoding alone, one right after the other."""
    async with server(folder) as (address, child), callers(address, media, count):
        await asyncio.sleep(4)
        ours = await cpu_share(child, seconds)
    alone = await decode_alone(media, count, seconds=seconds)
    return ours / count, alone / count


async def measure(
    counts: Sequence[int], runs: int, seconds: float, console: Console
) -> tuple[dict[int, Timing], dict[int, list[tuple[float, float]]]]:
    """Run everything."""
    timings = {count: Timing() for count in counts}
    costs: dict[int, list[tuple[float, float]]] = {count: [] for count in counts}
    with tempfile.TemporaryDirectory(prefix="latency-") as text:
        folder = Path(text)
        with console.status("Making a made-up person's media"):
            media = folder / "call.webm"
            await asyncio.to_thread(
                write_call, media, face=_PERSON, voice=_PERSON, seconds=_MEDIA_S
            )
            moving = portrait_frames(_PERSON, seconds=20, fps=CAMERA_FPS)
            voice = speech(_PERSON, seconds=20)
            capture = await asyncio.to_thread(write_capture, folder, "camera", moving, voice)
        async with server(folder) as (address, _):
            await enrol(address, media)
            for run in range(runs):
                for count in counts:
                    console.print(f"clicks: run {run + 1} of {runs}, {count} calls")
                    async with callers(address, media, count - 1):
                        await time_a_click(address, capture, seconds, timings[count])
        for run in range(runs):
            for count in counts:
                console.print(f"cost: run {run + 1} of {runs}, {count} calls")
                costs[count].append(await cost(media, count, folder, seconds))
    return timings, costs


def table(timings: dict[int, Timing], costs: dict[int, list[tuple[float, float]]]) -> str:
    """Everything as Markdown tables."""
    rows = [
        "| calls | click to first decoded frame | to first score | to first verdict | "
        "window end to event in the browser, p50 | p95 | scores |",
        "|---|---|---|---|---|---|---|",
    ]
    for count, timing in timings.items():
        lags = np.array(timing.window_to_browser)
        cells = (
            str(count),
            *(
                f"{statistics.median(values):.0f} ms"
                for values in (timing.first_frame, timing.first_score, timing.first_verdict)
            ),
            f"{np.percentile(lags, 50):.0f} ms",
            f"{np.percentile(lags, 95):.0f} ms",
            str(len(lags)),
        )
        rows.append("| " + " | ".join(cells) + " |")
    rows += [
        "",
        "| calls | verifier, CPU per call | decoding alone, CPU per call | ratio |",
        "|---|---|---|---|",
    ]
    for count, pairs in costs.items():
        ours = statistics.median(pair[0] for pair in pairs)
        alone = statistics.median(pair[1] for pair in pairs)
        ratio = statistics.median(pair[0] / pair[1] for pair in pairs)
        rows.append(f"| {count} | {ours:.1%} | {alone:.1%} | {ratio:.2f} |")
    return "\n".join(rows)


HEADER = """# Latency and cost of a call

Made by `python -m benchmarks.latency`. Medians over {runs} runs; a score's way to the browser is
over all its scores. "Decoding alone" is aiortc as it comes, in a process of its own, on the same
media, run right after. Frames are dated when the worker takes them, so that the first decoded
frame includes the wait for its turn.
"""


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--out", type=Path, help="Markdown file for the tables")
    options = parser.parse_args()
    timings, costs = asyncio.run(
        measure(options.calls, options.runs, options.seconds, Console(stderr=True))
    )
    text = table(timings, costs)
    print(text)
    if options.out:
        header = HEADER.format(runs=options.runs)
        options.out.write_text(f"{header}\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
