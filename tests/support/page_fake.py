"""A server that says what a test tells it to say, so that the page alone is under test.

Signalling is real: the offer is answered by an aiortc peer. Only scores and states are scripted.
It is mounted under a prefix and sends a strict content security policy, as the real one may.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole
from playwright.sync_api import Page
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from benchmarks.served import WAIT_S, Served

POINT = {"name": "alarm_8h", "accept": 2.0, "reject": -3.0}
CLIENT = Path(__file__).resolve().parents[2] / "web_client"


@contextlib.contextmanager
def without_complaints(page: Page, *, but: tuple[str, ...] = (), of: str = "") -> Iterator[None]:
    """What the browser complains about in its console fails the test, but for some remarks.

    With ``of`` nothing of the console counts but what has those words in it, error or no error;
    scripts must not fail.
    """
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda entry: (
            complaints.append(entry.text)
            if (of in entry.text if of else entry.type == "error")
            else None
        ),
    )
    yield
    left = [one for one in complaints if not any(remark in one for remark in but)]
    assert left == [], left


def until(page: Page, expression: str) -> None:
    """Waits for a JavaScript expression to hold (`wait_for_function` needs eval to poll)."""
    deadline = time.monotonic() + WAIT_S
    while not page.evaluate(expression):
        if time.monotonic() > deadline:
            raise TimeoutError(f"never became true: {expression}")
        page.wait_for_timeout(50)


class FakeCall:
    """One call as the server sees it; every method may be called from the test's thread."""

    def __init__(self, socket: WebSocket, start: dict[str, Any]) -> None:
        self.start = start
        self.loop = asyncio.get_running_loop()
        self.tracks: list[str] = []
        self.said: list[dict[str, Any]] = []
        self.left = threading.Event()
        self.session = "s1"
        self.more_in_answer: dict[str, Any] = {}
        self._socket = socket
        self._seq = 0
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._sink = MediaBlackhole()

    def answer(self) -> None:
        """Answers the offer with a real peer and starts the session."""
        self._wait(self._answer())
        point = POINT if self.start["mode"] == "verify" else None
        about = {"mode": self.start["mode"], "identity": self.start["identity"]}
        self.push("session_started", media_s=0.0, operating_point=point, **about)

    def push(self, event_type: str, /, **fields: Any) -> None:
        """Sends one numbered event."""
        self._seq += 1
        event = {
            "v": 1,
            "seq": self._seq,
            "session": self.session,
            "type": event_type,
            "media_s": self._seq / 2,
        }
        event["wall"] = "2026-01-02T03:04:05.678Z"
        self._wait(self._socket.send_json(event | fields))

    def score(self, face: float, voice: float, /, **fields: Any) -> None:
        """Sends a score event after which this is the evidence."""
        defaults = {"faces": [[0.1, 0.2, 0.3, 0.4]], "notes": [], "age_s": 0.2, "speech_s": 2.0}
        scores = {"face": None, "voice": None, "fused": None, "scored": ["face", "voice"]}
        evidence = {"face": face, "voice": voice, "both": min(face, voice)}
        bar = {side: (llr > 1) - (llr < -1) for side, llr in evidence.items()}
        self.push("score", **(defaults | scores | {"evidence": evidence, "bar": bar} | fields))

    def state(self, state: str, *reasons: str, **fields: Any) -> None:
        """Sends a state change."""
        defaults = {"previous": "waiting", "llr": 0.0}
        self.push("state_changed", state=state, reasons=list(reasons), **(defaults | fields))

    def end(self, reason: str, **fields: Any) -> None:
        """Says that the session is over, upon which the page leaves."""
        self.push("session_ended", reason=reason, totals={"windows": 3}, **fields)

    def push_text(self, text: str) -> None:
        """Sends a message of any kind, however broken."""
        self._wait(self._socket.send_text(text))

    def drop(self) -> None:
        """Closes the socket without a word, unless the client was quicker."""
        with contextlib.suppress(WebSocketDisconnect):
            self._wait(self._socket.close(1011))

    def refuse(self, code: str, message: str) -> None:
        """Sends an error and closes, before or after the answer."""
        self._wait(self._socket.send_json({"type": "error", "code": code, "message": message}))
        self.drop()

    async def listen(self) -> None:
        """Keeps what the client says until it leaves; `stop` is answered as the contract says."""
        try:
            while True:
                self.said.append(await self._socket.receive_json())
        except WebSocketDisconnect:
            pass
        finally:
            self.left.set()
            await self._sink.stop()
            await self._peer.close()

    async def _answer(self) -> None:
        @self._peer.on("track")
        def on_track(track: Any) -> None:
            self.tracks.append(track.kind)
            self._sink.addTrack(track)

        await self._peer.setRemoteDescription(RTCSessionDescription(self.start["sdp"], "offer"))
        await self._peer.setLocalDescription(await self._peer.createAnswer())
        await self._sink.start()
        sdp = self._peer.localDescription.sdp
        answer = {"type": "answer", "sdp": sdp, "session": self.session}
        await self._socket.send_json(answer | self.more_in_answer)

    def _wait(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(WAIT_S)


class FakeServer(Served):
    """Serves the page and hands the next call to the test."""

    def __init__(self) -> None:
        super().__init__(self._routes())
        self.identities: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self._call: Future[FakeCall] = Future()

    def next_call(self) -> FakeCall:
        """Waits for the page's next start message."""
        call = self._call.result(WAIT_S)
        self._call = Future()
        return call

    async def _serve_call(self, socket: WebSocket) -> None:
        await socket.accept()
        call = FakeCall(socket, await socket.receive_json())
        self._call.set_result(call)
        await call.listen()

    async def _list(self, request: Request) -> Response:
        return JSONResponse({"identities": self.identities})

    async def _delete(self, request: Request) -> Response:
        name = request.path_params["name"]
        self.deleted.append(name)
        self.identities = [one for one in self.identities if one["name"] != name]
        return Response(status_code=204)

    async def _list_ice_servers(self, request: Request) -> Response:
        return JSONResponse({"iceServers": [], "ttl_s": 600})

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _bare(self, request: Request) -> Response:
        return HTMLResponse(
            "<!doctype html><html lang='en'><title>bare</title><body></body></html>"
        )

    def _routes(self) -> list[BaseRoute]:
        return [
            Route("/api/v1/identities", self._list),
            Route("/api/v1/identities/{name}", self._delete, methods=["DELETE"]),
            Route("/api/v1/ice-servers", self._list_ice_servers),
            Route("/api/v1/health", self._health),
            Route("/bare.html", self._bare),
            WebSocketRoute("/api/v1/call", self._serve_call),
            WebSocketRoute("/api/v1/call/{session}", self._serve_call),
            Mount("/", StaticFiles(directory=CLIENT, html=True)),
        ]
