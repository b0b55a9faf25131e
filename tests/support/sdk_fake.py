"""A server whose calls can be lost, resumed and refused, and a page that runs the SDK alone."""

from __future__ import annotations

import queue
from typing import Any

from playwright.sync_api import Page
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

from benchmarks.served import WAIT_S
from tests.support.page_fake import FakeCall, FakeServer, until

KEY = "a secret of this session"
TYPES = (
    "answer session_started score state_changed error ending closed session_ended reconnecting "
    "resumed restarted events_lost track_ended track_replaced network visibility warning "
    "connection going_away"
)

# Keeps what the SDK hides: its peer connections and the senders that it makes.
SPY = """
  window.tokens = 0;
  window.freshToken = async () => `token ${++window.tokens}`;
  window.noToken = async () => { throw new Error("signed out"); };
  window.peers = [];
  const Peer = RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...all) { super(...all); window.peers.push(this); }
  };
"""
OPEN_MEDIA = """async constraints => {
  window.media?.getTracks().forEach((track) => track.stop());
  window.media = await navigator.mediaDevices.getUserMedia(constraints);
}"""
START = """async ([options, types]) => {
  const { StreamVerifier } = await import("./js/stream-verifier.js");
  window.told = [];
  options.token = window[options.token] ?? options.token;
  window.verifier = new StreamVerifier({ identity: "ada", ...options });
  for (const type of types.split(" ")) {
    verifier.addEventListener(type, ({ detail }) => told.push({ ...detail, event: type }));
  }
  verifier.attach(window.source ?? window.media);
  verifier.start();
}"""


def open_bare(page: Page, server: SdkServer) -> None:
    """Opens an empty page of the server's origin, as strict as its own pages are."""
    page.goto(f"{server.address}bare.html")


class SdkCall(FakeCall):
    """One connection of a call."""

    def accept(
        self, *, session: str = "s1", after: int = 0, key: str | None = KEY, within_s: float = 15.0
    ) -> None:
        """Answers the offer with a real peer; the next event is numbered from `after` on."""
        self.session, self._seq = session, after
        self.more_in_answer = {"resume_key": key, "resume_within_s": within_s} if key else {}
        self._wait(self._answer())


class SdkServer(FakeServer):
    """Hands every connection to the test, in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.ice_servers: list[dict[str, Any]] = []
        self.ice_status = 200
        self.asked_with: list[str | None] = []
        self.reachable = True
        self._calls: queue.Queue[SdkCall] = queue.Queue()

    def take(self, kind: str) -> SdkCall:
        """Waits for the next connection, which must begin with a message of that type."""
        call = self._calls.get(timeout=WAIT_S)
        assert call.start["type"] == kind
        return call

    def nobody_calls(self) -> bool:
        """Whether no connection waits to be taken."""
        return self._calls.empty()

    async def _serve_call(self, socket: WebSocket) -> None:
        if not self.reachable:
            await socket.close(1013)
            return
        await socket.accept()
        call = SdkCall(socket, await socket.receive_json())
        self._calls.put(call)
        await call.listen()

    async def _list_ice_servers(self, request: Request) -> Response:
        self.asked_with.append(request.headers.get("authorization"))
        body = {"iceServers": self.ice_servers, "ttl_s": 600}
        return JSONResponse(body, status_code=self.ice_status)


class SdkPage:
    """A page that runs one StreamVerifier and keeps what it tells."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open_media(self, **constraints: Any) -> None:
        """Opens camera and microphone as `media`."""
        self.page.evaluate(OPEN_MEDIA, {"audio": True, "video": True} | constraints)

    def start(self, **options: Any) -> None:
        """Starts a verifier on `source`, or on `media` without one."""
        self.page.evaluate(START, [options, TYPES])

    def told(self, *types: str) -> list[dict[str, Any]]:
        """What was told, of some types only if any are given."""
        events: list[dict[str, Any]] = self.page.evaluate("window.told")
        return [event for event in events if not types or event["event"] in types]

    def wait_for(self, event: str, condition: str = "true") -> dict[str, Any]:
        """Waits for an event `e` of that type that fits."""
        until(self.page, f"told.some(e => e.event === '{event}' && ({condition}))")
        found: dict[str, Any] = self.page.evaluate(
            f"told.findLast(e => e.event === '{event}' && ({condition}))"
        )
        return found


def connected(sdk: SdkPage, server: SdkServer, **answer: Any) -> SdkCall:
    """Takes the first connection and waits until media flows."""
    call = server.take("start")
    call.accept(**answer)
    call.push("session_started")
    sdk.wait_for("connection", "e.state === 'connected'")
    return call
