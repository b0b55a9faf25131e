"""Helpers to call a running server in tests: a real peer connection, a real WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import websockets

from stream_verifier.console.offline import enrol_files
from stream_verifier.demo.caller import Caller
from stream_verifier.demo.people import DEMO_PEOPLE
from stream_verifier.demo.recorded_call import write_call
from stream_verifier.events.call_messages import ConsentGiven
from stream_verifier.events.event import Event as Said
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.hosting.server import RunningServer, running_server
from stream_verifier.identities.opening import open_store
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.settings import Settings, load_settings
from stream_verifier.verify.recogniser import Recogniser
from tests.support.kept import made_once

CONSENT: dict[str, Any] = {
    "subject": "made up",
    "purpose": "tests",
    "text": "I am made up and agree.",
}
TIMEOUT_S = 90
ENROLMENT_S = 14.0
VERIFIED_S = 6.0
"""Of a call from a file: every verdict of the demo people is there by then."""
SMALL = (480, 360)
"""Width and height of pictures that are as good as larger ones, and dear to encode still."""

Event = dict[str, Any]


@contextlib.contextmanager
def all_that_is_said() -> Iterator[list[Event]]:
    """What the servers of this process say meanwhile, of which callers are told a part."""
    said: list[Event] = []
    append = MemoryEventLog.append

    async def spy(log: MemoryEventLog, events: Sequence[Said]) -> None:
        said.extend(event.fields for event in events)
        await append(log, events)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryEventLog, "append", spy)
        yield said


def make_settings(folder: Path, **changes: Any) -> Settings:
    # How much time a machine under tests has is nobody's measure.
    fixed = {"measure_capacity": False, "max_calls": 8, "port": 0, "ice_host_addresses": LOOPBACK}
    return load_settings(data_dir=folder, **{**fixed, **changes})


def url_of(server: RunningServer) -> str:
    return server.address.replace("http", "ws", 1) + "/api/v1/call"


async def wire(call: Caller) -> AsyncIterator[Event]:
    """A call's events exactly as they came."""
    async for event in call:
        yield json.loads(event.line)


async def follow(
    server: RunningServer,
    media: Path,
    *,
    until: Callable[[Event], bool],
    **start: Any,
) -> list[Event]:
    """Call, stop at the first event that fits, and return all events to the last."""
    events: list[Event] = []
    async with asyncio.timeout(TIMEOUT_S), Caller(server.address, media, **start) as call:
        async for event in wire(call):
            events.append(event)
            if until(event):
                await call.stop()
    return events


async def enrol(server: RunningServer, media: Path, name: str, **more: Any) -> list[Event]:
    return await follow(
        server, media, until=lambda _: False, mode="enrol", identity=name, consent=CONSENT, **more
    )


def reached(state: str) -> Callable[[Event], bool]:
    return lambda event: event["type"] == "state_changed" and event["state"] == state


def verdicts(events: list[Event]) -> list[tuple[str, frozenset[str]]]:
    return [
        (event["state"], frozenset(event["reasons"]))
        for event in events
        if event["type"] == "state_changed"
    ]


def unbroken(events: list[Event]) -> bool:
    """Whether nothing is missing but what a call's own client is not told."""
    return all(
        after["seq"] - before["seq"] == 1 + after["untold"] - before["untold"]
        for before, after in pairwise([{"seq": 0, "untold": 0}, *events])
    )


async def say(server: RunningServer, *messages: str | bytes) -> Event:
    """Send raw messages and return the first answer."""
    async with (
        asyncio.timeout(TIMEOUT_S),
        websockets.connect(url_of(server), max_size=None) as socket,
    ):
        for message in messages:
            await socket.send(message)
        answer: Event = json.loads(await socket.recv())
        return answer


def start_message(**fields: Any) -> str:
    return json.dumps({"type": "start", "mode": "verify", "identity": "grace", "sdp": "", **fields})


@contextlib.asynccontextmanager
async def server_with(folder: Path, **changes: Any) -> AsyncIterator[RunningServer]:
    async with running_server(make_settings(folder, **changes)) as server:
        yield server


def enrol_from_file(folder: Path, media: Path, name: str) -> None:
    """Enrol into a data directory; in a thread, as a test's own may have a loop running."""
    settings = make_settings(folder)
    reference = enrol_files(
        videos=[media],
        faces=[],
        voices=[],
        recogniser=Recogniser.load(settings),
        face_rate_hz=settings.face_rate_hz,
    )
    consent = ConsentGiven(**CONSENT).record(longest=None)

    async def save() -> None:
        store = open_store(settings)
        await store.add(name, reference, consent)
        await store.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, save()).result()


class DemoCalls:
    """Made-up calls as WebM files.

    Args:
        folder: where they are kept; processes may share it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, face: str, voice: str, seconds: float = 12.0) -> Path:
        """A call with one demo person's face and one's voice."""
        people = {person.id: person for person in DEMO_PEOPLE}

        def make(path: Path) -> None:
            write_call(path, face=people[face], voice=people[voice], seconds=seconds, size=SMALL)

        return made_once(self._folder / f"{face}-{voice}-{seconds:g}.webm", make)

    def enrolment(self, who: str) -> Path:
        """A call of one demo person, just long enough to be enrolled from."""
        return self.get(who, who, ENROLMENT_S)
