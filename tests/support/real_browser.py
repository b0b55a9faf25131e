"""The real server beside a synchronous browser, and demo people for its camera."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.chromium import Capture, write_capture
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames, speech
from stream_verifier.hosting.server import running_server
from stream_verifier.media.source import SourceFactory
from stream_verifier.settings import Settings
from tests.support.calls import SMALL

WAIT_S = 60.0
_CAPTURE_S = 12.0
_FPS = 10
"""As poor cameras have: at 30 a browser and its server have three times as much to do."""


class Captures:
    """Demo people as files for Chromium's camera and microphone.

    Args:
        folder: where they are kept for the whole run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Capture] = {}

    def get(self, face: str, voice: str) -> Capture:
        """One demo person's face with one's voice."""
        name = f"{face}-{voice}"
        if name not in self._made:
            people = {person.id: person for person in DEMO_PEOPLE}
            frames = portrait_frames(people[face], seconds=_CAPTURE_S, fps=_FPS, size=SMALL)
            samples = speech(people[voice], seconds=_CAPTURE_S)
            self._made[name] = write_capture(self._folder, name, frames, samples, fps=_FPS)
        return self._made[name]


class RealServer:
    """The real server in a thread of its own; a context manager.

    Args:
        settings: of the server.
        make_source: makes what a call's media comes from; default WebRTC.
    """

    def __init__(self, settings: Settings, make_source: SourceFactory | None = None) -> None:
        self.address = ""
        self._settings = settings
        self._make_source = make_source
        self._up = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(WAIT_S)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()

    def get(self, path: str) -> Any:
        """What the server answers under /api/v1/."""
        with urllib.request.urlopen(f"{self.address}/api/v1/{path}", timeout=WAIT_S) as answer:
            return json.load(answer)

    def wait_until_idle(self) -> None:
        """Wait until no call runs and nothing of one is left."""
        deadline = time.monotonic() + WAIT_S
        while self.get("health")["calls"] or self._session_tasks():
            assert time.monotonic() < deadline, "a call is left at the server"
            time.sleep(0.1)

    def _session_tasks(self) -> list[str]:
        async def names() -> list[str]:
            return [task.get_name() for task in asyncio.all_tasks()]

        running = asyncio.run_coroutine_threadsafe(names(), self._loop).result(WAIT_S)
        return [name for name in running if name.startswith("session-")]

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._up.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with running_server(self._settings, self._make_source) as server:
            self.address = server.address
            self._up.set()
            await self._stop.wait()
