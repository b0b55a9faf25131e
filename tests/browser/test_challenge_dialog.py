"""The person is asked: by eye, by ear, by keyboard, on a phone and on a desk."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.axe import read_axe, violations
from tests.support.element_fake import ElementPage
from tests.support.page_fake import FakeCall, FakeServer, until
from tests.support.sdk_fake import SPY, SdkServer, open_bare

pytestmark = pytest.mark.browser

TURN: dict[str, Any] = {
    "challenge": "c1", "kind": "turn_head", "by": "api", "turns": ["left", "right", "right"],
    "digits": None, "within_s": 13, "number": 1, "most": 4, "others": ["say_digits"],
    "chance": 0.125,
}  # fmt: skip
DIGITS = TURN | {
    "challenge": "c2", "kind": "say_digits", "turns": [], "digits": "0727", "others": [],
    "chance": None,
}  # fmt: skip

COLOURS = TURN | {
    "challenge": "c3", "kind": "watch_colours", "turns": [], "within_s": 5.2, "chance": 0.002,
    "screen": {"colours": ["#aacbff", "#e0cb89"], "from_s": 1.5, "each_s": 1.0},
}  # fmt: skip


@pytest.fixture
def page(page: Page) -> Page:
    """Before somebody to whom things may move, and colours be shown."""
    page.emulate_media(reduced_motion="no-preference")
    return page


def result(challenge: str, outcome: str, why: str | None = None) -> dict[str, Any]:
    return {
        "challenge": challenge, "kind": "turn_head", "outcome": outcome, "why": why, "after_s": 4,
        "measured": {},
    }  # fmt: skip


def start(page: Page, fake: FakeServer) -> FakeCall:
    page.get_by_test_id("mode-verify").click()
    page.get_by_test_id("identity-name").fill("ada")
    page.get_by_test_id("start").click()
    call = fake.next_call()
    call.answer()
    expect(page.get_by_test_id("stop")).to_be_visible()
    return call


def answers(call: FakeCall) -> list[dict[str, Any]]:
    return [one for one in call.said if one["type"] == "answer_challenge"]


def test_the_page_says_what_to_do_and_how_long_there_is(page: Page, fake: FakeServer) -> None:
    call = start(page, fake)
    assert call.start["challenges"] == ["turn_head", "say_digits", "watch_colours"]
    dialog = page.get_by_role("dialog", name="Please turn your head")
    expect(dialog).to_be_hidden()
    page.get_by_test_id("stop").focus()
    call.push("challenge_asked", **TURN)
    expect(dialog).to_be_visible()
    expect(dialog).to_be_focused()
    expect(page.get_by_test_id("challenge-task")).to_have_text("left, then right, then right")
    expect(page.get_by_test_id("challenge-left")).to_contain_text("seconds left")
    expect(page.get_by_test_id("challenge-aloud")).to_contain_text("Please turn your head: left")
    assert violations(page, read_axe()) == []
    call.push("challenge_result", **result("c1", "failed", "other_side"))
    expect(page.get_by_test_id("challenge")).to_contain_text("The head turned to another side.")
    expect(page.get_by_test_id("challenge-aloud")).to_contain_text("not what was asked for")
    assert violations(page, read_axe()) == []
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("challenge")).to_be_hidden()
    expect(page.get_by_test_id("stop")).to_be_focused()


def test_another_way_and_skipping_are_reached_by_keyboard_and_told(
    page: Page, fake: FakeServer
) -> None:
    call = start(page, fake)
    call.push("challenge_asked", **TURN)
    expect(page.get_by_test_id("challenge")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Say digits instead")).to_be_focused()
    page.keyboard.press("Enter")
    call.push("challenge_result", **result("c1", "unanswered", "another_way"))
    call.push("challenge_asked", **DIGITS)
    expect(page.get_by_test_id("challenge-task")).to_have_text("0 7 2 7")
    expect(page.get_by_test_id("challenge-other")).to_be_hidden()
    expect(page.get_by_test_id("challenge")).to_have_accessible_description(
        re.compile(r"0 7 2 7 .*skip it: the call goes on\.")
    )
    page.get_by_test_id("challenge").press("Escape")
    page.wait_for_timeout(200)
    assert [(one["challenge"], one["choice"]) for one in answers(call)] == [
        ("c1", "other"),
        ("c2", "skip"),
    ]
    call.push("challenge_result", **result("c2", "unanswered", "skipped"))
    expect(page.get_by_test_id("challenge")).to_be_hidden()


def test_it_goes_with_the_call(page: Page, fake: FakeServer) -> None:
    call = start(page, fake)
    call.push("challenge_asked", **TURN)
    expect(page.get_by_test_id("challenge")).to_be_visible()
    call.end("ended_by_admin")
    expect(page.get_by_test_id("challenge")).to_be_hidden()


NOTED = """() => {
  const surface = document.querySelector("[data-testid=colours]");
  window.shown = [];
  new MutationObserver(() => {
    const colour = surface.style.backgroundColor;
    if (shown.at(-1) !== colour) shown.push(colour);
  }).observe(surface, { attributes: true });
}"""


def test_colours_fill_the_screen_one_after_the_other_and_then_go(
    page: Page, fake: FakeServer
) -> None:
    call = start(page, fake)
    page.evaluate(NOTED)
    call.push("challenge_asked", **COLOURS)
    expect(page.get_by_test_id("challenge-task")).to_have_text("Pale colours fill it for 2 seconds")
    surface = page.get_by_role("dialog", name="Colours of the screen")
    expect(surface).to_be_focused()
    assert surface.bounding_box() == {"x": 0, "y": 0, **(page.viewport_size or {})}
    assert violations(page, read_axe()) == []
    expect(surface).to_be_hidden()
    grey = "rgb(204, 204, 204)"
    assert page.evaluate("shown") == [grey, "rgb(170, 203, 255)", "rgb(224, 203, 137)", grey]
    expect(page.get_by_test_id("challenge")).to_be_focused()
    page.get_by_test_id("challenge").press("Escape")
    page.wait_for_timeout(200)
    assert [(one["challenge"], one["choice"]) for one in answers(call)] == [("c3", "skip")]


def test_whoever_wants_less_motion_is_shown_colours_only_when_they_say_so(
    page: Page, fake: FakeServer
) -> None:
    page.emulate_media(reduced_motion="reduce")
    call = start(page, fake)
    assert call.start["challenges"] == ["turn_head", "say_digits"]
    call.push("challenge_asked", **COLOURS)
    expect(page.get_by_test_id("challenge")).to_be_focused()
    page.get_by_role("button", name="Show the colours").click()
    page.get_by_role("dialog", name="Colours of the screen").press("Escape")
    call.push("challenge_result", **result("c3", "unanswered", "skipped"))
    expect(page.get_by_test_id("colours")).to_be_hidden()
    call.push("challenge_asked", **COLOURS | {"challenge": "c4"})
    expect(page.get_by_test_id("challenge-agree")).to_be_visible()
    page.evaluate(NOTED)
    page.wait_for_timeout(2000)
    assert page.evaluate("shown") == []
    assert [(one["challenge"], one["choice"]) for one in answers(call)] == [
        ("c3", "skip"),
        ("c4", "skip"),
    ]


def test_the_element_asks_as_well_dark_on_a_phone(
    context: BrowserContext, sdk_server: SdkServer
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 320, "height": 640})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.add_init_script(SPY)
    open_bare(page, sdk_server)
    element = ElementPage(page, sdk_server)
    element.make(theme="dark")
    call = element.call()
    call.push("challenge_asked", **TURN)
    badge = page.locator("stream-verifier")
    expect(badge.get_by_role("dialog", name="Please turn your head")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # The bare page around it has no landmarks.
    assert [one for one in violations(page, read_axe()) if not one.startswith("region")] == []
    badge.get_by_role("button", name="Skip").click()
    call.push("challenge_result", **result("c1", "unanswered", "skipped"))
    expect(badge.get_by_role("dialog")).to_be_hidden()


def test_a_page_asks_by_the_sdk_and_is_told_why_not(
    context: BrowserContext, sdk_server: SdkServer
) -> None:
    page = context.new_page()
    page.add_init_script(SPY)
    open_bare(page, sdk_server)
    element = ElementPage(page, sdk_server)
    element.make()
    call = element.call()
    page.evaluate("""() => {
      window.refused = [];
      badge.addEventListener("challenge_refused", ({ detail }) => refused.push(detail.code));
    }""")
    assert page.evaluate("badge.verifier.askChallenge('turn_head')") is True
    refused = {"type": "challenge_refused", "code": "challenge_open", "message": "Wait."}
    call.push_text(json.dumps(refused))
    until(page, "refused.length === 1")
    assert page.evaluate("refused") == ["challenge_open"]
    assert call.said == [{"type": "ask_challenge", "kind": "turn_head"}]
