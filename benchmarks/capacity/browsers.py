"""Calls of a real Chromium through the SDK, and what they cost beside decoding alone.

    python -m benchmarks.capacity.browsers [--calls 1 2 4] [--seconds 20] [--markdown FILE]

One Chromium has a page a call: its camera plays a made-up person, the SDK sends what it sends to
any server. What Chromium needs the server has not, so that this says what a call costs rather than
how many there may be.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import Page
from rich.console import Console
from rich.progress import track

from benchmarks.capacity.media import OWN, made_up_call
from benchmarks.capacity.playing import MANY, NAME, WARM_UP_S
from benchmarks.chromium import CAMERA_FPS, Capture, open_page, write_capture
from benchmarks.latency import cpu_share, decoder, enrol, lags_ms, server
from stream_verifier.demo.people import portrait_frames, speech

_CAMERA_S = 30.0
# Through the SDK by itself: the page's own meters and chart are not what is measured.
_CALL = """async ({url, identity}) => {
  const { StreamVerifier } = await import("./js/stream-verifier.js");
  const wanted = { video: { width: 640, height: 480, frameRate: 30 }, audio: true };
  const verifier = new StreamVerifier({ url, identity });
  globalThis.told = [];
  for (const type of ["score", "state_changed", "error"]) {
    verifier.addEventListener(type, ({ detail }) => told.push(detail));
  }
  verifier.attach(await navigator.mediaDevices.getUserMedia(wanted));
  await verifier.start();
}"""
_PAGE = """# Calls of a browser

```
{command}
```

As that command wrote it. A real Chromium with a page a call sends a made-up person through the SDK
(640x480, 15 pictures a second at most, VP8 and Opus) to a server in a process of its own on the
same machine, then to a process in which aiortc decodes them and does nothing else. Measured after
{warm_up:.0f} s. Chromium takes most of a processor a call, so that few calls say what one costs;
how many a server holds is in [capacity](capacity.md).

- **lag**: from the arrival of a window's newest media to its event in the page.
- **server**, **alone**: processor time of the verifier and of decoding alone, of one processor.

{table}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Browsed:
    """One number of calls.

    Attributes:
        calls: how many.
        verified: of them, at the end.
        lag_p50_s, lag_p95_s: from the arrival of a window's newest media to its event in the
            page.
        cpu, alone: processor time of the server and of decoding alone, as shares of one processor.
    """

    calls: int
    verified: int
    lag_p50_s: float
    lag_p95_s: float
    cpu: float
    alone: float

    @property
    def row(self) -> str:
        """As a row of the table."""
        times = self.cpu / self.alone
        return (
            f"| {self.calls} | {self.verified} | {self.lag_p50_s:.2f} / {self.lag_p95_s:.2f} "
            f"| {self.cpu:.2f} | {self.alone:.2f} | {times:.1f} |"
        )


def table(found: Sequence[Browsed]) -> str:
    """All as a table in Markdown."""
    head = "| calls | verified | lag p50 / p95, s | server | alone | times |"
    return "\n".join([head, "|---|---|---|---|---|---|", *(one.row for one in found)])


def judge(told: Sequence[Sequence[dict[str, Any]]], *, cpu: float, alone: float) -> Browsed:
    """Sum up what each page was told.

    Raises:
        RuntimeError: a page was told of an error.
    """
    events = [event for page in told for event in page]
    for event in events:
        if event["type"] == "error":
            raise RuntimeError(f"a call failed: {event['message']}")
    lags = np.array(lags_ms([one for one in events if one["type"] == "score"]) or [np.nan]) / 1000
    last = [[one["state"] for one in page if one["type"] == "state_changed"][-1:] for page in told]
    return Browsed(
        calls=len(told),
        verified=last.count(["verified"]),
        lag_p50_s=float(np.percentile(lags, 50)),
        lag_p95_s=float(np.percentile(lags, 95)),
        cpu=cpu,
        alone=alone,
    )


@asynccontextmanager
async def _pages(
    address: str, url: str, camera: Capture, calls: int
) -> AsyncIterator[Sequence[Page]]:
    """Open that many calls to a server, from pages of another."""
    async with open_page(f"{address}/", camera, any_server=True) as first:
        pages = [first]
        for _ in range(calls - 1):
            pages.append(await first.context.new_page())
            await pages[-1].goto(f"{address}/")
        for page in pages:
            await page.evaluate(_CALL, {"url": url, "identity": NAME})
        await asyncio.sleep(WARM_UP_S)
        for page in pages:
            await page.evaluate("told = told.filter(({ type }) => type !== 'score')")
        yield pages


async def browse(
    camera: Capture, own: Path, *, calls: int, seconds: float, folder: Path
) -> Browsed:
    """Measure one number of calls, then as many that are decoded alone.

    Args:
        camera: of every page.
        own: a recorded call of the same person, to enrol by.
        calls: how many.
        seconds: measured.
        folder: for the server's store.
    """
    async with server(folder, MANY) as (address, child):
        await enrol(address, own)
        async with _pages(address, address, camera, calls) as pages:
            cpu = await cpu_share(child, seconds)
            told = [await page.evaluate("told") for page in pages]
        async with decoder() as (url, child), _pages(address, url, camera, calls):
            alone = await cpu_share(child, seconds)
    return judge(told, cpu=cpu, alone=alone)


async def _measure(counts: Sequence[int], seconds: float) -> list[Browsed]:
    with tempfile.TemporaryDirectory(prefix="browsers-") as text:
        folder = Path(text)
        own = await asyncio.to_thread(made_up_call, folder, seconds=_CAMERA_S, fps=30)
        frames = portrait_frames(OWN, seconds=_CAMERA_S, fps=CAMERA_FPS)
        heard = speech(OWN, seconds=_CAMERA_S)
        camera = await asyncio.to_thread(write_capture, folder, "camera", frames, heard)
        found = []
        for count in track(counts, "calls", console=Console(stderr=True)):
            place = folder / str(count)
            found.append(await browse(camera, own, calls=count, seconds=seconds, folder=place))
        return found


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--seconds", type=float, default=20.0, help="measured, after 8 s")
    parser.add_argument("--markdown", type=Path, help="file for the page")
    options = parser.parse_args()
    found = asyncio.run(_measure(options.calls, options.seconds))
    command = f"python -m benchmarks.capacity.browsers {' '.join(sys.argv[1:])}".strip()
    page = _PAGE.format(command=command, warm_up=WARM_UP_S, table=table(found))
    print(page)
    if options.markdown:
        options.markdown.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
