"""Three people in a VideoRoom of Janus, in real Chromium, none of whose pages talks to us.

    python -m benchmarks.janus --pack DIR [--out FILE.md]

Each browser's camera and microphone play a person of the pack, after a minute somebody else. They
publish to Debian's Janus, one of them in three sizes (simulcast); the server subscribes. In turn:
all are verified, Janus is killed and started anew (the pages come back by themselves), and all are
swapped at once. Then the same files are sent straight to the server by the same browsers, for
comparison. Exit code 0 only if each was verified, not so while Janus was away, so again in the same
call, and rejected when swapped, and no page had opened a connection to anybody but Janus.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.casting import Role, cast, frames, sound
from benchmarks.janus.heard import Heard
from benchmarks.janus.publishers import (
    ChromiumPublisher,
    page_server,
    publisher,
    write_swap,
)
from benchmarks.janus.server import ROOM, JanusServer, janus_server, media_address
from model.data.packs import Pack
from stream_verifier.console.offline import enrol_files
from stream_verifier.events.call_messages import ConsentGiven
from stream_verifier.hosting.server import RunningServer, running_server
from stream_verifier.identities.opening import open_store
from stream_verifier.media.encode import write_webm
from stream_verifier.settings import Settings, load_settings
from stream_verifier.verify.recogniser import Recogniser

_BEFORE_S, _AFTER_S = 60.0, 25.0
_KILL_AT_S, _AWAY_S = 22.0, 3.0
_PATIENCE_S = 60.0
_ENROLMENT_S, _ENROLMENT_FPS = 24.0, 10

HEADER = """# Publishers of a VideoRoom of Janus

Made by `python -m benchmarks.janus --pack DIR`: three people whom no training saw publish from
Chromium to Debian's Janus {version}, the first in three sizes; the server subscribes. After 22 s
Janus is killed (SIGKILL) and started anew 3 s later; after about 60 s each camera and microphone
have somebody else, as the page itself sees. Below each, the same browsers and files sent straight
to the server. Server, Janus and three browsers share {cpus} processors. Seconds: *verified* from
the camera's first picture; *doubted* from the kill until the call was no longer verified, *back*
from Janus's start until it was verified again; *swap* from the swap until it was rejected.
*Picture*: what was received before the kill.
"""


@dataclass(frozen=True)
class Row:
    """One person's figures, in seconds; None where it never came."""

    name: str
    way: str
    verified_s: float | None
    doubted_s: float | None
    back_s: float | None
    swap_s: float | None
    more: str

    def cells(self) -> str:
        """As a line of the table."""

        def told(value: float | None) -> str:
            return "–" if value is None else f"{value:.1f}"

        figures = (self.verified_s, self.doubted_s, self.back_s, self.swap_s)
        return f"| {self.name} | {self.way} | {' | '.join(map(told, figures))} | {self.more} |"


async def enrol(settings: Settings, roles: list[Role], folder: Path) -> None:
    """Enrol them from films of the pack's files."""
    recogniser = await asyncio.to_thread(Recogniser.load, settings)
    store = open_store(settings)
    consent = ConsentGiven(subject="a pack", purpose="measuring", text="Agreed to research.")
    for role in roles:
        film = folder / f"{role.chimera.name}-enrolment.webm"
        moving = frames(role.enrolment, seconds=_ENROLMENT_S, fps=_ENROLMENT_FPS)
        said = sound(role.enrolment, seconds=_ENROLMENT_S)
        await asyncio.to_thread(
            write_webm,
            film,
            moving,
            said,
            fps=_ENROLMENT_FPS,
            size=(640, 480),
            sample_rate_hz=16_000,
        )
        reference = await asyncio.to_thread(
            enrol_files,
            videos=[film],
            faces=[],
            voices=[],
            recogniser=recogniser,
            face_rate_hz=settings.face_rate_hz,
        )
        await store.add(role.chimera.name, reference, consent.record(longest=None))
    await store.close()


async def by_janus(
    server: RunningServer, janus: JanusServer, pages: str, captures: dict[str, Any], heard: Heard
) -> tuple[list[Row], list[str]]:
    """All scenes in a room; returns figures, and what is not as it must be."""
    faults: list[str] = []
    async with AsyncExitStack() as stack, httpx.AsyncClient(base_url=server.address) as client:
        wanted = {"host": "janus", "url": janus.url, "room": str(ROOM)}
        room = (
            (await client.post("/api/v1/rooms", json=wanted, timeout=30)).raise_for_status().json()
        )
        there = []
        for number, (name, capture) in enumerate(captures.items()):
            more = {"layers": "1"} if number == 0 else {}
            there.append(
                await stack.enter_async_context(
                    publisher(pages, capture, name, janus=janus.url, room=str(ROOM), **more)
                )
            )
        begun = [await _begun_s(one) for one in there]
        await _until(lambda: all(heard.last(one.name) == "verified" for one in there))
        await asyncio.sleep(max(0.0, begun[0] + _KILL_AT_S - time.time()))
        described = (await client.get(f"/api/v1/rooms/{room['id']}")).json()["publishers"]
        killed_s = time.time()
        janus.kill()
        await asyncio.sleep(_AWAY_S)
        started_s = time.time()
        await asyncio.to_thread(janus.start)
        rows = []
        await asyncio.sleep(max(0.0, max(begun) + _BEFORE_S + _AFTER_S - 3 - time.time()))
        again = (await client.get(f"/api/v1/rooms/{room['id']}")).json()["publishers"]
        pictures = {p["display"]: _size(p["picture_px"]) for p in described}
        sessions = [{p["display"]: p["session"] for p in seen} for seen in (described, again)]
        for one, begun_s in zip(there, begun, strict=True):
            swapped_s = await _swapped_s(one)
            kept = sessions[0].get(one.name) == sessions[1].get(one.name) is not None
            ours = one.contacted - {janus.url.removeprefix("ws://")}
            faults += [f"{one.name} talked to {host}" for host in ours]
            faults += [] if kept else [f"{one.name} has another call after Janus was away"]
            rows.append(
                Row(
                    one.name,
                    "Janus" + (", 3 sizes" if one is there[0] else ""),
                    _since(heard.first(one.name, _is("verified"), begun_s), begun_s),
                    _since(heard.first(one.name, _is_not("verified"), killed_s), killed_s),
                    _since(heard.first(one.name, _is("verified"), started_s), started_s),
                    _since(heard.first(one.name, _is("rejected"), swapped_s), swapped_s),
                    ("same call" if kept else "another call") + f", {pictures.get(one.name)}",
                )
            )
        await client.delete(f"/api/v1/rooms/{room['id']}")
    return rows, faults


