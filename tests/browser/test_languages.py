"""The elements speak the language of the page around them, or the page's own words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from stream_verifier.errors import StreamVerifierError
from tests.support.element_fake import ElementPage

pytestmark = pytest.mark.browser

TURN = {
    "challenge": "c1", "kind": "turn_head", "by": "api", "turns": ["left", "right"],
    "digits": None, "within_s": 13, "number": 1, "most": 4, "others": ["say_digits"],
    "chance": 0.125,
}  # fmt: skip
ENROL = """async attributes => {
  const { StreamVerifierEnrolElement } = await import("./js/enrol-element.js");
  window.enrolment = new StreamVerifierEnrolElement();
  for (const [name, value] of Object.entries(attributes)) enrolment.setAttribute(name, value);
  document.body.append(enrolment);
}"""


def speak(page: Page, language: str) -> None:
    page.evaluate("language => { document.documentElement.lang = language; }", language)


def enrolment(page: Page, **attributes: str) -> Locator:
    page.evaluate(ENROL, {"identity": "ada"} | attributes)
    return page.locator("stream-verifier-enrol")


def test_a_call_is_told_in_the_language_of_the_page(element: ElementPage) -> None:
    speak(element.page, "de-AT")
    badge = element.make()
    expect(badge.locator("[part=state]")).to_have_text("Nicht begonnen")
    expect(badge.get_by_role("group", name="Prüfung der Person")).to_have_attribute("lang", "de")
    element.control("Starten").click()
    call = element.accept()
    call.push("media_started", kind="video", media_s=0.5)
    call.score(4.0, -5.0, media_s=2.0)
    call.state("rejected", "voice_mismatch", "multiple_faces", media_s=2.0)
    expect(badge.locator("[part=state]")).to_have_text("Abgelehnt")
    expect(badge.locator("[part=text]")).to_have_text("Das ist nicht ada.")
    expect(badge.locator("[part=reasons] li")).to_have_text(
        ["Das Gesicht passt, die Stimme nicht.", "Im Bild ist mehr als eine Person."]
    )
    expect(badge.get_by_role("status").last).to_contain_text("Abgelehnt")
    badge.locator("[part=badge]").click()
    expect(badge.locator("[part=history]")).to_contain_text(
        "Abgelehnt: falsche Stimme, mehrere Gesichter"
    )
    expect(badge.get_by_role("meter", name="Gesicht")).to_be_visible()
    call.push("challenge_asked", **TURN)
    dialog = badge.get_by_role("dialog", name="Bitte drehen Sie den Kopf")
    expect(dialog).to_contain_text("links, dann rechts")
    expect(dialog.get_by_role("button", name="Lieber Ziffern sagen")).to_be_visible()
    call.end("ended_by_admin")
    expect(badge.locator("[part=text]")).to_have_text(
        "Der Anruf wurde von der Aufsicht beendet. Das letzte Ergebnis war: Abgelehnt."
    )


def test_another_language_is_spoken_as_soon_as_the_page_has_it(element: ElementPage) -> None:
    badge = element.make()
    call = element.call()
    call.state("verified")
    expect(badge.locator("[part=text]")).to_have_text("This is ada.")
    speak(element.page, "fr")
    expect(badge.locator("[part=text]")).to_have_text("C’est bien ada.")
    expect(element.control("Arrêter")).to_be_visible()
    speak(element.page, "tlh")  # nobody speaks that here
    expect(badge.locator("[part=text]")).to_have_text("This is ada.")
    expect(badge.locator("[part=panel]")).to_have_attribute("lang", "en")


def test_an_element_may_speak_another_language_than_its_page(element: ElementPage) -> None:
    speak(element.page, "de")
    badge = element.make(lang="es")
    expect(badge.locator("[part=state]")).to_have_text("Sin empezar")
    element.page.evaluate("badge.lang = 'fr'")
    expect(badge.locator("[part=state]")).to_have_text("Pas commencé")
    element.page.evaluate("badge.removeAttribute('lang')")
    expect(badge.locator("[part=state]")).to_have_text("Nicht begonnen")


def test_the_language_around_a_shadow_tree_counts(element: ElementPage) -> None:
    badge = element.make()
    element.page.evaluate("""() => {
      const host = document.createElement("section");
      host.lang = "de";
      host.attachShadow({ mode: "open" }).append(badge);
      document.body.append(host);
    }""")
    expect(badge.locator("[part=state]")).to_have_text("Nicht begonnen")


def test_a_page_may_say_it_in_its_own_words(element: ElementPage) -> None:
    badge = element.make()
    element.page.evaluate("""() => {
      badge.texts = { states: { rejected: "Please call us" }, badge: { start: "Check me" } };
    }""")
    element.control("Check me").click()
    call = element.accept()
    call.state("rejected", "face_mismatch")
    expect(badge.locator("[part=state]")).to_have_text("Please call us")
    speak(element.page, "de")
    expect(badge.locator("[part=text]")).to_have_text("Das ist nicht ada.")
    expect(badge.locator("[part=state]")).to_have_text("Please call us")
    element.page.evaluate("badge.texts = null")
    expect(badge.locator("[part=state]")).to_have_text("Abgelehnt")


def test_a_language_of_the_page_may_go_from_right_to_left(element: ElementPage) -> None:
    badge = element.make()
    element.page.evaluate("badge.texts = { tag: 'ar', dir: 'rtl', badge: { idle: 'لم يبدأ' } }")
    expect(badge.locator("[part=state]")).to_have_text("لم يبدأ")
    expect(badge.locator("[part=panel]")).to_have_css("direction", "rtl")
    expect(badge.locator("[part=panel]")).to_have_attribute("lang", "ar")


def test_where_a_language_cannot_be_fetched_english_is_spoken(element: ElementPage) -> None:
    element.page.route("**/languages/de.js", lambda route: route.abort())
    speak(element.page, "de")
    badge = element.make()
    with element.page.expect_console_message(lambda told: "could not be fetched" in told.text):
        pass
    expect(badge.locator("[part=state]")).to_have_text("Not started")
    expect(badge.locator("[part=panel]")).to_have_attribute("lang", "en")


def test_what_is_agreed_to_is_recorded_in_the_words_that_were_read(element: ElementPage) -> None:
    page = element.page
    speak(page, "de")
    form = enrolment(page, until="2031-02-03")
    text = form.locator("[part=consent-text]")
    expect(text).to_contain_text("Ich bin ada.")
    expect(form).to_contain_text("3. Februar 2031")
    form.get_by_label("Ich habe das gelesen und bin einverstanden.").check()
    form.get_by_role("button", name="Registrieren", exact=True).click()
    call = element.server.take("start")
    assert call.start["consent"]["text"] == text.text_content()
    assert call.start["consent"]["purpose"].startswith("Um in Videoanrufen zu prüfen")
    call.accept()
    call.push("session_started", mode="enrol")
    expect(form).to_contain_text("Der Nordwind und die Sonne")
    call.push(
        "enrolment_progress", speech_s=3.5, speech_needed_s=9.0, faces=1, faces_needed=3,
        missing=["keep_talking", "come_closer"], boxes=[], complete=False,
    )  # fmt: skip
    expect(form.locator("[part=advice]")).to_have_text("Lesen Sie weiter laut vor.")
    expect(form).to_contain_text("3,5 von 9 s")
    expect(form.get_by_role("progressbar", name="Stimme")).to_be_visible()


def test_who_agreed_in_one_language_did_not_in_another(element: ElementPage) -> None:
    page = element.page
    form = enrolment(page)
    form.get_by_label("I have read this and I agree.").check()
    speak(page, "es")
    agreed = form.get_by_label("He leído esto y estoy de acuerdo.")
    expect(agreed).not_to_be_checked()
    agreed.check()
    form.get_by_role("button", name="Empezar el registro").click()
    assert "Soy ada." in element.server.take("start").start["consent"]["text"]


def test_who_agreed_to_the_pages_own_words_agreed_in_any_language(element: ElementPage) -> None:
    page = element.page
    form = enrolment(page, purpose="Exams")
    page.evaluate("enrolment.append('These very words.')")
    expect(form.locator("[part=consent-text]")).to_have_text("These very words.")
    form.get_by_label("I have read this and I agree.").check()
    speak(page, "fr")
    expect(form.get_by_label("J’ai lu ce texte et je l’accepte.")).to_be_checked()


def test_advice_is_for_errors_that_there_are(element: ElementPage) -> None:
    known = {one.code for one in _all_errors(StreamVerifierError)}
    told = element.page.evaluate("""async () => {
      const { fetchWords } = await import("./js/languages.js");
      const { CLIENT_ERRORS } = await import("./js/sdk/errors.js");
      const { advice } = (await fetchWords("de")).texts;
      return { advice: Object.keys(advice), client: Object.keys(CLIENT_ERRORS) };
    }""")
    camera = {
        "insecure_page", "camera_denied", "camera_missing", "microphone_missing", "camera_busy",
        "camera_failed",
    }  # fmt: skip
    assert set(told["advice"]) - camera - set(told["client"]) <= known


def _all_errors(base: type[StreamVerifierError]) -> Iterator[type[StreamVerifierError]]:
    yield base
    for one in base.__subclasses__():
        yield from _all_errors(one)
