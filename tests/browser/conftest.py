from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Callable, Iterator
from functools import cache
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from benchmarks.chromium import FLAGS, Capture
from tests.support.calls import make_settings
from tests.support.element_fake import ElementPage
from tests.support.page_fake import FakeServer, without_complaints
from tests.support.real_browser import Captures, RealServer
from tests.support.sdk_fake import SPY, SdkPage, SdkServer, open_bare

Launch = Callable[..., Browser]
FOLDER = Path(__file__).parent
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put asyncio's tests first: once playwright lives, none can run in this thread."""
    here = [number for number, item in enumerate(items) if FOLDER in item.path.parents]
    ordered = sorted((items[number] for number in here), key=_waits_for_playwright)
    for number, item in zip(here, ordered, strict=True):
        items[number] = item


def _waits_for_playwright(item: pytest.Item) -> bool:
    return not iscoroutinefunction(getattr(item, "obj", None))


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """One for all tests of this folder but asyncio's."""
    with sync_playwright() as playwright:
        yield playwright


def start_chromium(playwright: Playwright, *flags: str, path: str | None = None) -> Browser:
    path = path or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs Chromium (Debian: apt install chromium)")
    return playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A browser with a test pattern and beeps; tests of real calls have the whole browser.

    It is the headless shell where that is installed: a page costs it half as much as a tab does.
    All pages of an origin live in one process: another costs more than what most tests do in it.
    """
    # The pattern moves less than a person and costs the processor as little.
    pattern = "--use-fake-device-for-media-stream=fps=5"
    shell = shutil.which("chromium-headless-shell")
    together = "--renderer-process-limit=1"
    with start_chromium(playwright, pattern, together, path=shell) as browser:
        yield browser


@pytest.fixture(scope="package")
def launch(playwright: Playwright) -> Iterator[Launch]:
    """Gives a browser whose camera and microphone play a capture: the same to all who play it."""
    with contextlib.ExitStack() as browsers:

        @cache
        def started(capture: Capture) -> Browser:
            return browsers.enter_context(start_playing(playwright, capture))

        yield started


def start_playing(playwright: Playwright, capture: Capture) -> Browser:
    video = f"--use-file-for-fake-video-capture={capture.video}"
    audio = f"--use-file-for-fake-audio-capture={capture.audio}"
    return start_chromium(playwright, video, audio)


@pytest.fixture(scope="session")
def captures(tmp_path_factory: pytest.TempPathFactory) -> Captures:
    """What Chromium's camera and microphone play: demo people, each made when first asked for."""
    return Captures(tmp_path_factory.mktemp("captures"))


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealServer]:
    """The real server, with nobody enrolled."""
    with RealServer(make_settings(tmp_path)) as server:
        yield server


@pytest.fixture(scope="package")
def window(chromium: Browser) -> Iterator[BrowserContext]:
    """One for all tests: another costs the processor three times what a page in it does.

    It wants less motion: a sign that pulses costs as much as the call that it tells of. What moves
    is shown in pages that are asked to (`Page.emulate_media`).
    """
    context = chromium.new_context(reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def context(window: BrowserContext) -> Iterator[BrowserContext]:
    """The window as if it had just been opened, but that it knows the scripts of earlier tests."""
    if not window.pages:
        window.new_page()  # It stays, and the window with it.
    # Who may use a camera is shown its own addresses, which cost less to find than names for them.
    window.grant_permissions(["camera", "microphone"])
    yield window
    for page in window.pages[1:]:
        page.close()
    devtools = window.new_cdp_session(window.pages[0])
    devtools.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
    devtools.detach()
    window.set_offline(False)
    window.clear_cookies()
    window.clear_permissions()


@pytest.fixture
def own_context(chromium: Browser) -> Iterator[BrowserContext]:
    """For what a window keeps for good, such as a clock."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def loopback_media(monkeypatch: pytest.MonkeyPatch) -> None:
    """Media goes over loopback, which aioice leaves out by default."""
    addresses = ["127.0.0.1"]
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: addresses)


@pytest.fixture(scope="package")
def port() -> Iterator[int]:
    """Where one scripted server after the other listens, held while none does.

    The scripts of a new origin are fetched and compiled anew, which is much of what a page costs.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def fake(loopback_media: None, port: int) -> Iterator[FakeServer]:
    """The server behind the page."""
    server = FakeServer()
    server.open(port)
    yield server
    server.close()


@pytest.fixture
def page(context: BrowserContext, fake: FakeServer) -> Iterator[Page]:
    """The page, open; what the browser complains about in its console fails the test."""
    page = context.new_page()
    with without_complaints(page):
        page.goto(fake.address)
        yield page


@pytest.fixture
def sdk_server(loopback_media: None, port: int) -> Iterator[SdkServer]:
    """A server whose calls can be lost and resumed."""
    server = SdkServer()
    server.open(port)
    yield server
    server.close()


@pytest.fixture
def sdk(context: BrowserContext, sdk_server: SdkServer) -> SdkPage:
    """A page with an open camera, in which the SDK is used by itself."""
    page = context.new_page()
    page.add_init_script(SPY)
    open_bare(page, sdk_server)
    sdk = SdkPage(page)
    sdk.open_media()
    return sdk


@pytest.fixture
def bare(context: BrowserContext, sdk_server: SdkServer) -> Iterator[Page]:
    """A page with a strict policy, which must not be hurt."""
    page = context.new_page()
    with without_complaints(page, of="Content Security"):
        open_bare(page, sdk_server)
        yield page


@pytest.fixture
def element(bare: Page, sdk_server: SdkServer) -> ElementPage:
    """The badge in that page."""
    return ElementPage(bare, sdk_server)
