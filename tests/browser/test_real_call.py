"""The real page in a real Chromium against the real server: clicks in, verdicts out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, expect

from tests.browser.conftest import start_playing
from tests.support.calls import make_settings
from tests.support.lossy import LossyPeers
from tests.support.page_fake import until
from tests.support.real_browser import Captures, RealServer

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
Open = Callable[[Browser], Page]

# Keeps the tracks and senders of the page's call at hand, as its own code hides them.
KEEP_SENDERS = """
  window.senders = [];
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (track, options) {
    const transceiver = add.call(this, track, options);
    window.senders.push({ track, sender: transceiver.sender });
    return transceiver;
  };
"""


@pytest.fixture(scope="module")
def server(enrolled_dir: Path) -> Iterator[RealServer]:
    """The real server, with Grace enrolled."""
    with RealServer(make_settings(enrolled_dir)) as server:
        yield server


@pytest.fixture(scope="module")
def grace(launch: Callable[..., Browser], captures: Captures) -> Browser:
    """A browser in front of which Grace sits and talks."""
    return launch(captures.get("grace", "grace"))


@pytest.fixture
def call(server: RealServer, grace: Browser) -> Iterator[Page]:
    """Grace's call, verified."""
    page = open_page(grace, server)
    start(page, "grace")
    expect_state(page, "verified")
    yield page
    if not page.is_closed():
        page.context.close()
    server.wait_until_idle()


def open_page(browser: Browser, server: RealServer) -> Page:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.add_init_script(KEEP_SENDERS)
    page.goto(server.address)
    return page


def start(page: Page, name: str) -> None:
    page.get_by_test_id("identity-name").fill(name)
    page.get_by_test_id("start").click()


def expect_state(page: Page, state: str, reasons: str | None = None) -> None:
    expect(page.get_by_test_id("state")).to_have_attribute("data-state", state, timeout=PATIENCE_MS)
    if reasons is not None:
        expect(page.get_by_test_id("reasons")).to_have_attribute(
            "data-reasons", reasons, timeout=PATIENCE_MS
        )


def test_enrol_verify_be_told_apart_and_be_deleted(
    real: RealServer, grace: Browser, launch: Callable[..., Browser], captures: Captures
) -> None:
    page = open_page(grace, real)
    page.get_by_test_id("mode-enrol").check()
    page.get_by_test_id("identity-name").fill("grace")
    page.get_by_test_id("consent").check()
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("enrol-done")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("enrol-done")).to_contain_text("grace is enrolled")
    enrolled = real.get("identities")["identities"]
    assert [(one["name"], one["faces"] >= 5, one["speech_s"] >= 8) for one in enrolled] == [
        ("grace", True, True)
    ]

    page.get_by_test_id("verify-now").click()
    expect(page.get_by_test_id("identity")).to_contain_text("grace")
    page.get_by_test_id("start").click()
    expect_state(page, "verified", "")
    expect(page.get_by_test_id("state")).to_contain_text("This is grace.")
    expect(page.get_by_test_id("face-box")).to_have_count(1)
    assert real.get("health")["calls"] == 1
    page.get_by_test_id("stop").click()
    expect(page.get_by_test_id("ended")).to_contain_text("The call was stopped.")
    real.wait_until_idle()

    swapped = open_page(launch(captures.get("grace", "eileen")), real)
    start(swapped, "grace")
    expect_state(swapped, "rejected", "voice_mismatch")
    expect(swapped.get_by_test_id("state")).to_contain_text(
        "The voice does not match; nothing speaks against the face."
    )
    states = swapped.evaluate("streamVerifierEvents.map(e => e.state).filter(Boolean)")
    assert "verified" not in states
    swapped.context.close()
    real.wait_until_idle()

    page.get_by_test_id("again").click()
    page.get_by_test_id("delete").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("identity")).to_have_count(0)
    assert real.get("identities")["identities"] == []
    start(page, "grace")
    expect(page.get_by_test_id("error")).to_have_attribute("data-code", "unknown_identity")
    page.context.close()
    real.wait_until_idle()


def test_a_closed_tab_ends_its_call(server: RealServer, call: Page) -> None:
    assert server.get("health")["calls"] == 1
    call.close()
    server.wait_until_idle()


@pytest.mark.slow
def test_a_killed_browser_ends_its_call(
    server: RealServer, playwright: Playwright, captures: Captures
) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    browser = start_playing(playwright, captures.get("grace", "grace"))
    page = open_page(browser, server)
    start(page, "grace")
    until(page, "streamVerifierEvents.some(e => e.type === 'score')")
    assert server.get("health")["calls"] == 1
    for child in psutil.Process().children(recursive=True):
        if child.pid not in before:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    server.wait_until_idle()
    with contextlib.suppress(Error):
        browser.close()


@pytest.mark.slow
def test_black_pictures_and_silence_do_not_stay_verified(call: Page) -> None:
    enable = "on => senders.forEach(({ track }) => { track.enabled = on; })"
    call.evaluate(enable, False)
    expect_state(call, "absent", "no_face,no_speech")
    expect(call.get_by_test_id("state")).to_contain_text("Nobody has been seen or heard")
    call.evaluate(enable, True)
    expect_state(call, "verified")


@pytest.mark.slow
def test_a_camera_switched_off_and_on_is_noticed_and_survived(call: Page) -> None:
    switch = """on => senders.filter(({ track }) => track.kind === 'video')
      .forEach(({ track, sender }) => sender.replaceTrack(on ? track : null))"""
    call.evaluate(switch, False)
    expect_state(call, "uncertain")
    expect(call.get_by_test_id("state")).to_contain_text("No face is seen.", timeout=PATIENCE_MS)
    call.evaluate(switch, True)
    expect_state(call, "verified")


@pytest.mark.slow
def test_five_percent_loss_both_ways_leaves_the_verdict(enrolled_dir: Path, grace: Browser) -> None:
    settings = make_settings(enrolled_dir)
    peers = LossyPeers(settings, share=0.05)
    with RealServer(settings, peers) as server:
        page = open_page(grace, server)
        start(page, "grace")
        until(page, "streamVerifierEvents.some(e => e.type === 'score' && e.end_s > 6)")
        states = page.evaluate("streamVerifierEvents.map(e => e.state).filter(Boolean)")
        page.context.close()
        server.wait_until_idle()
    assert peers.lost > 10
    assert states[-1] == "verified"
    assert "rejected" not in states
