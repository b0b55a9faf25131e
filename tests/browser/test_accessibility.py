"""No page, in no state, dark on a phone or light on a desk, breaks a rule of axe-core."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmarks.feed_stub import FeedStub
from benchmarks.made_up_calls import MadeUpCall
from benchmarks.made_up_wall import wall
from tests.support.axe import read_axe, violations
from tests.support.page_fake import FakeCall, FakeServer

pytestmark = pytest.mark.browser
LOOKS = [
    pytest.param((1280, "light"), id="desk-light"),
    pytest.param((390, "dark"), id="phone-dark", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def axe() -> str:
    return read_axe()


@pytest.fixture(scope="module", params=LOOKS)
def window(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser window of one of the sizes, in one of the themes."""
    width, theme = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    yield context
    context.close()


def start(page: Page, fake: FakeServer, *, consent: bool = False) -> FakeCall:
    page.get_by_test_id("mode-enrol" if consent else "mode-verify").click()
    page.get_by_test_id("identity-name").fill("ada")
    if consent:
        page.get_by_test_id("consent").check()
    page.get_by_test_id("start").click()
    call = fake.next_call()
    call.answer()
    return call


def test_choosing_and_consent(page: Page, fake: FakeServer, axe: str) -> None:
    fake.identities = [{"name": "ada", "created_at": "2026-01-02T03:04:05Z"}]
    page.reload()
    expect(page.get_by_test_id("identity")).to_have_count(1)
    assert violations(page, axe) == []
    page.get_by_test_id("mode-enrol").check()
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("error")).to_contain_text("Name is missing")
    page.get_by_test_id("identity-name").fill("ada")
    assert violations(page, axe) == []
    page.get_by_test_id("delete").click()
    assert violations(page, axe) == []


def test_a_call_in_every_state_and_its_end(page: Page, fake: FakeServer, axe: str) -> None:
    call = start(page, fake)
    assert violations(page, axe) == []
    call.score(3.0, -2.0)
    page.get_by_test_id("events").locator("summary").click()
    for state in ("verified", "uncertain", "rejected", "absent", "waiting"):
        call.state(state, "voice_mismatch", "multiple_faces")
        expect(page.get_by_test_id("state")).to_have_attribute("data-state", state)
        assert violations(page, axe) == []
    for count in range(40):
        call.push("gap", kind="audio", start_s=count, end_s=count + 0.5, reason="network")
    call.end("stopped")
    expect(page.get_by_test_id("ended")).to_be_visible()
    assert violations(page, axe) == []


def test_an_enrolment_and_its_end(page: Page, fake: FakeServer, axe: str) -> None:
    page.get_by_test_id("mode-enrol").check()
    call = start(page, fake, consent=True)
    fields = {"speech_s": 9.0, "speech_needed_s": 8.0, "faces": 3, "faces_needed": 5}
    hints = ["come_closer", "turn_a_little"]
    call.push("enrolment_progress", missing=hints, boxes=[], complete=False, **fields)
    expect(page.get_by_test_id("hint")).to_have_text("Come closer to the camera.")
    assert violations(page, axe) == []
    call.push("enrolled", identity="ada", id="1", speech_s=12.4, faces=8)
    call.end("complete")
    expect(page.get_by_test_id("enrol-done")).to_be_visible()
    assert violations(page, axe) == []


@pytest.fixture(scope="module")
def house() -> list[MadeUpCall]:
    """Full of calls, none of which goes on."""
    return wall(24, ended=8)


@pytest.fixture
def stub(port: int, house: list[MadeUpCall]) -> Iterator[FeedStub]:
    stub = FeedStub(house)
    stub.open(port)
    yield stub
    stub.close()


def test_the_monitor_with_calls_of_every_kind(
    context: BrowserContext, stub: FeedStub, axe: str
) -> None:
    page = context.new_page()
    page.goto(f"{stub.address}monitor.html")
    expect(page.get_by_test_id("call")).to_have_count(24)
    assert violations(page, axe) == []
    page.get_by_test_id("filter-rejected").check()
    expect(page.get_by_test_id("call")).to_have_count(3)
    page.locator(".alerts summary").click()  # on a phone it lies over the filters
    assert violations(page, axe) == []
    page.locator(".alerts summary").click()
    page.get_by_test_id("call").first.get_by_role("button").click(position={"x": 5, "y": 5})
    expect(page.get_by_test_id("chart")).to_have_attribute("aria-label", re.compile("Rejected"))
    assert violations(page, axe) == []
    page.get_by_test_id("detail-end").click()
    assert violations(page, axe) == []


def test_the_monitors_list_of_ended_calls_and_nothing_found(
    context: BrowserContext, stub: FeedStub, axe: str
) -> None:
    page = context.new_page()
    page.goto(f"{stub.address}monitor.html")
    page.get_by_test_id("view-ended").check()
    expect(page.get_by_test_id("ended-call")).to_have_count(8)
    assert violations(page, axe) == []
    page.get_by_test_id("search").fill("nobody of that name")
    expect(page.get_by_test_id("empty")).to_contain_text("None of 8 ended calls fits the filter.")
    assert violations(page, axe) == []


def test_the_monitor_when_it_is_not_live_and_when_it_may_not_be(
    context: BrowserContext, stub: FeedStub, axe: str
) -> None:
    page = context.new_page()
    page.goto(f"{stub.address}monitor.html")
    expect(page.get_by_test_id("call")).to_have_count(24)
    stub.say({"type": "dropped", "scores": 3})
    expect(page.get_by_test_id("lost")).to_be_visible()
    stub.token = "only-this-one"
    stub.cut()
    expect(page.get_by_test_id("token-dialog")).to_be_visible()
    expect(page.get_by_test_id("stale")).to_be_visible()
    assert violations(page, axe) == []
