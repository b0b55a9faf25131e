"""A server with the pages, the event feed and the list of calls, but without any call of its own.

It speaks the contract of ``/api/v1/events`` and ``/api/v1/calls``; what it says comes from
`MadeUpCall`s. For pictures and for tests of the monitor's page.
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from benchmarks.made_up_calls import MadeUpCall
from benchmarks.served import WAIT_S, Served

CLIENT = Path(__file__).resolve().parents[1] / "web_client"


class FeedStub(Served):
    """Serves the monitor; every public method may be called from another thread.

    Args:
        calls: the calls that there are; what they said so far is known already.
        token: the one that is accepted, any or none with None.
    """

    def __init__(self, calls: list[MadeUpCall], *, token: str | None = None) -> None:
        """Make it ready; `open` serves."""
        super().__init__(
            [
                Route("/api/v1/health", self._health),
                Route("/api/v1/identities", self._identities),
                Route("/api/v1/calls", self._list),
                Route("/api/v1/calls/{session}/events", self._events),
                Route("/api/v1/calls/{session}", self._end, methods=["DELETE"]),
                WebSocketRoute("/api/v1/events", self._feed),
                Mount("/", StaticFiles(directory=CLIENT, html=True)),
            ]
        )
        self.calls = {call.script.session: call for call in calls}
        self.token = token
        self.may_end = True
        self.mute = False
        self.subscriptions: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.epoch = secrets.token_hex(4)
        self._held = [event for call in calls for event in call.events]
        self._first = 1
        self._sockets: set[WebSocket] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._in_order = asyncio.Lock()

    def publish(self, *events: dict[str, Any]) -> None:
        """Send events to who is subscribed, and keep them for who resumes."""
        self._on_loop(self._publish(events))

    def play(self, session: str, seconds: float) -> None:
        """Let one call go on."""
        call = self.calls[session]
        self.publish(*call.play(call.media_s + seconds))

    def say(self, message: dict[str, Any]) -> None:
        """Send any message to who is subscribed."""
        self._on_loop(self._say(message))

    def cut(self) -> None:
        """Drop every subscriber without a word."""
        self._on_loop(self._cut())

    def restart(self) -> None:
        """Forget all numbers, as a new process does, and drop every subscriber."""
        self.epoch = secrets.token_hex(4)
        self._held, self._first = [], 1
        self.cut()

    def forget(self) -> None:
        """Hold no event for who resumes."""
        self._first += len(self._held)
        self._held = []

    @property
    def _cursor(self) -> int:
        return self._first + len(self._held) - 1

    def _on_loop(self, work: Any) -> None:
        if self._loop is None:
            work.close()
            return
        asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    async def _publish(self, events: tuple[dict[str, Any], ...]) -> None:
        async with self._in_order:
            for event in events:
                self._held.append(event)
                await self._say({"cursor": self._cursor, "event": event})

    async def _say(self, message: dict[str, Any]) -> None:
        if self.mute:
            return
        for socket in list(self._sockets):
            await socket.send_json(message)

    async def _cut(self) -> None:
        for socket in list(self._sockets):
            self._sockets.discard(socket)
            await socket.close(1012)

    async def _feed(self, socket: WebSocket) -> None:
        self._loop = asyncio.get_running_loop()
        await socket.accept()
        wanted = await socket.receive_json()
        self.subscriptions.append(wanted)
        if self.token is not None and wanted.get("token") != self.token:
            code = "invalid_token" if "token" in wanted else "missing_token"
            await socket.send_json({"type": "error", "code": code, "message": "No valid token."})
            await socket.close(1008)
            return
        async with self._in_order:
            await self._replay(socket, wanted.get("after"))
            self._sockets.add(socket)
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            self._sockets.discard(socket)

    async def _replay(self, socket: WebSocket, after: dict[str, Any] | None) -> None:
        missed: list[dict[str, Any]] = []
        lost: int | None = 0
        if after is not None and after["epoch"] == self.epoch:
            lost = max(0, self._first - 1 - after["cursor"])
            missed = self._held[max(0, after["cursor"] + 1 - self._first) :]
        elif after is not None:
            lost = None
        about = {"epoch": self.epoch, "cursor": self._cursor, "v": 1, "lost": lost}
        await socket.send_json({"type": "subscribed"} | about)
        begin = self._cursor - len(missed) + 1
        for cursor, event in enumerate(missed, begin):
            await socket.send_json({"cursor": cursor, "event": event})

    def _refusal(self, request: Request) -> Response | None:
        if self.token is None or request.headers.get("authorization") == f"Bearer {self.token}":
            return None
        code = "invalid_token" if "authorization" in request.headers else "missing_token"
        return _problem(401, code, "No valid token.")

    async def _health(self, request: Request) -> Response:  # noqa: ARG002
        running = sum(not call.over for call in self.calls.values())
        return JSONResponse(
            {"calls": running, "max_calls": max(8, running), "lag_s": 0.24, "overloaded": False}
        )

    async def _identities(self, request: Request) -> Response:
        return self._refusal(request) or JSONResponse({"identities": []})

    async def _list(self, request: Request) -> Response:
        rows = [_row(call) for call in self.calls.values()]
        return self._refusal(request) or JSONResponse({"calls": rows})

    async def _events(self, request: Request) -> Response:
        session = request.path_params["session"]
        self.asked.append(session)
        events = self.calls[session].events
        return self._refusal(request) or JSONResponse({"events": events})

    async def _end(self, request: Request) -> Response:
        if not self.may_end:
            return _problem(403, "forbidden", "This needs the scope admin.")
        call = self.calls[request.path_params["session"]]
        await self._publish((call.say(call.end("stopped")),))
        return Response(status_code=204)


def _row(call: MadeUpCall) -> dict[str, Any]:
    changed = [event for event in call.events if event["type"] == "state_changed"]
    ended = call.events[-1] if call.over else None
    return {
        "session": call.script.session,
        "identity": call.script.identity,
        "mode": "enrol" if call.script.enrols else "verify",
        "state": changed[-1]["state"] if changed else "waiting",
        "reasons": changed[-1]["reasons"] if changed else [],
        "started_at": call.events[0]["wall"],
        "ended_at": ended["wall"] if ended else None,
        "end_reason": ended["reason"] if ended else None,
    }


def _problem(status: int, code: str, detail: str) -> Response:
    content = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    return JSONResponse(content, status, media_type="application/problem+json")
