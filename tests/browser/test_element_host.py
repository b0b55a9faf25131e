"""A page of another origin, under a strict policy, that knows only the script tag."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.calls import make_settings
from tests.support.page_fake import without_complaints
from tests.support.real_browser import Captures, RealServer

pytestmark = pytest.mark.browser
PAGE = Path(__file__).resolve().parents[2] / "examples" / "host_page" / "index.html"
WRITTEN_FOR = "http://127.0.0.1:8080"
PATIENCE_MS = 60_000


class HostPage(ThreadingHTTPServer):
    """Serves the example page from an origin of its own."""

    daemon_threads = True
    verifier = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"

    def policy(self) -> str:
        """As strict as it gets for a page that loads the element and calls its server."""
        socket = self.verifier.replace("http", "ws", 1)
        return (
            f"default-src 'none'; script-src {self.verifier}; "
            f"connect-src {self.verifier} {socket}; base-uri 'none'; form-action 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )


class _Handler(BaseHTTPRequestHandler):
    server: HostPage

    def do_GET(self) -> None:
        found = self.path == "/"
        self.send_response(200 if found else 404)
        self.send_header("content-type", "text/html")
        self.send_header("content-security-policy", self.server.policy())
        self.send_header("permissions-policy", "camera=(self), microphone=(self)")
        self.send_header("cross-origin-opener-policy", "same-origin")
        self.send_header("cross-origin-embedder-policy", "require-corp")
        self.end_headers()
        if found:
            html = PAGE.read_text(encoding="utf-8").replace(WRITTEN_FOR, self.server.verifier)
            self.wfile.write(html.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def host() -> Iterator[HostPage]:
    with HostPage() as host:
        thread = threading.Thread(target=host.serve_forever, daemon=True)
        thread.start()
        yield host
        host.shutdown()
        thread.join()


@pytest.fixture
def server(enrolled_dir: Path, host: HostPage) -> Iterator[RealServer]:
    """The real server, with Grace enrolled, that lets the host's page call."""
    with RealServer(make_settings(enrolled_dir, allowed_origins=(host.address,))) as server:
        host.verifier = server.address
        yield server


def test_one_script_tag_verifies_a_call_in_anybodys_page(
    host: HostPage, server: RealServer, launch: Callable[..., Browser], captures: Captures
) -> None:
    page = launch(captures.get("grace", "grace")).new_page()
    with without_complaints(page, of="Content Security"):
        page.goto(host.address)
        badge = page.locator("stream-verifier")
        expect(badge).to_have_attribute("state", "idle")
        assert server.get("health")["calls"] == 0

        badge.get_by_role("button", name="Start", exact=True).click()
        expect(badge).to_have_attribute("state", "verified", timeout=PATIENCE_MS)
        expect(badge).to_contain_text("This is grace.")
        expect(badge).to_contain_text(f"are being checked by {server.address.split('/')[-1]}")
        badge.get_by_role("button", name="Verified").press("Enter")
        expect(badge.get_by_role("meter", name="Voice")).to_have_attribute("aria-valuetext", "for")

        badge.get_by_role("button", name="Stop", exact=True).click()
        expect(badge).to_have_attribute("state", "ended")
        expect(badge).to_contain_text("The last result was: Verified.")
        server.wait_until_idle()
    page.close()
