"""The enrolment element: nobody without consent, and what is recorded is what was read."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.axe import read_axe, violations
from tests.support.page_fake import until
from tests.support.real_browser import Captures, RealServer
from tests.support.sdk_fake import SdkCall, SdkServer

pytestmark = pytest.mark.browser

WORDS = "I agree that my face and voice are learnt for the exam."
MAKE = """async ([attributes, words]) => {
  window.told = [];
  for (const type of ["enrolled", "enrolment_progress", "closed"]) {
    addEventListener(type, ({ detail }) => told.push({ ...detail, event: type }));
  }
  const { StreamVerifierEnrolElement } = await import("./js/enrol-element.js");
  window.enrolment = new StreamVerifierEnrolElement();
  for (const [name, value] of Object.entries(attributes)) enrolment.setAttribute(name, value);
  enrolment.append(words);
  const main = document.createElement("main");
  const title = document.createElement("h1");
  title.textContent = "A page of its own";
  main.append(title, enrolment);
  document.body.append(main);
}"""


def make(page: Page, words: str = WORDS, **attributes: str) -> Locator:
    page.evaluate(MAKE, [{"identity": "ada"} | attributes, words])
    return page.locator("stream-verifier-enrol")


def agree(element: Locator) -> None:
    element.get_by_label("I have read this and I agree.").check()


def start(element: Locator, server: SdkServer) -> SdkCall:
    element.get_by_role("button", name="Start enrolling").click()
    call = server.take("start")
    call.accept()
    call.push("session_started", mode="enrol")
    return call


def push_progress(call: SdkCall, **fields: Any) -> None:
    shown = {"speech_s": 4.2, "speech_needed_s": 12.0, "faces": 3, "faces_needed": 8}
    more = {"missing": ["come_closer", "keep_talking"], "boxes": [], "complete": False}
    call.push("enrolment_progress", **(shown | more | fields))


def test_nobody_is_enrolled_without_consent(bare: Page) -> None:
    element = make(bare)
    element.get_by_role("button", name="Start enrolling").press("Enter")
    expect(element).to_have_attribute("state", "failed")
    expect(element.locator("[part=problem]")).to_contain_text("tick the box if you agree")
    expect(element.get_by_label("I have read this and I agree.")).to_be_focused()
    assert bare.evaluate("enrolment.stream") is None


def test_what_is_recorded_is_what_was_read(bare: Page, sdk_server: SdkServer) -> None:
    element = make(
        bare, f"  {WORDS}\n   Second line. ", purpose="Exams", until="2027-12-31T12:00:00Z"
    )
    expect(element.locator("[part=consent-text]")).to_have_text(f"{WORDS}\nSecond line.")
    expect(element).to_contain_text("December 31, 2027")
    agree(element)
    message = start(element, sdk_server).start
    assert message["mode"] == "enrol"
    assert message["replace"] is False
    assert message["consent"] == {
        "subject": "ada",
        "purpose": "Exams",
        "text": f"{WORDS}\nSecond line.",
        "expires_at": "2027-12-31T12:00:00.000Z",
    }


def test_in_a_page_from_right_to_left_each_word_keeps_its_own_way(bare: Page) -> None:
    bare.evaluate("Object.assign(document.documentElement, { lang: 'ar', dir: 'rtl' })")
    element = make(bare, "أوافق على ذلك.")
    panel, words = element.locator("[part=panel]"), element.locator("[part=consent-text]")
    assert panel.evaluate("it => [it.lang, getComputedStyle(it).direction]") == ["en", "ltr"]
    assert words.evaluate("it => [it.lang, getComputedStyle(it).direction]") == ["ar", "rtl"]
    bare.evaluate("enrolment.textContent = ''")
    expect(words).to_have_attribute("lang", "en")
    expect(words).to_have_css("direction", "ltr")


@pytest.mark.parametrize(
    "change", ["enrolment.identity = 'grace'", "enrolment.append(' And more.')"]
)
def test_consent_is_for_the_words_that_were_read(bare: Page, change: str) -> None:
    element = make(bare)
    agree(element)
    bare.evaluate(change)
    expect(element.get_by_label("I have read this and I agree.")).not_to_be_checked()


def test_other_words_end_a_call_that_runs_on_the_old_ones(
    bare: Page, sdk_server: SdkServer
) -> None:
    element = make(bare)
    agree(element)
    call = start(element, sdk_server)
    push_progress(call)
    bare.evaluate("enrolment.append(' And more.')")
    expect(element).to_have_attribute("state", "consent")
    until(bare, "enrolment.stream === null")


def test_it_says_what_to_do_and_that_it_is_done(bare: Page, sdk_server: SdkServer) -> None:
    element = make(bare)
    agree(element)
    call = start(element, sdk_server)
    push_progress(call)
    expect(element.locator("[part=advice]")).to_have_text("Come closer to the camera.")
    expect(element.locator("[part=hints]")).to_have_text("Keep reading aloud.")
    expect(element).to_contain_text("3 of 8 views")
    expect(element.get_by_label("Voice")).to_have_attribute("value", "4.2")
    expect(element.locator("[part=preview]")).to_be_visible()
    assert bare.evaluate("enrolment.shadowRoot.querySelector('video').srcObject.active")
    call.push("enrolled", identity="ada", id="1", speech_s=12.1, faces=8, replaced=False)
    expect(element).to_have_attribute("state", "enrolled")
    expect(element.locator("[part=done]")).to_contain_text("12 s of speech and 8 views")
    assert [one["event"] for one in bare.evaluate("told")][:2] == ["enrolment_progress", "enrolled"]


def test_a_name_that_is_taken_is_replaced_only_where_that_is_asked_for(
    bare: Page, sdk_server: SdkServer
) -> None:
    element = make(bare)
    expect(element.get_by_label("Replace what is stored")).to_be_hidden()
    agree(element)
    start(element, sdk_server).refuse("identity_exists", "Ada is enrolled already: say replace.")
    expect(element.locator("[part=title]")).to_have_text("That name is enrolled already")
    element.get_by_label("Replace what is stored").check()
    assert start(element, sdk_server).start["replace"] is True


def test_a_name_that_is_taken_can_be_added_to(bare: Page, sdk_server: SdkServer) -> None:
    element = make(bare)
    agree(element)
    start(element, sdk_server).refuse("identity_exists", "Ada is enrolled already: say add.")
    element.get_by_label("Add to what is stored").check()
    call = start(element, sdk_server)
    assert (call.start["add"], call.start["replace"]) == (True, False)
    push_progress(call)
    call.push("enrolled", identity="ada", id="1", speech_s=24.1, faces=16, added=True)
    expect(element.locator("[part=done]")).to_contain_text("Now learnt from 24 s of speech")


def test_it_is_read_by_who_does_not_see_it(bare: Page) -> None:
    make(bare)
    assert violations(bare, read_axe()) == []


@pytest.mark.slow
def test_a_person_enrols_in_anybodys_page(
    real: RealServer, launch: Any, captures: Captures
) -> None:
    browser: Browser = launch(captures.get("grace", "grace"))
    page = browser.new_page()
    page.goto(f"{real.address}/api/v1/health")  # a page of that origin that is none of ours
    page.evaluate(MAKE.replace("./js/", "/js/"), [{"identity": "ada"}, WORDS])
    element = page.locator("stream-verifier-enrol")
    agree(element)
    element.get_by_role("button", name="Start enrolling").click()
    expect(element).to_have_attribute("state", "enrolled", timeout=90_000)
    (consent,) = real.get("identities/ada/consent")["consents"]
    assert consent["in_force"]
    page.close()
