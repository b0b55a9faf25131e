"""Calls that go on and on, and the memory that the server holds meanwhile.

    python -m benchmarks.capacity.soak [--calls 4] [--minutes 12] [--markdown FILE]

Memory does not hang on how busy the machine is, so that this may run beside other work.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.capacity.media import made_up_call
from benchmarks.capacity.playing import MANY, NAME, memory_mib, read_metrics
from benchmarks.latency import enrol, server
from stream_verifier.demo.caller import Caller
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.publisher import Publisher

_CLIP_S = 60.0
_PAGE = """# Calls that go on and on

```
{command}
```

As that command wrote it. A server in a process of its own and calls of a made-up person, 640x480 at
30 pictures a second, VP8 and Opus, each playing its minute over and over.

{table}
"""
_SETTLED = 3
"""Minutes in which memory still grows to what is held."""


@dataclass(frozen=True, slots=True)
class Soak:
    """What was measured once a minute.

    Attributes:
        calls: that ran all the time.
        memory_mib: after each minute.
        left_out: share of windows left out in it.
    """

    calls: int
    memory_mib: tuple[float, ...]
    left_out: tuple[float, ...]

    @property
    def growth(self) -> float:
        """Of the memory held after it settled, as a share."""
        settled = self.memory_mib[min(_SETTLED, len(self.memory_mib) - 1)]
        return self.memory_mib[-1] / settled - 1

    def markdown(self) -> str:
        """As a table."""
        lines = ["| minute | memory, MiB | windows left out |", "|---|---|---|"]
        for minute, (held, left) in enumerate(zip(self.memory_mib, self.left_out, strict=True), 1):
            lines.append(f"| {minute} | {held:.0f} | {left:.1%} |")
        told = f"{self.calls} calls: {self.growth:+.1%} since minute {_SETTLED + 1}."
        return "\n".join([told, "", *lines])


async def soak(enrolment: Path, own: Path, *, calls: int, minutes: int, folder: Path) -> Soak:
    """Keep calls running, each playing its clip over and over."""
    async with server(folder, MANY) as (address, child):
        await enrol(address, enrolment)
        tasks = [asyncio.create_task(_stay(address, own)) for _ in range(calls)]
        held, left, before = [], [], await asyncio.to_thread(read_metrics, address)
        for _ in range(minutes):
            await asyncio.sleep(60)
            after = await asyncio.to_thread(read_metrics, address)
            held.append(memory_mib(child))
            rose = {one: after[one] - before[one] for one in after if one[0] == "windows_total"}
            left.append(rose["windows_total", "overloaded"] / max(1.0, sum(rose.values())))
            before = after
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return Soak(calls, tuple(held), tuple(left))


async def _stay(address: str, own: Path) -> None:
    again = Publisher(own, loop=True, host_addresses=LOOPBACK)
    async with Caller(address, again, mode="verify", identity=NAME) as call:
        async for _ in call:
            pass


async def _measure(calls: int, minutes: int) -> Soak:
    with tempfile.TemporaryDirectory(prefix="soak-") as text:
        folder = Path(text)
        own = await asyncio.to_thread(made_up_call, folder, seconds=_CLIP_S, fps=30)
        return await soak(own, own, calls=calls, minutes=minutes, folder=folder)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, default=4)
    parser.add_argument("--minutes", type=int, default=12)
    parser.add_argument("--markdown", type=Path, help="file for the page")
    options = parser.parse_args()
    found = asyncio.run(_measure(options.calls, options.minutes))
    command = f"python -m benchmarks.capacity.soak {' '.join(sys.argv[1:])}"
    page = _PAGE.format(command=command.strip(), table=found.markdown())
    print(page)
    if options.markdown:
        options.markdown.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
