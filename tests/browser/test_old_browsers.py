"""Phones keep their browsers for years: what the elements do without what those lack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.support.element_fake import ElementPage
from tests.support.page_fake import without_complaints
from tests.support.sdk_fake import SPY, SdkServer, open_bare

pytestmark = pytest.mark.browser

# What came to Chromium after 87 and to Safari after 15, as far as it can be taken away.
AGED = """
  delete Object.hasOwn;
  for (const young of "at findLast findLastIndex toSorted toReversed toSpliced with".split(" ")) {
    delete Array.prototype[young];
  }
  delete String.prototype.at;
  delete AbortSignal.timeout;
  delete AbortSignal.any;
  delete window.structuredClone;
  for (const young of ["showPopover", "hidePopover", "togglePopover", "popover"]) {
    delete HTMLElement.prototype[young];
  }
  const { matches } = Element.prototype;
  Element.prototype.matches = function (selector) {
    if (selector.includes(":popover-open")) throw new SyntaxError("no valid selector");
    return matches.call(this, selector);
  };
"""
# Safari before 16.4, where a sheet cannot be constructed either.
WITHOUT_SHEETS = """
  delete Document.prototype.adoptedStyleSheets;
  delete ShadowRoot.prototype.adoptedStyleSheets;
  delete window.CSSStyleSheet;
"""
WITHOUT_COLOURS = """
  const { supports } = CSS;
  const young = /light-dark|color-mix/;
  CSS.supports = (...asked) => !young.test(asked.join()) && supports.apply(CSS, asked);
"""
TURN = {
    "challenge": "c1", "kind": "turn_head", "by": "api", "turns": ["left", "right"],
    "digits": None, "within_s": 13, "number": 1, "most": 4, "others": [], "chance": 0.125,
}  # fmt: skip


@pytest.fixture
def aged(own_context: BrowserContext, sdk_server: SdkServer) -> Iterator[ElementPage]:
    """A page in a browser that lacks all of it; it complains of nothing."""
    own_context.grant_permissions(["camera", "microphone"])
    page = own_context.new_page()
    for script in (SPY, AGED, WITHOUT_COLOURS):
        page.add_init_script(script)
    with without_complaints(page):
        open_bare(page, sdk_server)
        yield ElementPage(page, sdk_server)


def test_a_call_goes_its_way_with_challenge_and_end(aged: ElementPage) -> None:
    aged.server.ice_servers = [{"urls": "stun:127.0.0.1:9"}]
    badge = aged.make()
    call = aged.call()
    # The list of relays came in time, though nothing can wait by AbortSignal.timeout().
    assert len(aged.server.asked_with) == 1
    assert aged.page.evaluate("peers[0].getConfiguration().iceServers[0].urls") is not None
    assert call.start["challenges"] == ["turn_head", "say_digits"]
    call.push("media_started", kind="video", media_s=0.5)
    call.score(3.0, 4.0, media_s=2.0)
    call.state("verified", media_s=2.0)
    badge.locator("[part=badge]").click()
    expect(badge.locator("[part=history]")).to_contain_text("Verified")
    call.push("challenge_asked", **TURN)
    expect(badge.get_by_role("dialog", name="Please turn your head")).to_be_visible()
    expect(badge.get_by_test_id("colours")).to_be_hidden()
    badge.get_by_test_id("challenge-skip").click()
    call.push(
        "challenge_result", challenge="c1", kind="turn_head", outcome="unanswered", why="skipped",
        after_s=2, measured={},
    )  # fmt: skip
    expect(badge.get_by_role("dialog")).to_be_hidden()
    call.end("stopped")
    expect(badge).to_have_attribute("state", "ended")


def test_the_colours_are_those_that_every_browser_knows(aged: ElementPage) -> None:
    badge = aged.make()
    panel = badge.locator("[part=panel]")
    expect(panel).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(panel).to_have_css("color", "rgb(23, 32, 44)")
    expect(badge.locator("[part=state]")).to_have_css("color", "rgb(74, 95, 128)")


def test_who_is_enrolled_is_guided_to_the_end(aged: ElementPage) -> None:
    aged.page.evaluate("""async () => {
      const { StreamVerifierEnrolElement } = await import("./js/enrol-element.js");
      window.enrolment = new StreamVerifierEnrolElement();
      enrolment.identity = "ada";
      document.body.append(enrolment);
    }""")
    element = aged.page.locator("stream-verifier-enrol")
    element.get_by_label("I have read this and I agree.").check()
    element.get_by_role("button", name="Start enrolling").click()
    call = aged.server.take("start")
    call.accept()
    call.push("session_started", mode="enrol")
    call.push("enrolled", identity="ada", speech_s=9.0, faces=3, added=None)
    call.end("complete")
    expect(element).to_have_attribute("state", "enrolled")


def test_without_constructed_sheets_the_badge_is_dressed_all_the_same(
    own_context: BrowserContext, sdk_server: SdkServer
) -> None:
    page = own_context.new_page()
    page.add_init_script(AGED + WITHOUT_SHEETS)
    page.route("**/bare.html", _without_policy)
    open_bare(page, sdk_server)
    badge = ElementPage(page, sdk_server).make()
    expect(badge.locator("[part=panel]")).to_have_css("border-radius", "12px")
    expect(badge.get_by_test_id("challenge")).to_be_hidden()


def test_a_strict_page_without_constructed_sheets_has_a_badge_that_works(
    own_context: BrowserContext, sdk_server: SdkServer
) -> None:
    page = own_context.new_page()
    page.add_init_script(AGED + WITHOUT_SHEETS)
    open_bare(page, sdk_server)
    badge = ElementPage(page, sdk_server).make()
    expect(badge.locator("[part=state]")).to_have_text("Not started")
    expect(badge.get_by_test_id("challenge")).to_be_hidden()
    expect(badge.get_by_test_id("colours")).to_be_hidden()


def _without_policy(route: Route) -> None:
    answer = route.fetch()
    kept = {name: value for name, value in answer.headers.items() if "security" not in name}
    route.fulfill(response=answer, headers=kept)


def test_the_call_page_shows_what_is_chosen(page: Page) -> None:
    chosen = page.get_by_test_id("mode-enrol")
    chosen.click()
    expect(chosen).to_have_css("background-color", "rgb(234, 240, 253)")
    expect(page.get_by_test_id("mode-verify")).not_to_have_css(
        "background-color", "rgb(234, 240, 253)"
    )