async def straight(
    server: RunningServer, pages: str, captures: dict[str, Any], heard: Heard
) -> list[Row]:
    """The same files, sent to the server."""
    url = server.address.replace("http", "ws", 1) + "/api/v1/call"
    async with AsyncExitStack() as stack:
        there = [
            await stack.enter_async_context(publisher(pages, capture, name, server=url))
            for name, capture in captures.items()
        ]
        begun = [await _begun_s(one) for one in there]
        await asyncio.sleep(max(0.0, max(begun) + _BEFORE_S + _AFTER_S - 3 - time.time()))
        swapped = [await _swapped_s(one) for one in there]
        print([(await one.told())["failed"] for one in there], flush=True)
    return [
        Row(
            one.name,
            "straight",
            _since(heard.first(one.name, _is("verified"), begun_s), begun_s),
            None,
            None,
            _since(heard.first(one.name, _is("rejected"), swapped_s), swapped_s),
            "",
        )
        for one, begun_s, swapped_s in zip(there, begun, swapped, strict=True)
    ]


def _size(picture_px: list[int] | None) -> str:
    return "no picture" if picture_px is None else " x ".join(map(str, picture_px))


def _is(state: str) -> Callable[[str], bool]:
    return lambda told: told == state


def _is_not(state: str) -> Callable[[str], bool]:
    return lambda told: told != state


def _since(at_s: float | None, from_s: float) -> float | None:
    return None if at_s is None else at_s - from_s


async def _begun_s(one: ChromiumPublisher) -> float:
    return await _noted_s(one, "begun")


async def _swapped_s(one: ChromiumPublisher) -> float:
    return await _noted_s(one, "swapped")


async def _noted_s(one: ChromiumPublisher, what: str) -> float:
    """When a page noted something, as Unix time."""
    async with asyncio.timeout(_PATIENCE_S):
        while not (told := await one.told())[what]:  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.1)
    return float(told[what]) / 1000


async def _until(fits: Callable[[], bool]) -> None:
    end_s = time.monotonic() + _PATIENCE_S
    while not fits() and time.monotonic() < end_s:  # noqa: ASYNC110 (other processes)
        await asyncio.sleep(0.1)


async def measure(roles: list[Role], folder: Path) -> tuple[list[Row], list[str]]:
    """Both ways; returns figures, and what is not as it must be."""
    captures = {
        role.chimera.name: await asyncio.to_thread(
            write_swap, folder, role, before_s=_BEFORE_S, after_s=_AFTER_S
        )
        for role in roles
    }
    with page_server() as pages, janus_server() as janus:
        settings = load_settings(
            port=0,
            data_dir=folder / "data",
            ice_host_addresses=(media_address(), "127.0.0.1"),
            allowed_origins=(pages,),
            presence="off",  # the pack's people are pictures
            measure_capacity=False,
            max_calls=8,
        )
        await enrol(settings, roles, folder)
        async with running_server(settings) as server:
            heard = Heard()
            following = asyncio.create_task(heard.follow(server.address))
            rows, faults = await by_janus(server, janus, pages, captures, heard)
            print("\n".join(row.cells() for row in rows), flush=True)
            rows += await straight(server, pages, captures, heard)
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
    faults += ["the feed lost events"] if heard.lost else []
    for row in rows:
        figures = {"verified": row.verified_s, "swap": row.swap_s}
        if row.way != "straight":
            figures |= {"doubted": row.doubted_s, "back": row.back_s}
        faults += [
            f"{row.name} by {row.way}: never {what}" for what, s in figures.items() if s is None
        ]
    return rows, faults


def table(rows: list[Row], faults: list[str]) -> str:
    """All figures as Markdown."""
    lines = [
        "| person | way | verified | doubted | back | swap | after Janus was away, picture |",
        "|---|---|---|---|---|---|---|",
        *(row.cells() for row in sorted(rows, key=lambda row: (row.name, row.way))),
        "",
    ]
    for way in ("Janus", "straight"):
        swaps = [row.swap_s for row in rows if row.way.startswith(way) and row.swap_s is not None]
        if swaps:
            lines.append(f"Swap noticed, by {way}: {statistics.median(swaps):.1f} s in the middle.")
    lines += [
        "",
        "Not as it must be: " + "; ".join(faults)
        if faults
        else "No page opened a connection to anybody but Janus; no event was lost.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pack", type=Path, required=True, help="folder with trials.csv")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    roles = cast(Pack(options.pack), 3)
    with tempfile.TemporaryDirectory(prefix="janus-benchmark-") as text:
        rows, faults = asyncio.run(measure(roles, Path(text)))
    told = table(rows, faults)
    print(told)
    if options.out:
        header = HEADER.format(version="1.1.2", cpus=os.cpu_count())
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(f"{header}\n{told}\n", encoding="utf-8")
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
