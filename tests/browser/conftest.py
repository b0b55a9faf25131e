from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from page_fake import FakeServer
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

# Debian's build, without a sandbox because tests often run as root, and without any call home.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module: while it lives, no asyncio test can run in this thread."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs Chromium (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context()
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """The server behind the page; media goes over loopback, which aioice leaves out by default."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])
    server = FakeServer()
    server.open()
    yield server
    server.close()


@pytest.fixture
def page(context: BrowserContext, fake: FakeServer) -> Iterator[Page]:
    """The page, open; what the browser complains about in its console fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console", lambda entry: complaints.append(entry.text) if entry.type == "error" else None
    )
    page.goto(fake.address)
    yield page
    assert complaints == []
