from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.page_fake import FakeCall, FakeServer
from tests.support.sdk_fake import KEY

pytestmark = pytest.mark.browser

REFUSE_MEDIA = """name => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", name));
}"""


def start(page: Page) -> None:
    page.get_by_test_id("mode-verify").click()
    page.get_by_test_id("identity-name").fill("ada")
    page.get_by_test_id("start").click()


def start_call(page: Page, fake: FakeServer) -> FakeCall:
    start(page)
    call = fake.next_call()
    call.answer()
    call.state("verified")
    expect(page.get_by_test_id("state")).to_have_attribute("data-state", "verified")
    return call


def test_a_refused_camera_is_explained(page: Page) -> None:
    error = page.get_by_test_id("error")
    for name, code, advice in (
        ("NotAllowedError", "camera_denied", "allow both for this page"),
        ("NotReadableError", "camera_busy", "Close other video calls"),
        ("TypeError", "camera_failed", "Unplug and reconnect"),
    ):
        page.evaluate(REFUSE_MEDIA, name)
        start(page)
        expect(error).to_have_attribute("data-code", code)
        expect(error).to_contain_text(advice)
        expect(page.get_by_test_id("start")).to_be_enabled()
    expect(page.get_by_test_id("monitoring")).to_be_hidden()


def test_a_missing_device_is_named(page: Page) -> None:
    page.evaluate(REFUSE_MEDIA, "NotFoundError")
    error = page.get_by_test_id("error")
    for devices, code, message in (
        ([], "camera_missing", "No camera and no microphone was found."),
        (["audioinput"], "camera_missing", "No camera was found."),
        (["videoinput"], "microphone_missing", "No microphone was found."),
    ):
        page.evaluate(
            "kinds => { navigator.mediaDevices.enumerateDevices = "
            "async () => kinds.map(kind => ({ kind })); }",
            devices,
        )
        start(page)
        expect(error).to_have_attribute("data-code", code)
        expect(error).to_contain_text(message)


def test_a_page_without_media_devices_says_why(page: Page) -> None:
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    start(page)
    expect(page.get_by_test_id("error")).to_contain_text("https")


def test_a_name_is_needed(page: Page) -> None:
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("error")).to_contain_text("Name is missing")
    expect(page.get_by_test_id("identity-name")).to_be_focused()


def test_an_unknown_identity_leads_back_to_the_form(page: Page, fake: FakeServer) -> None:
    start(page)
    message = "No identity 'ada' is enrolled: enrol it first."
    fake.next_call().refuse("unknown_identity", message)
    expect(page.get_by_test_id("error")).to_have_attribute("data-code", "unknown_identity")
    expect(page.get_by_test_id("error")).to_contain_text(message)
    expect(page.get_by_test_id("start")).to_be_visible()
    expect(page.get_by_test_id("monitoring")).to_be_hidden()


def test_a_lost_connection_is_not_mistaken_for_a_verdict(page: Page, fake: FakeServer) -> None:
    call = start_call(page, fake)
    call.drop()
    expect(page.get_by_test_id("error")).to_have_attribute("data-code", "connection_lost")
    expect(page.get_by_test_id("monitoring")).to_be_hidden()
    expect(page.get_by_test_id("ended")).to_contain_text("The call ended early.")
    expect(page.get_by_test_id("state")).to_contain_text("Nothing is checked any more.")
    expect(page.get_by_test_id("state")).not_to_contain_text("This is ada.")


def test_a_verdict_of_before_a_loss_is_told_as_the_last_one_and_no_more_explained(
    page: Page, fake: FakeServer
) -> None:
    start(page)
    call = fake.next_call()
    call.more_in_answer = {"resume_key": KEY, "resume_within_s": 2.0}
    call.answer()
    call.score(3.0, 3.0)
    call.state("verified")
    state, reasons = page.get_by_test_id("state"), page.get_by_test_id("reasons")
    expect(reasons).to_contain_text("Face and voice match.")
    call.drop()
    expect(state).to_contain_text("Connection lost")
    expect(reasons).to_be_empty()
    expect(page.get_by_test_id("monitoring")).to_contain_text(
        "Monitoring paused: nothing is checked until the connection is back"
    )
    expect(state).to_contain_text("The last result was: Verified.")
    expect(reasons).to_be_empty()


def test_a_server_error_in_mid_call_is_shown_once(page: Page, fake: FakeServer) -> None:
    call = start_call(page, fake)
    call.push("error", code="internal_error", message="The worker failed. Start again.")
    call.end("error")
    expect(page.get_by_test_id("error")).to_contain_text("The worker failed. Start again.")
    expect(page.get_by_test_id("ended")).to_be_visible()
    types = page.evaluate("window.streamVerifierEvents.map(event => event.type)")
    assert types.count("error") == 1


@pytest.mark.parametrize("words", ["not json", "null"])
def test_nonsense_from_the_server_ends_the_call(page: Page, fake: FakeServer, words: str) -> None:
    call = start_call(page, fake)
    call.push_text(words)
    expect(page.get_by_test_id("error")).to_have_attribute("data-code", "bad_answer")
    assert call.left.wait(20)


def test_a_camera_muted_or_pulled_out_is_noticed(page: Page, fake: FakeServer) -> None:
    page.evaluate("""() => {
      window.clones = [];
      const clone = MediaStreamTrack.prototype.clone;
      MediaStreamTrack.prototype.clone = function () {
        window.clones.push(clone.call(this));
        return window.clones.at(-1);
      };
    }""")
    start_call(page, fake)
    error = page.get_by_test_id("error")
    script = "([k, type]) => clones.find(t => t.kind === k).dispatchEvent(new Event(type))"

    def happens(kind: str, event: str) -> None:
        page.evaluate(script, [kind, event])

    sign = page.get_by_test_id("monitoring")
    happens("video", "mute")
    expect(error).to_have_attribute("data-code", "track_muted")
    expect(sign).to_contain_text("Monitoring on: the microphone alone is being checked")
    happens("audio", "mute")
    expect(error).to_contain_text("The microphone and the camera send nothing")
    expect(sign).to_contain_text("Monitoring paused: camera and microphone send nothing")
    happens("audio", "unmute")
    expect(error).to_contain_text("The camera sends nothing")
    happens("video", "unmute")
    expect(error).to_be_empty()
    expect(sign).to_contain_text("Monitoring on: camera and microphone are being checked")
    happens("video", "ended")
    expect(error).to_have_attribute("data-code", "track_ended")
    expect(error).to_contain_text("The camera was")
    happens("audio", "ended")
    expect(error).to_contain_text("The microphone and the camera were")


def test_a_reload_leaves_the_call(page: Page, fake: FakeServer) -> None:
    call = start_call(page, fake)
    page.reload()
    assert call.left.wait(20)


def test_the_keyboard_alone_is_enough(page: Page, fake: FakeServer) -> None:
    expect(page.get_by_test_id("mode-enrol")).to_be_checked()  # Nobody is enrolled yet.
    page.get_by_test_id("mode-enrol").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("mode-verify")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("ada")
    page.keyboard.press("Enter")
    call = fake.next_call()
    call.answer()
    page.get_by_test_id("stop").focus()
    page.keyboard.press("Space")
    call.end("stopped")
    expect(page.get_by_test_id("again")).to_be_focused()
