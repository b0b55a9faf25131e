from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.page_fake import CLIENT, FakeCall, FakeServer

pytestmark = pytest.mark.browser

HINTS = [
    "keep_talking",
    "show_face",
    "whole_face",
    "come_closer",
    "more_light",
    "less_light",
    "hold_still",
    "keep_looking",
    "turn_a_little",
    "one_person_only",
    "voice_changed",
    "face_changed",
    "speak_up",
    "quieter_place",
]


def choose_enrol(page: Page, name: str = "ada") -> None:
    page.get_by_test_id("mode-enrol").check()
    page.get_by_test_id("identity-name").fill(name)


@pytest.fixture
def call(page: Page, fake: FakeServer) -> FakeCall:
    choose_enrol(page)
    page.get_by_test_id("consent").check()
    page.get_by_test_id("start").click()
    call = fake.next_call()
    call.answer()
    return call


def progress(call: FakeCall, **fields: Any) -> None:
    defaults = {"speech_s": 4.2, "speech_needed_s": 12.0, "faces": 3, "faces_needed": 8}
    more = {"missing": ["keep_talking"], "boxes": [[0.3, 0.2, 0.3, 0.4]], "complete": False}
    call.push("enrolment_progress", **(defaults | more | fields))


def test_nobody_is_enrolled_without_consent(page: Page, fake: FakeServer) -> None:
    choose_enrol(page)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("error")).to_contain_text("Consent is missing")
    expect(page.get_by_test_id("consent")).to_be_focused()
    expect(page.get_by_test_id("monitoring")).to_be_hidden()


def test_consent_is_for_the_name_it_was_given_for(page: Page) -> None:
    choose_enrol(page, "ada")
    page.get_by_test_id("consent").check()
    page.get_by_test_id("identity-name").fill("grace")
    expect(page.get_by_test_id("consent")).not_to_be_checked()
    expect(page.get_by_test_id("consent-text")).to_contain_text("I am grace.")


def test_what_is_sent_is_what_was_shown(page: Page, fake: FakeServer) -> None:
    choose_enrol(page)
    shown = page.get_by_test_id("consent-text").text_content()
    page.get_by_test_id("consent").check()
    page.get_by_test_id("start").click()
    start = fake.next_call().start
    assert start["mode"] == "enrol"
    assert start["replace"] is False
    assert start["consent"]["text"] == shown
    assert start["consent"]["subject"] == "ada"
    assert "ada" in start["consent"]["purpose"]


def test_progress_guides(page: Page, call: FakeCall) -> None:
    progress(call, missing=["come_closer", "turn_a_little"])
    expect(page.get_by_test_id("hint")).to_have_text("Come closer to the camera.")
    expect(page.get_by_test_id("guide")).to_have_attribute("data-tone", "act")
    shown = page.get_by_test_id("enrol-progress")
    expect(shown).to_contain_text("4.2 of 12 s")
    expect(shown).to_contain_text("3 of 8")
    expect(page.get_by_test_id("hints")).to_have_attribute(
        "data-hints", "come_closer,turn_a_little"
    )
    assert page.locator("#speech-bar").evaluate("b => b.value / b.max") == pytest.approx(0.35)
    expect(page.get_by_test_id("face-box")).to_have_count(1)


def test_every_hint_is_translated(page: Page) -> None:
    said = page.evaluate(
        "async hints => { const words = await import('./js/words.js'); "
        "return hints.map(words.ENGLISH.sayHint); }",
        HINTS,
    )
    assert [one for one in said if "_" in one] == []
    assert not {hint.replace("_", " ").capitalize() + "." for hint in HINTS} & set(said)
    assert len(set(said)) == len(HINTS)


def test_done_leads_on_to_verifying(page: Page, fake: FakeServer, call: FakeCall) -> None:
    fake.identities = [{"name": "ada", "created_at": "2026-01-02T03:04:05Z"}]
    progress(call, complete=True, missing=[])
    call.push("enrolled", identity="ada", id="1", speech_s=12.4, faces=8)
    call.end("complete")
    expect(page.get_by_test_id("enrol-done")).to_contain_text("ada is enrolled")
    expect(page.get_by_test_id("enrol-done")).to_contain_text("12 s of speech")
    expect(page.get_by_test_id("monitoring")).to_be_hidden()
    page.get_by_test_id("verify-now").click()
    expect(page.get_by_test_id("mode-verify")).to_be_checked()
    expect(page.get_by_test_id("identity-name")).to_have_value("ada")
    expect(page.get_by_test_id("identity")).to_contain_text("ada")


