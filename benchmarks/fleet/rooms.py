"""How long the calls of a room are away when the worker that follows it goes.

    python -m benchmarks.fleet.rooms [--publishers 3] [--kills 3] [--out FILE.md]

Two workers, Redis and Debian's Janus on this machine; made-up people publish in a room that one
worker follows. That worker is killed (SIGKILL), and started again once the other one follows, as
often as asked; then the one that follows is told to stop (SIGTERM). *Away* is from the signal until
the other server said that a call's media come again, *verified* until it was so again. Needs
Debian's redis-server and janus, an address other than loopback, and the extras "fleet" and "demo".
Exit code 0 only if every call went on under its number without a hole.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from benchmarks.fleet.people import WHO, enrol, make_folders, settings_of, write_media
from benchmarks.fleet.town import WorkerProcess
from benchmarks.fleet.watching import until
from benchmarks.janus.publisher import JanusPublisher
from benchmarks.janus.server import ROOM, janus_server, media_address
from benchmarks.redis_server import redis_server
from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.client import EventFeed, FeedEvent
from stream_verifier.identities.keys import new_key, parse_key

_SETTLE_S = 5.0

HEADER = """# A room whose server goes

Made by `python -m benchmarks.fleet.rooms`: two workers and Debian's Janus on one machine; {count}
people publish in a room that one worker follows. *Away* is from the signal until the other worker
said that a call's media come again; *verified* until it was so again. In brackets: the longest.
"""


class RoomWatch:
    """Follows the feed of a worker that stays, and notes when each call said what.

    Attributes:
        said: of each session, number, type, state, and when it was heard, monotonic.
    """

    def __init__(self) -> None:
        self.said: dict[str, list[tuple[int, str, str, float]]] = defaultdict(list)

    async def follow(self, address: str, token: str) -> None:
        """Follow until cancelled."""
        async with EventFeed(address, token=token) as feed:
            async for item in feed:
                if isinstance(item, FeedEvent):
                    raw = item.raw
                    about = (raw["seq"], raw["type"], raw.get("state", ""), time.monotonic())
                    self.said[raw["session"]].append(about)

    def first_s(self, session: str, kind: str, state: str, after_s: float) -> float | None:
        """Seconds after a time at which a call first said that."""
        for _, one, its_state, at_s in self.said[session]:
            if at_s > after_s and (one, its_state) == (kind, state):
                return at_s - after_s
        return None

    def faults(self) -> list[str]:
        """Calls that ended, or whose numbers have a hole."""
        found = []
        for session, said in self.said.items():
            numbers = [one[0] for one in said]
            if numbers != [*range(numbers[0], numbers[0] + len(numbers))]:
                found.append(f"{session[:6]}: {numbers}")
            if any(one[1] == "session_ended" for one in said):
                found.append(f"{session[:6]} ended")
        return found


async def rooms_at(worker: WorkerProcess, token: str) -> list[dict[str, Any]]:
    """What a worker tells of rooms."""
    async with httpx.AsyncClient(timeout=10) as client:
        headers = {"authorization": f"Bearer {token}"}
        answer = await client.get(f"{worker.address}/api/v1/rooms", headers=headers)
    rooms: list[dict[str, Any]] = answer.json()["rooms"]
    return rooms


async def leave_one(
    watch: RoomWatch, sessions: list[str], worker: WorkerProcess, sig: signal.Signals
) -> tuple[list[float], list[float]]:
    """Have the worker that follows go; return how long each call was away, and not verified."""
    from_s = time.monotonic()
    going = asyncio.create_task(worker.stop(sig))

    def all_verified() -> bool:
        return all(watch.first_s(one, "state_changed", "verified", from_s) for one in sessions)

    await until(all_verified)
    await going
    away = [watch.first_s(one, "connection_resumed", "", from_s) for one in sessions]
    verified = [watch.first_s(one, "state_changed", "verified", from_s) for one in sessions]
    if None in away or None in verified:
        raise RuntimeError(f"a call did not go on: {away}, {verified}")
    return [one for one in away if one], [one for one in verified if one]


async def measure(options: argparse.Namespace, folder: Path) -> tuple[list[str], list[str]]:
    """All departures; returns the table's lines and what is not as it must be."""
    address, key = media_address(), new_key()
    if address is None:
        sys.exit("Janus needs an address other than loopback.")
    make_folders(folder)
    media = folder / "call.webm"
    await write_media(media)
    token = Tokens(parse_key(key)).issue([Scope.ADMIN], ttl_s=3600)
    async with AsyncExitStack() as stack:
        janus = stack.enter_context(janus_server())
        redis = stack.enter_context(redis_server(folder / "redis"))
        shared = settings_of(folder / "data", redis, None, key)
        await enrol(folder / "data", None, media)
        shared |= {"ROOM_HOSTS": f'["{janus.url}"]', "ICE_HOST_ADDRESSES": f'["{address}"]'}
        workers = [WorkerProcess(shared, folder / f"worker{n}.log") for n in range(2)]
        for worker in workers:
            stack.push_async_callback(worker.stop, signal.SIGKILL)
            await worker.start()
        for _ in range(options.publishers):
            one = JanusPublisher(janus.url, ROOM, display=WHO, address=address)
            await one.join()
            await one.publish(media)
            stack.push_async_callback(one.leave)
        async with httpx.AsyncClient(timeout=30) as client:
            wanted = {"host": "janus", "url": janus.url, "room": str(ROOM)}
            headers = {"authorization": f"Bearer {token}"}
            answer = await client.post(
                f"{workers[0].address}/api/v1/rooms", headers=headers, json=wanted
            )
            answer.raise_for_status()
        return await _departures(options, workers, token)


async def _departures(
    options: argparse.Namespace, workers: list[WorkerProcess], token: str
) -> tuple[list[str], list[str]]:
    lines, wrong = [], []
    here = 0
    signals = [signal.SIGKILL] * options.kills + [signal.SIGTERM]
    for number, sig in enumerate(signals, 1):
        watch = RoomWatch()
        following = asyncio.create_task(watch.follow(workers[1 - here].address, token))
        await asyncio.sleep(_SETTLE_S + 10 * (number == 1))
        (room,) = await rooms_at(workers[here], token)
        sessions = [one["session"] for one in room["publishers"]]
        if not room["worker_here"] or None in sessions:
            raise RuntimeError(f"the room is not followed as it should: {room}")
        away, verified = await leave_one(watch, sessions, workers[here], sig)
        name = "killed" if sig == signal.SIGKILL else "told to stop"
        lines.append(f"| {name} | {_told(away)} | {_told(verified)} |")
        print(lines[-1], flush=True)
        following.cancel()
        wrong += watch.faults()
        await workers[here].start()
        here = 1 - here
    return lines, wrong


def _told(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} s ({max(seconds):.1f})"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--publishers", type=int, default=3)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--logs", type=Path, help="folder to keep the workers' logs in")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rooms-") as name:
        lines, wrong = asyncio.run(measure(options, options.logs or Path(name)))
    table = ["| its server was | away | verified |", "|---|---|---|", *lines]
    verdict = "; ".join(wrong) or "Every call went on under its number, without a hole."
    text = "\n".join([HEADER.format(count=options.publishers), *table, "", verdict, ""])
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
