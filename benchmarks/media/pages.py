"""A page that offers calls of many shapes, played in real browsers against the real server.

The page gets `live.webm` of its own origin, posts each offer to `/offer`, gets the answer, and
posts to `/log` when it has sent for long enough.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.chromium import chromium_path, open_page
from benchmarks.firefox import firefox_path, running_firefox
from benchmarks.media.case import ENROLLED
from benchmarks.media.making import run
from stream_verifier.hosting.server import running_server
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.settings import load_settings

_PATIENCE_S = 600.0
_LAST_WORDS_S = 10.0
_ONE_MEDIUM = {"audioonly", "videoonly"}
_NOBODY = {"gum"}
"""What the browser makes up for a camera without one: a test pattern, and a tone."""


@dataclass(frozen=True)
class Played:
    """One call of the page.

    Attributes:
        browser: that played it.
        label: the page's name for it.
        answered: the answer's sections, or the refusal.
        connection: as the browser has it in the end.
        states: of the verdicts, in order.
    """

    browser: str
    label: str
    answered: str
    connection: str
    states: tuple[str, ...]

    @property
    def wish(self) -> str:
        """What should come of it."""
        return "not verified" if self.label in _ONE_MEDIUM | _NOBODY else "verified"

    @property
    def right(self) -> bool:
        """Whether it connected and its verdict is what it should be."""
        verified = self.states[-1:] == ("verified",)
        return self.connection == "connected" and verified == (self.wish == "verified")


async def play_page(page: Path, film: Path, folder: Path) -> list[Played]:
    """Let every browser that is installed play all calls of a page.

    Args:
        page: the HTML file.
        film: whom the calls show; must be enrolled in the data directory of the settings.
        folder: where a film that browsers read is written.
    """
    run(folder, f"-i {film} -c:v libvpx -deadline realtime -b:v 900k -g 30 -c:a libopus live.webm")
    settings = load_settings(
        port=0, ice_host_addresses=LOOPBACK, measure_capacity=False, max_calls=4
    )
    played: list[Played] = []
    async with running_server(settings) as server:
        for browser in ("Firefox", "Chromium"):
            host = _Host(page, folder / "live.webm", f"{server.address}/api/v1/call", browser)
            async with _serving(host.app) as address:
                await _opened(browser, address, host)
            played += host.played
    return played


async def _opened(browser: str, address: str, host: _Host) -> None:
    """Open the page in a browser, if that is installed, and wait until it has made its calls."""
    if browser == "Firefox" and firefox_path() is not None:
        async with running_firefox() as firefox:
            tab = await firefox.new_tab()
            await tab.goto(address)
            await host.done()
    elif browser == "Chromium" and chromium_path() is not None:
        async with open_page(address):
            await host.done()


@contextlib.asynccontextmanager
async def _serving(app: Starlette) -> AsyncIterator[str]:
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        await serving


@dataclass
class _Call:
    """One call at the server, as the page's host follows it."""

    socket: ClientConnection
    answer: dict[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)

    async def follow(self) -> None:
        async for line in self.socket:
            self.events.append(json.loads(line))

    async def stop(self) -> None:
        await self.socket.send('{"type": "stop"}')


class _Host:
    """Serves a page and hands its offers on to the server."""

    def __init__(self, page: Path, film: Path, calls: str, browser: str) -> None:
        self.played: list[Played] = []
        self._calls = calls.replace("http", "ws", 1)
        self._browser = browser
        self._open: dict[str, tuple[_Call, asyncio.Task[None]]] = {}
        self._done = asyncio.Event()
        routes = [
            Route("/", lambda _: FileResponse(page, media_type="text/html")),
            Route("/live.webm", lambda _: FileResponse(film)),
            Route("/offer", self._offer, methods=["POST"]),
            Route("/log", self._log, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes)

    async def done(self) -> None:
        """Wait until the page has made all its calls.

        Raises:
            TimeoutError: it takes too long.
        """
        await asyncio.wait_for(self._done.wait(), _PATIENCE_S)

    async def _offer(self, request: Request) -> Response:
        asked = await request.json()
        socket = await connect(self._calls, max_size=None, proxy=None)
        start = {"type": "start", "mode": "verify", "identity": ENROLLED, "sdp": asked["sdp"]}
        await socket.send(json.dumps(start))
        answer = json.loads(await socket.recv())
        call = _Call(socket, answer)
        self._open[asked["label"]] = call, asyncio.create_task(call.follow())
        return JSONResponse(answer)

    async def _log(self, request: Request) -> Response:
        told = await request.json()
        if "done" in told:
            self._done.set()
        if "label" in told:
            self.played.append(await self._ended(told))
            logging.getLogger(__name__).info("%s", self.played[-1])
        return JSONResponse({})

    async def _ended(self, told: dict[str, Any]) -> Played:
        label, connection = told["label"], str(told.get("state", told.get("error", "")))
        if label not in self._open:
            return Played(self._browser, label, "", connection, ())
        call, following = self._open.pop(label)
        with contextlib.suppress(Exception):
            await call.stop()
        await asyncio.wait([following], timeout=_LAST_WORDS_S)
        await call.socket.close()
        states = [event["state"] for event in call.events if event["type"] == "state_changed"]
        return Played(self._browser, label, _answered(call.answer), connection, tuple(states))


def _answered(answer: dict[str, Any]) -> str:
    if answer["type"] != "answer":
        return str(answer.get("message", answer))
    sections = answer["sdp"].split("\nm=")[1:]
    return ", ".join(f"{s.split()[0]} {_direction(s)}" for s in sections)


def _direction(section: str) -> str:
    if section.split()[1] == "0":
        return "refused"
    ways = ("sendrecv", "sendonly", "recvonly", "inactive")
    return next((way for way in ways if f"a={way}" in section), "taken")