def test_stopping_too_early_says_that_nothing_was_stored(page: Page, call: FakeCall) -> None:
    progress(call)
    page.get_by_test_id("stop").click()
    call.push("error", code="enrolment_incomplete", message="7.8 s of speech are missing.")
    call.end("error")
    expect(page.get_by_test_id("error")).to_contain_text("Nothing was stored")
    expect(page.get_by_test_id("error")).to_contain_text("7.8 s of speech are missing.")
    expect(page.get_by_test_id("enrol-done")).to_be_hidden()


def test_an_end_without_a_reference_is_not_called_complete(page: Page, call: FakeCall) -> None:
    progress(call, complete=True, missing=[])
    call.end("complete")
    expect(page.get_by_test_id("ended")).to_contain_text("Nothing was stored")
    expect(page.get_by_test_id("enrol-done")).to_be_hidden()


def test_a_known_name_can_be_replaced(page: Page, fake: FakeServer) -> None:
    fake.identities = [{"name": "ada", "created_at": "2026-01-02T03:04:05Z"}]
    page.reload()
    expect(page.get_by_test_id("identity")).to_have_count(1)
    choose_enrol(page, "grace")
    expect(page.get_by_test_id("replace")).to_be_hidden()
    choose_enrol(page, "ada")
    page.get_by_test_id("consent").check()
    page.get_by_test_id("replace").check()
    page.get_by_test_id("start").click()
    start = fake.next_call().start
    assert start["replace"] is True
    assert "add" not in start


def test_a_known_name_can_be_added_to_and_then_again(page: Page, fake: FakeServer) -> None:
    fake.identities = [{"name": "ada", "created_at": "2026-01-02T03:04:05Z"}]
    page.reload()
    choose_enrol(page, "ada")
    expect(page.get_by_role("radiogroup", name="This name is enrolled already.")).to_be_visible()
    page.get_by_test_id("consent").check()
    page.get_by_test_id("replace").check()
    page.get_by_test_id("add").check()
    page.get_by_test_id("start").click()
    call = fake.next_call()
    assert (call.start["add"], call.start["replace"]) == (True, False)
    call.answer()
    call.push("enrolled", identity="ada", id="1", speech_s=24.8, faces=16, added=True)
    call.end("complete")
    expect(page.get_by_test_id("enrol-done")).to_contain_text("Now learnt from 25 s of speech")
    page.get_by_role("button", name="Add more").click()
    again = fake.next_call().start
    assert (again["add"], again["replace"]) == (True, False)


def test_deletion_asks_first(page: Page, fake: FakeServer) -> None:
    fake.identities = [{"name": "ada & <b>co"}, {"name": "grace"}]
    page.reload()
    expect(page.get_by_test_id("identity")).to_have_count(2)
    page.get_by_test_id("delete").first.click()
    expect(page.get_by_test_id("confirm")).to_contain_text("Delete ada & <b>co?")
    page.get_by_test_id("confirm-no").click()
    assert fake.deleted == []
    page.get_by_test_id("delete").first.click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("identity")).to_have_count(1)
    assert fake.deleted == ["ada & <b>co"]


def test_choosing_a_person_fills_the_form(page: Page, fake: FakeServer) -> None:
    fake.identities = [{"name": "grace"}]
    page.reload()
    page.get_by_test_id("mode-enrol").check()
    page.get_by_test_id("identity").click()
    expect(page.get_by_test_id("identity-name")).to_have_value("grace")
    expect(page.get_by_test_id("mode-verify")).to_be_checked()
    expect(page.get_by_test_id("start")).to_be_focused()


def test_hints_have_drawings_and_praise_is_no_fault(page: Page, call: FakeCall) -> None:
    drawn = (CLIENT / "icons.svg").read_text(encoding="utf-8")
    for hint in HINTS:
        progress(call, missing=[hint])
        said = page.evaluate(
            "async hint => (await import('./js/words.js')).ENGLISH.sayHint(hint)", hint
        )
        expect(page.get_by_test_id("hint")).to_have_text(said)
        icon = page.locator("#hint-icon").get_attribute("href")
        assert icon is not None
        assert f'id="{icon.removeprefix("icons.svg#")}"' in drawn
    progress(call, missing=["keep_talking"], faces=8)
    expect(page.get_by_test_id("guide")).to_have_attribute("data-tone", "well")
    expect(page.locator("#faces-icon")).to_have_attribute("href", "icons.svg#done")
    expect(page.locator("#speech-icon")).to_have_attribute("href", "icons.svg#talk")


