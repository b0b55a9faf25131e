"""A host's page on an origin of its own, in a real Chromium, with the real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.identities.keys import new_key, parse_key
from tests.support.calls import make_settings
from tests.support.page_fake import without_complaints
from tests.support.real_browser import RealServer

pytestmark = pytest.mark.browser
KEY = new_key()

LOAD = "async (server) => Object.keys(await import(`${server}/js/stream-verifier.js`))"
FETCH = """async ([server, token]) => {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${server}/api/v1/calls`, { headers }).catch((error) => error.name);
  return answer.status ?? answer;
}"""
CONNECT = """([server]) => new Promise((resolve) => {
  const socket = new WebSocket(`${server.replace("http", "ws")}/api/v1/call`);
  socket.onopen = () => socket.send(JSON.stringify(
    { type: "start", mode: "verify", identity: "ada", sdp: "v=0" }));
  socket.onmessage = (message) => resolve(JSON.parse(message.data).code);
  socket.onerror = () => resolve("closed");
})"""


class HostPage(BaseHTTPRequestHandler):
    """An empty page that may talk to nothing but the server, and run no script but its own."""

    server_address: str

    def do_GET(self) -> None:
        verifier = self.server_address
        socket = verifier.replace("http", "ws")
        policy = f"default-src 'none'; script-src {verifier}; connect-src {verifier} {socket}"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-security-policy", policy)
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>host</title>")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="module")
def host() -> Iterator[ThreadingHTTPServer]:
    """The host's own server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), HostPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def server(
    host: ThreadingHTTPServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    """The real server, which knows the host's page by its number and not by its name."""
    settings = make_settings(
        tmp_path_factory.mktemp("store"),
        token_key=KEY,
        allowed_origins=(f"http://127.0.0.1:{host.server_port}",),
    )
    with RealServer(settings) as server:
        HostPage.server_address = server.address
        yield server


@pytest.mark.parametrize(
    ("name", "fetched", "connected"),
    [("127.0.0.1", 200, "missing_token"), ("localhost", "TypeError", "closed")],
)
def test_any_page_loads_the_sdk_and_a_known_one_may_use_the_server(
    name: str,
    fetched: int | str,
    connected: str,
    host: ThreadingHTTPServer,
    server: RealServer,
    context: BrowserContext,
) -> None:
    page = context.new_page()
    page.goto(f"http://{name}:{host.server_port}/")
    token = Tokens(parse_key(KEY)).issue([Scope.READ], ttl_s=60)
    assert "StreamVerifier" in page.evaluate(LOAD, server.address)
    assert page.evaluate(FETCH, [server.address, token]) == fetched
    assert page.evaluate(CONNECT, [server.address]) == connected


def test_in_a_strict_page_of_another_origin_the_badge_speaks_its_language(
    host: ThreadingHTTPServer, server: RealServer, context: BrowserContext
) -> None:
    page = context.new_page()
    with without_complaints(page):
        page.goto(f"http://localhost:{host.server_port}/")
        page.evaluate(
            """async server => {
              document.documentElement.lang = "es";
              const { StreamVerifierElement } = await import(`${server}/js/element.js`);
              document.body.append(new StreamVerifierElement());
            }""",
            server.address,
        )
        expect(page.locator("[part=state]")).to_have_text("Sin empezar")
