"""What the badge shows, and how a page may dress it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.element_fake import ElementPage
from tests.support.page_fake import until

pytestmark = pytest.mark.browser


def test_each_state_has_a_word_and_a_drawing_of_its_own(element: ElementPage) -> None:
    badge = element.make()
    drawings = {badge.locator("[part=icon] path").get_attribute("d")}
    call = element.call()
    for state in ("waiting", "verified", "uncertain", "rejected", "absent"):
        call.state(state, "multiple_faces")
        expect(badge).to_have_attribute("state", state)
        expect(badge.locator("[part=state]")).to_have_text(state.capitalize())
        expect(badge.locator("[part=reasons]")).to_contain_text("More than one person")
        drawings.add(badge.locator("[part=icon] path").get_attribute("d"))
    assert len(drawings) == 6


def test_mismatches_are_said_plainly(element: ElementPage) -> None:
    badge = element.make()
    call = element.call()
    call.score(4.0, -5.0)
    call.state("rejected", "voice_mismatch")
    expect(badge.locator("[part=reasons]")).to_have_text("The face matches, the voice does not.")


def test_english_stays_english_in_a_page_from_right_to_left(element: ElementPage) -> None:
    element.page.evaluate("Object.assign(document.documentElement, { lang: 'ar', dir: 'rtl' })")
    badge = element.make()
    panel = badge.locator("[part=panel]")
    assert panel.evaluate("it => [it.lang, getComputedStyle(it).direction]") == ["en", "ltr"]


def test_it_is_plain_who_looks_on(element: ElementPage) -> None:
    badge = element.make()
    host = element.server.address.split("/")[2]
    expect(badge.locator("[part=note]")).to_have_text(
        f"Camera and microphone will be checked by {host}."
    )
    element.call()
    expect(badge.locator("[part=note]")).to_have_text(
        f"Camera and microphone are being checked by {host}."
    )


def test_an_old_verdict_does_not_look_like_one_that_holds(element: ElementPage) -> None:
    badge = element.make()
    call = element.call()
    call.state("verified")
    expect(badge).to_have_attribute("state", "verified")
    element.server.reachable = False
    call.drop()
    expect(badge).to_have_attribute("state", "reconnecting")
    expect(badge).not_to_contain_text("This is ada.")
    element.server.reachable = True
    again = element.server.take("resume")
    again.accept(after=2)
    again.state("uncertain", "media_gap")
    expect(badge).to_have_attribute("state", "uncertain")
    again.state("verified")
    element.control("Stop").click()
    expect(badge).to_have_attribute("state", "ended")
    expect(badge).to_contain_text("The last result was: Verified.")
    again.state("rejected", "face_mismatch")
    again.end("stopped")
    until(element.page, "told.some(e => e.event === 'closed')")
    expect(badge).to_have_attribute("state", "ended")


def test_a_missing_token_is_said_when_the_server_asks_for_one(element: ElementPage) -> None:
    badge = element.make()
    element.control("Start").click()
    element.server.take("start").refuse("missing_token", "Ask your back end for a token.")
    expect(badge).to_have_attribute("state", "failed")
    expect(badge.locator("[part=state]")).to_have_text("A token is needed")
    expect(badge.locator("[part=problem]")).to_contain_text("Ask your back end for a token.")
    expect(element.control("Start again")).to_be_visible()


@pytest.mark.parametrize(
    ("attributes", "title"),
    [
        ({"identity": ""}, "No identity"),
        ({"server": "http://"}, "The server's address is wrong"),
    ],
)
def test_a_page_that_says_too_little_is_told(
    element: ElementPage, attributes: dict[str, str], title: str
) -> None:
    badge = element.make(**attributes)
    element.control("Start").click()
    expect(badge.locator("[part=state]")).to_have_text(title)
    assert element.page.evaluate("asked") == 0


def test_the_details_open_by_keyboard(element: ElementPage) -> None:
    badge = element.make()
    call = element.call()
    call.push("media_started", kind="video", media_s=0.5)
    call.state("verified", media_s=4.0)
    call.score(3.2, 5.0, media_s=9.0)
    details = badge.locator("[part=details]")
    expect(details).to_be_hidden()
    element.page.keyboard.press("Shift+Tab")
    element.page.keyboard.press("Enter")
    expect(details).to_be_visible()
    expect(badge.locator("[part=badge]")).to_have_attribute("aria-expanded", "true")
    expect(badge.get_by_role("meter", name="Face")).to_have_attribute("aria-valuetext", "+3.2")
    expect(badge.locator("[part=history] li")).to_have_text(
        [re.compile("^0:04 to 0:.. Verified$"), "0:00 to 0:04 Waiting"]
    )
    expect(badge.locator("[part=timeline]")).to_have_attribute(
        "aria-label", re.compile("^0:00 to 0:04 Waiting; 0:04 to 0:.. Verified$")
    )
    element.page.keyboard.press("Space")
    expect(details).to_be_hidden()


def test_the_history_is_bounded(element: ElementPage) -> None:
    kept = """async () => {
      const { Record } = await import("./js/element/record.js");
      const record = new Record();
      for (let i = 1; i <= 5000; i += 1) {
        const state = i % 2 ? "verified" : "uncertain";
        const times = { media_s: i, receivedAt: 1000 * i };
        record.take({ type: "state_changed", state, reasons: [], ...times });
      }
      const { spans, endS } = record.read(5_001_000);
      return [spans.length <= 201, endS, spans.at(-1).endS];
    }"""
    element.make()
    assert element.page.evaluate(kept) == [True, 5001, 5001]


def test_changes_are_announced_once_and_politely(element: ElementPage) -> None:
    badge = element.make()
    status = badge.get_by_role("group").get_by_role("status")
    expect(status).to_be_empty()
    call = element.call()
    call.state("verified")
    expect(status).to_have_text("Verified. This is ada.")
    call.score(3.0, 2.0)
    call.state("verified", "noisy_audio")
    expect(badge.locator("[part=reasons]")).to_contain_text("noise")
    expect(status).to_have_text("Verified. This is ada.")
    call.state("rejected", "face_mismatch")
    expect(status).to_contain_text("Rejected. This is not ada.")


def test_a_page_may_dress_it(element: ElementPage) -> None:
    badge = element.make()
    colour = "part => getComputedStyle(badge.shadowRoot.querySelector(part)).color"
    element.page.evaluate("badge.style.setProperty('--sv-ink', 'rgb(1, 2, 3)')")
    assert element.page.evaluate(colour, "[part=panel]") == "rgb(1, 2, 3)"
    element.page.evaluate("""() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("stream-verifier::part(state) { color: rgb(4, 5, 6); }");
      document.adoptedStyleSheets = [sheet];
    }""")
    assert element.page.evaluate(colour, "[part=state]") == "rgb(4, 5, 6)"
    expect(badge).to_be_visible()


def test_it_is_not_set_as_the_bar_around_it(element: ElementPage) -> None:
    badge = element.make()
    element.page.evaluate("""() => {
      const bar = document.createElement("nav");
      bar.style.cssText =
        "white-space: nowrap; text-transform: uppercase; text-indent: -99em; letter-spacing: 1em";
      document.body.append(bar);
      bar.append(badge);
    }""")
    style = "getComputedStyle(badge.shadowRoot.querySelector('[part=panel]'))"
    names = "whiteSpace textTransform textIndent letterSpacing"
    read = f"'{names}'.split(' ').map(name => {style}[name])"
    assert element.page.evaluate(read) == ["normal", "none", "0px", "normal"]
    element.page.evaluate("badge.style.textTransform = 'uppercase'")
    assert element.page.evaluate(read)[1] == "uppercase"
    expect(badge).to_be_visible()


def test_it_follows_the_page_into_the_dark_or_as_it_is_told(element: ElementPage) -> None:
    element.make()
    surface = "getComputedStyle(badge.shadowRoot.querySelector('[part=panel]')).backgroundColor"
    element.page.evaluate("document.documentElement.style.colorScheme = 'light'")
    light = element.page.evaluate(surface)
    element.page.evaluate("document.documentElement.style.colorScheme = 'dark'")
    dark = element.page.evaluate(surface)
    assert light != dark
    element.page.evaluate("badge.setAttribute('theme', 'light')")
    assert element.page.evaluate(surface) == light


def test_a_page_with_buttons_of_its_own_can_do_without_these(element: ElementPage) -> None:
    badge = element.make(no_controls="")
    expect(badge.locator("[part=control]")).to_be_hidden()
    element.page.evaluate("void badge.start()")
    element.accept()
    expect(badge).to_have_attribute("state", "waiting")