def test_starting_over_discards_and_begins_anew_on_the_same_camera(
    page: Page, fake: FakeServer, call: FakeCall
) -> None:
    progress(call, speech_s=6.0)
    page.evaluate("window.kept = document.querySelector('video').srcObject.getTracks()")
    page.get_by_test_id("start-over").click()
    call.push("error", code="enrolment_incomplete", message="6 s of speech are missing.")
    call.end("error")
    again = fake.next_call()
    assert again.start["consent"] == call.start["consent"]
    again.answer()
    expect(page.get_by_test_id("enrol-progress")).to_contain_text("0 s")
    expect(page.get_by_test_id("error")).to_be_empty()
    expect(page.get_by_test_id("monitoring")).to_be_visible()
    assert page.evaluate("window.kept.every(track => track.readyState === 'live')")


def test_a_retake_replaces_what_was_stored(page: Page, fake: FakeServer, call: FakeCall) -> None:
    call.push("enrolled", identity="ada", id="1", speech_s=12.4, faces=8)
    call.end("complete")
    assert call.start["replace"] is False
    page.get_by_test_id("retake").click()
    again = fake.next_call()
    assert again.start["replace"] is True
    assert again.start["consent"] == call.start["consent"]
    again.answer()
    expect(page.get_by_test_id("enrol-progress")).to_be_visible()
    expect(page.get_by_test_id("ended")).to_be_hidden()


def test_the_page_opens_on_enrolling_while_nobody_is_enrolled(page: Page, fake: FakeServer) -> None:
    expect(page.get_by_test_id("mode-enrol")).to_be_checked()
    expect(page.get_by_test_id("start")).to_have_text("Start enrolling")
    expect(page.get_by_test_id("identity-choice")).to_be_hidden()
    fake.identities = [{"name": "ada", "created_at": "2026-01-02T03:04:05Z"}]
    page.reload()
    expect(page.get_by_test_id("identity-choice")).to_be_visible()
    expect(page.get_by_test_id("mode-verify")).to_be_checked()


def test_what_was_chosen_is_not_changed_by_the_list(page: Page, fake: FakeServer) -> None:
    page.get_by_test_id("mode-enrol").check()
    page.get_by_test_id("mode-verify").check()
    expect(page.locator("#people-empty")).to_contain_text("Nobody yet")
    expect(page.get_by_test_id("mode-verify")).to_be_checked()


@pytest.mark.parametrize("choose", ["click", "focus"])
def test_what_stood_there_and_was_clicked_or_entered_is_a_choice(page: Page, choose: str) -> None:
    held: list[Route] = []
    page.route("**/api/v1/identities", lambda route: held.append(route))
    with page.expect_request("**/api/v1/identities"):
        page.reload()
    if choose == "click":
        page.get_by_test_id("mode-verify").click()
    else:
        page.get_by_test_id("identity-name").focus()
    (asking,) = held
    asking.continue_()
    expect(page.locator("#people-empty")).to_contain_text("Nobody yet")
    expect(page.get_by_test_id("mode-verify")).to_be_checked()


def test_who_is_enrolled_can_be_chosen(page: Page, fake: FakeServer) -> None:
    fake.identities = [
        {"name": name, "created_at": "2026-01-02T03:04:05Z"} for name in ("ada", "<b>eve</b>")
    ]
    page.reload()
    choice = page.get_by_test_id("identity-choice")
    expect(choice.locator("option")).to_have_text(
        ["Choose somebody enrolled …", "<b>eve</b>", "ada"]
    )
    choice.select_option("<b>eve</b>")
    expect(page.get_by_test_id("identity-name")).to_have_value("<b>eve</b>")
    page.get_by_test_id("identity-name").fill("nobody")
    expect(choice).to_have_value("")
    page.get_by_test_id("identity-name").fill("ada")
    expect(choice).to_have_value("ada")
    page.get_by_test_id("mode-enrol").check()
    expect(choice).to_be_hidden()
    page.get_by_test_id("mode-verify").check()
    page.get_by_test_id("start").click()
    assert fake.next_call().start["identity"] == "ada"
