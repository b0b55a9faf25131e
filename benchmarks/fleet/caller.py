"""A caller who comes back as the SDK does, and notes how long each call was away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.publisher import Publisher

_PATIENCE_S = 15.0
_FIRST_S, _LONGEST_S = 0.25, 1.0
_LONGEST_SPREAD_S = 3.0
"""The SDK takes what the server says; a run need not last so long."""


@dataclass
class Absence:
    """Once that a call was away.

    Attributes:
        because: how its socket ended.
        at_s: when, monotonic.
        back_s: seconds until the server said that it was resumed; None if it never was.
        verified_s: seconds until it was verified again.
    """

    because: str
    at_s: float
    back_s: float | None = None
    verified_s: float | None = None


class FleetCaller:
    """One call of a made-up person through the proxy.

    Attributes:
        session: its id.
        events: as they came.
        absences: in order.
        lags: of each score, when it came, monotonic, and how long after its window's newest media.
        state: the newest verdict.
        failed: why it ended before its end; empty for not.
        refusal: why it was not let in the last time it was not.
    """

    def __init__(self, url: str, media: Path, identity: str, token: str) -> None:
        self.session = ""
        self.events: list[dict[str, Any]] = []
        self.absences: list[Absence] = []
        self.lags: list[tuple[float, float]] = []
        self.state = ""
        self.failed = self.refusal = ""
        self._url, self._media = url, media
        self._start = {"type": "start", "mode": "verify", "identity": identity, "token": token}
        self._token = token
        self._key = ""
        self._socket: ClientConnection | None = None
        self._publisher: Publisher | None = None
        self._leaving = False
        self._running: asyncio.Task[None] | None = None
        self._parting: asyncio.Task[None] | None = None

    def begin(self) -> asyncio.Task[None]:
        """Call in a task of its own."""
        self._running = asyncio.create_task(self.run())
        return self._running

    async def refused(self) -> str:
        """Try to call once; return the code that it is refused with, and after how long."""
        began_s = time.monotonic()
        code = "`answer`" if await self._connect(self._start, self._url) else self.refusal
        await self._part()
        return f"`{code}` after {time.monotonic() - began_s:.0f} s"

    async def run(self) -> None:
        """Call until stopped, coming back whenever the connection is lost."""
        if not await self._connect(self._start, self._url):
            self.failed = "refused at the start"
            return
        while True:
            because = await self._follow()
            if self.events[-1]["type"] == "session_ended":
                break
            self.absences.append(Absence(because, time.monotonic()))
            if not await self._come_back():
                self.failed = f"not resumed after: {because}"
                break
        await self._part()

    async def stop(self) -> None:
        """Hang up in order, and wait for the last word."""
        if self._socket is not None and not self.failed:
            with contextlib.suppress(websockets.ConnectionClosed):
                await self._socket.send(json.dumps({"type": "stop"}))

    async def _follow(self) -> str:
        """Take events until the connection ends; return why."""
        assert self._socket is not None
        try:
            async for text in self._socket:
                message = json.loads(text)
                if message["type"] == "going_away":
                    within_s = message["come_back_within_s"]
                    if within_s is not None:
                        spread_s = min(within_s, _LONGEST_SPREAD_S)
                        asyncio.get_running_loop().call_later(
                            spread_s * random.random(), self._leave, self._socket
                        )
                elif "seq" in message:
                    self._note(message)
        except websockets.ConnectionClosed as closed:
            return f"closed {closed.rcvd.code if closed.rcvd else 'without a word'}"
        return "going away" if self._leaving else "closed 1000"

    def _leave(self, socket: ClientConnection) -> None:
        self._leaving = True
        self._parting = asyncio.create_task(socket.close(1001))

    def _note(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        now_s = time.monotonic()
        away = self.absences[-1] if self.absences else None
        if event["type"] == "score":
            said_s = datetime.fromisoformat(event["wall"]).timestamp()
            self.lags.append((now_s, time.time() - said_s + (event["age_s"] or 0.0)))
        if event["type"] == "state_changed":
            self.state = event["state"]
            back = away is not None and away.back_s is not None and away.verified_s is None
            if away is not None and back and self.state == "verified":
                away.verified_s = now_s - away.at_s
        if event["type"] == "connection_resumed" and away and away.back_s is None:
            away.back_s = now_s - away.at_s

    async def _come_back(self) -> bool:
        self._leaving = False
        until_s, wait_s = time.monotonic() + _PATIENCE_S, 0.0
        while time.monotonic() < until_s:
            await asyncio.sleep(wait_s * (0.5 + random.random() / 2))
            wait_s = min(_LONGEST_S, max(_FIRST_S, 2 * wait_s))
            resume = {
                "type": "resume",
                "session": self.session,
                "resume_key": self._key,
                "after": self.events[-1]["seq"],
                "untold": self.events[-1]["untold"],
                "token": self._token,
            }
            if await self._connect(resume, f"{self._url}/{self.session}"):
                return True
        return False

    async def _connect(self, message: dict[str, Any], url: str) -> bool:
        await self._part()
        self._publisher = Publisher(self._media, loop=True, host_addresses=LOOPBACK)
        try:
            async with asyncio.timeout(10):
                self._socket = await websockets.connect(url, proxy=None)
                offer = await self._publisher.offer()
                await self._socket.send(json.dumps({**message, "sdp": offer}))
                answer = json.loads(await self._socket.recv())
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            self.refusal = type(error).__name__
            return False
        if answer["type"] != "answer":
            self.refusal = str(answer["code"])
            return False
        self.session, self._key = answer["session"], answer["resume_key"]
        await self._publisher.accept(answer["sdp"])
        return True

    async def _part(self) -> None:
        if self._publisher is not None:
            await self._publisher.close()
        if self._socket is not None:
            with contextlib.suppress(Exception):
                await self._socket.close(1001)
        self._publisher = self._socket = None
