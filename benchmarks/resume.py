"""Breaks the network of a call in a real Chromium and sees how it comes back.

    python -m benchmarks.resume [--cuts 5] [--seconds 5] [--out FILE.md]

A demo person calls through the real page; a subscriber follows the feed from Python over the same
network. Each cut breaks both connections and lets nothing through until it is over. Exit code 0
only if each time the same session went on within 3 s of the network's return, was verified
again, and both ends saw every event once and in order.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Page
from rich.console import Console

from benchmarks.chromium import CAMERA_FPS, open_page, until, write_capture
from benchmarks.wire import Wire
from stream_verifier.client import EventFeed, FeedEvent, Lost
from stream_verifier.console.offline import enrol_files
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames, speech
from stream_verifier.demo.recorded_call import write_call
from stream_verifier.hosting.server import running_server
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.opening import open_store
from stream_verifier.settings import Settings, load_settings
from stream_verifier.verify.recogniser import Recogniser

TARGET_S = 3.0
PATIENCE_S = 90.0
CAPTURE_S = 12.0
_PERSON = DEMO_PEOPLE[0]
_EVENTS = "streamVerifierEvents"
_STATE = "document.querySelector('[data-testid=state]').dataset.state"


@dataclass(frozen=True, slots=True)
class Return:
    """How one call came back.

    Attributes:
        resumed_s: from the network's return to the session going on.
        verified_s: likewise, to the next verdict `verified`.
        seen: numbers of the call's events among those that its page is told.
        followed: numbers of all of them, as the subscriber got them.
        last: number of the last one that the page saw.
        told_lost: whether the subscriber was told of a loss.
        sessions: different sessions that the page saw.
    """

    resumed_s: float
    verified_s: float
    seen: list[int]
    followed: list[int]
    last: int
    told_lost: bool
    sessions: int

    @property
    def whole(self) -> bool:
        """Whether one session went on and neither end missed an event or saw one twice."""
        both = (self.seen, self.followed)
        complete = all(numbers == list(range(1, len(numbers) + 1)) for numbers in both)
        ended = self.followed[-1:] == [self.last]
        return complete and ended and self.sessions == 1 and not self.told_lost


class Follower:
    """Follows one identity's calls over a network that may break.

    Args:
        address: of the server, over that network.
    """

    def __init__(self, address: str) -> None:
        self.numbers: list[int] = []
        self.lost = False
        self._feed = EventFeed(address, identities=[_PERSON.id])
        self._came = asyncio.Condition()

    async def run(self) -> None:
        """Follow until cancelled."""
        async with self._feed as feed:
            async for item in feed:
                async with self._came:
                    self.lost |= isinstance(item, Lost)
                    self.numbers += [item.seq] if isinstance(item, FeedEvent) else []
                    self._came.notify_all()

    async def has(self, count: int) -> None:
        """Wait until that many events have come."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.numbers) >= count)


async def cut(page: Page, wire: Wire, *, seconds: float) -> Return:
    """Call, break the network, let it come back, and hang up.

    Args:
        page: the server's call page, opened over the network.
        wire: the network.
        seconds: how long it is away.
    """
    follower = Follower(wire.address)
    following = asyncio.create_task(follower.run())
    await page.fill("[data-testid=identity-name]", _PERSON.id)
    await page.click("[data-testid=start]")
    await until(page, f"{_STATE} === 'verified'", timeout_s=PATIENCE_S)
    wire.sever()
    await asyncio.sleep(seconds)
    back_ms = time.time() * 1000
    wire.restore()
    resumed_ms, verified_ms = await _came_back(page)
    await page.click("[data-testid=stop]")
    await until(page, f"{_EVENTS}.some(e => e.type === 'session_ended')", timeout_s=PATIENCE_S)
    events = await page.evaluate(
        f"{_EVENTS}.filter(e => e.seq).map(e => [e.session, e.seq, e.untold])"
    )
    last = events[-1][1]
    async with asyncio.timeout(PATIENCE_S):
        await follower.has(last)
    following.cancel()
    return Return(
        resumed_s=(resumed_ms - back_ms) / 1000,
        verified_s=(verified_ms - back_ms) / 1000,
        seen=[number - untold for _, number, untold in events],
        followed=follower.numbers,
        last=last,
        told_lost=follower.lost,
        sessions=len({session for session, _, _ in events}),
    )


async def _came_back(page: Page) -> tuple[float, float]:
    """When the session went on and when it was verified anew, in ms since the epoch."""
    resumed = f"{_EVENTS}.find(e => e.type === 'connection_resumed')"
    await until(page, f"{resumed} !== undefined", timeout_s=PATIENCE_S)
    later = f"e.state === 'verified' && e.seq > {resumed}.seq"
    again = f"{_EVENTS}.find(e => {later})?.receivedAt ?? null"
    await until(page, f"({again}) !== null", timeout_s=PATIENCE_S)
    return await page.evaluate(f"{resumed}.receivedAt"), await page.evaluate(again)


async def enrol(settings: Settings, folder: Path) -> None:
    """Enrol the demo person from a picture and a recording."""
    media = folder / "enrol.webm"
    await asyncio.to_thread(write_call, media, face=_PERSON, voice=_PERSON, seconds=25.0)
    recogniser = await asyncio.to_thread(Recogniser.load, settings)
    reference = await asyncio.to_thread(
        enrol_files,
        videos=[media],
        faces=[],
        voices=[],
        recogniser=recogniser,
        face_rate_hz=settings.face_rate_hz,
    )
    store = await asyncio.to_thread(open_store, settings)
    consent = Consent(_PERSON.id, datetime.now(UTC), "measuring", "A made-up person.")
    await store.add(_PERSON.id, reference, consent)
    await store.close()


async def measure(cuts: int, seconds: float) -> list[Return]:
    """Make that many calls, each with one cut."""
    returns = []
    with tempfile.TemporaryDirectory(prefix="resume-") as name:
        folder = Path(name)
        settings = load_settings(data_dir=folder / "data", port=0)
        await enrol(settings, folder)
        frames = portrait_frames(_PERSON, seconds=CAPTURE_S, fps=CAMERA_FPS)
        sound = speech(_PERSON, seconds=CAPTURE_S)
        capture = write_capture(folder, "caller", frames, sound)
        async with running_server(settings) as server, Wire(server.address) as wire:
            for _ in range(cuts):
                async with open_page(wire.address, capture) as page:
                    returns.append(await cut(page, wire, seconds=seconds))
    return returns


def table(returns: Sequence[Return], seconds: float) -> str:
    """The measurement as Markdown."""
    lines = [
        f"{len(returns)} calls in Chromium, the network away for {seconds:g} s in each. "
        "Seconds from its return:",
        "",
        "| session goes on | verified again | one session, each event once at both ends |",
        "| --- | --- | --- |",
        *(f"| {one.resumed_s:.2f} | {one.verified_s:.2f} | {'yes' if one.whole else 'NO'} |"
          for one in returns),
        "",
        f"Median {statistics.median(one.resumed_s for one in returns):.2f} and "
        f"{statistics.median(one.verified_s for one in returns):.2f} s.",
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resume", description=__doc__)
    parser.add_argument("--cuts", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    returns = asyncio.run(measure(options.cuts, options.seconds))
    text = table(returns, options.seconds)
    Console().print(text, markup=False)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0 if all(one.whole and one.resumed_s < TARGET_S for one in returns) else 1


if __name__ == "__main__":
    raise SystemExit(main())
