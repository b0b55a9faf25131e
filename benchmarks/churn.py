"""Opens and closes many calls one after another and counts what is left behind.

    python -m benchmarks.churn [--calls 100] [--seconds 2]

Exit code 0 only if there are no more peer connections, tasks, threads and open files than after the
first calls, and the process has grown by 10 MiB at most.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import track

from stream_verifier.demo.caller import Caller
from stream_verifier.demo.people import DEMO_PEOPLE
from stream_verifier.demo.recorded_call import write_call
from stream_verifier.events.schema import Score
from stream_verifier.hosting.server import running_server
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.settings import load_settings

_WARM_UP = 10
_MIB = 1024 * 1024
MEMORY_ALLOWED_MIB = 10.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a process holds at one moment."""

    tasks: int
    threads: int
    files: int
    peers: int
    memory_mib: float


def read() -> Reading:
    """Count now, after a collection."""
    from aiortc import RTCPeerConnection

    gc.collect()
    process = psutil.Process()
    return Reading(
        tasks=len(asyncio.all_tasks()),
        threads=threading.active_count(),
        files=process.num_fds(),
        peers=sum(isinstance(item, RTCPeerConnection) for item in gc.get_objects()),
        memory_mib=process.memory_info().rss / _MIB,
    )


async def one_call(address: str, media: Path, name: str, seconds: float) -> None:
    """Call, wait for scores, leave."""
    async with Caller(address, media, mode="verify", identity=name) as call:
        async for event in call:
            if isinstance(event.payload, Score) and event.payload.end_s >= seconds:
                await call.stop()


async def settle() -> Reading:
    """Give endings a moment, then read."""
    await asyncio.sleep(2)
    return read()


async def measure(calls: int, seconds: float, console: Console) -> tuple[Reading, Reading]:
    """Return the readings after the warm-up and after all calls."""
    person = DEMO_PEOPLE[0]
    with tempfile.TemporaryDirectory(prefix="churn-") as text:
        folder = Path(text)
        settings = load_settings(port=0, data_dir=folder / "data", ice_host_addresses=LOOPBACK)
        media = folder / "call.webm"
        await asyncio.to_thread(write_call, media, face=person, voice=person, seconds=25)
        async with running_server(settings) as server:
            consent = {"subject": "demo", "purpose": "benchmark", "text": "made-up person"}
            async with Caller(
                server.address, media, mode="enrol", identity="demo", consent=consent
            ) as call:
                async for _ in call:
                    pass
            before = None
            for number in track(range(calls + _WARM_UP), "calls", console=console):
                if number == _WARM_UP:
                    before = await settle()
                await one_call(server.address, media, "demo", seconds)
            after = await settle()
    if before is None:
        raise RuntimeError("no call was made")
    return before, after


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=2.0, help="media time of each call")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    before, after = asyncio.run(measure(options.calls, options.seconds, Console(stderr=True)))
    # Fewer is fine: threads of a pool come and go.
    same = all(
        getattr(after, name) <= getattr(before, name)
        for name in ("tasks", "threads", "files", "peers")
    )
    flat = after.memory_mib - before.memory_mib <= MEMORY_ALLOWED_MIB
    verdict = "Nothing is left behind." if same and flat else "SOMETHING IS LEFT BEHIND."
    text = f"{table(before, after, options.calls)}\n\n{verdict}"
    print(text)
    if options.out:
        options.out.write_text(f"{HEADER}\n{text}\n", encoding="utf-8")
    raise SystemExit(0 if same and flat else 1)


def table(before: Reading, after: Reading, calls: int) -> str:
    """Both readings as a Markdown table."""
    rows = [
        "| | tasks | threads | files | peer connections | memory (MiB) |",
        "|---|---|---|---|---|---|",
    ]
    for name, item in (("before", before), (f"after {calls} calls", after)):
        counts = f"{item.tasks} | {item.threads} | {item.files} | {item.peers}"
        rows.append(f"| {name} | {counts} | {item.memory_mib:.1f} |")
    return "\n".join(rows)


HEADER = """# Calls opened and closed

Made by `python -m benchmarks.churn`: verified calls one after another through real WebRTC, client
and server in one process. "Before" is after an enrolment and ten calls of warming up.
"""

if __name__ == "__main__":
    main()
