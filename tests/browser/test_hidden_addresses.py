"""Real browsers that hide their addresses, as they do by default, against the real server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from benchmarks.chromium import chromium_path, open_page
from benchmarks.firefox import Firefox, firefox_path, running_firefox
from benchmarks.stage import SEVERAL_FILMS, STAGE, ChromiumTab, Tab
from benchmarks.wire import Wire
from stream_verifier.mount import mount
from tests.support.calls import DemoCalls, all_that_is_said, make_settings
from tests.support.hosts import hosted

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
PATIENCE_S = 90.0
STATE = "document.querySelector('[data-testid=state]')?.dataset"
SPARING = {
    # What Firefox does for itself beside a call costs the processor more than the call.
    "dom.ipc.processPrelaunch.enabled": False,
    "layout.frame_rate": 15,
    "ui.prefersReducedMotion": 1,
}
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>A call</title>
<script type="module" src="/verify/js/element.js"></script>
<stream-verifier server="/verify" identity="grace"></stream-verifier>
"""


@dataclass(frozen=True, slots=True)
class Host:
    """A site with the product under /verify, and films of its people."""

    address: str
    grace: str
    eileen: str


@contextlib.asynccontextmanager
async def site(folder: Path, demo_calls: DemoCalls) -> AsyncIterator[Host]:
    films = [demo_calls.enrolment("grace"), demo_calls.get("eileen", "eileen")]

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(PAGE)

    app = Starlette(
        routes=[Route("/", page), Mount("/films", StaticFiles(directory=films[0].parent))]
    )
    mount(app, "/verify", make_settings(folder))
    async with hosted(app) as address:
        yield Host(address, *(f"/films/{film.name}" for film in films))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(enrolled_dir: Path, demo_calls: DemoCalls) -> AsyncIterator[Host]:
    """One on which Grace is enrolled."""
    async with site(enrolled_dir, demo_calls) as host:
        yield host


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def firefox() -> AsyncIterator[Firefox | None]:
    """One Firefox for all tests; None where there is none."""
    if firefox_path() is None:
        yield None
        return
    async with running_firefox(SPARING) as firefox:
        yield firefox


@contextlib.asynccontextmanager
async def chromium_tab() -> AsyncIterator[Tab]:
    if chromium_path() is None:
        pytest.skip("needs Chromium (Debian: apt install chromium)")
    async with open_page("about:blank", devices=False) as page:
        yield ChromiumTab(page)


@pytest_asyncio.fixture(loop_scope="module")
async def tab(request: pytest.FixtureRequest, firefox: Firefox | None) -> AsyncIterator[Tab]:
    """An empty page of the browser that the test asks for."""
    if request.param == "chromium":
        async with chromium_tab() as tab:
            yield tab
        return
    if firefox is None:
        pytest.skip("needs Firefox (Debian: apt install firefox-esr)")
    tab = await firefox.new_tab()
    yield tab
    await tab.close()


# Other tests show the same in a Chromium with a camera.
in_firefox = pytest.mark.parametrize(
    "tab", ["firefox", pytest.param("chromium", marks=pytest.mark.slow)], indirect=True
)
in_both = pytest.mark.parametrize("tab", ["firefox", "chromium"], indirect=True)


def hides_addresses(offer: str) -> bool:
    """Whether all of an offer's candidates are names."""
    hosts = [line.split()[4] for line in offer.splitlines() if line.startswith("a=candidate")]
    return bool(hosts) and all(host.endswith(".local") for host in hosts)


@in_firefox
async def test_enrol_verify_and_notice_a_swap(
    tmp_path: Path, demo_calls: DemoCalls, tab: Tab
) -> None:
    async with site(tmp_path, demo_calls) as host:
        await tab.goto(f"{host.address}/verify/")
        await tab.sit(host.grace)
        await tab.click("mode-enrol")
        await tab.fill("identity-name", "grace")
        await tab.click("consent")
        await tab.click("start")
        done = "document.querySelector('[data-testid=enrol-done]')?.checkVisibility()"
        await tab.until(done, timeout_s=PATIENCE_S)

        await tab.click("verify-now")
        await tab.click("start")
        await tab.until(f"{STATE}?.state === 'verified'", timeout_s=PATIENCE_S)
        await tab.swap(host.eileen)
        await tab.until(f"{STATE}?.state === 'rejected'", timeout_s=PATIENCE_S)
        offers = await tab.evaluate("offers")
        assert [hides_addresses(offer) for offer in offers] == [True, True]
        await tab.click("stop")


@in_firefox
async def test_the_element_goes_on_after_a_cut(host: Host, tab: Tab) -> None:
    async with Wire(host.address) as wire:
        await tab.goto(f"{wire.address}/")
        await tab.sit(host.grace)
        await tab.evaluate(
            """() => {
              window.badge = document.querySelector("stream-verifier");
              window.told = [];
              for (const type of ["session_started", "resumed", "restarted"]) {
                addEventListener(type, ({ detail }) => told.push([type, detail.session]));
              }
              badge.shadowRoot.querySelectorAll("button").forEach((button) => {
                if (button.textContent.trim() === "Start") button.click();
              });
            }"""
        )
        verified = "badge.getAttribute('state') === 'verified'"
        await tab.until(verified, timeout_s=PATIENCE_S)
        wire.sever()
        await asyncio.sleep(1.0)
        wire.restore()
        await tab.until("told.length > 1", timeout_s=PATIENCE_S)
        await tab.until(verified, timeout_s=PATIENCE_S)
        told = await tab.evaluate("told")
        assert [type_ for type_, _ in told] == ["session_started", "resumed"]
        assert all(hides_addresses(offer) for offer in await tab.evaluate("offers"))


@in_both
async def test_a_second_track_of_a_kind_never_touches_the_first(host: Host, tab: Tab) -> None:
    await tab.goto(f"{host.address}/")
    await tab.evaluate(STAGE)
    films = [host.grace, host.eileen]
    asked = [f"{host.address}/verify", "grace", films, 6.0]
    with all_that_is_said() as said:
        call: dict[str, Any] = await tab.evaluate(SEVERAL_FILMS, asked)
    told = call["told"]
    assert hides_addresses(call["sdp"])
    answer = told[0]["sdp"]
    assert answer.count("a=recvonly") == answer.count("a=inactive") == 2
    states = [event["state"] for event in told if event["type"] == "state_changed"]
    assert states[-1] == "verified"
    assert "rejected" not in states
    scores = [event for event in said if event["type"] == "score"]
    for modality in ("face", "voice"):
        llrs = [score[modality]["llr"] for score in scores if score[modality] is not None]
        assert len(llrs) >= 3
        assert min(llrs) > 0
    assert "second_source" not in {event.get("reason") for event in told}
