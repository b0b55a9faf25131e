"""The element's life in a page: media, attributes, events, coming and going."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.support.element_fake import ElementPage
from tests.support.page_fake import until
from tests.support.sdk_fake import SPY, SdkServer, open_bare

pytestmark = pytest.mark.browser
OPEN = """async () => {
  window.media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
}"""


@pytest.fixture
def element(context: BrowserContext, sdk_server: SdkServer) -> ElementPage:
    page = context.new_page()
    page.add_init_script(SPY)
    open_bare(page, sdk_server)
    return ElementPage(page, sdk_server)


def test_the_camera_is_asked_for_on_start_only(element: ElementPage) -> None:
    element.make()
    assert element.page.evaluate("asked") == 0
    call = element.call()
    assert element.page.evaluate("asked") == 1
    assert sorted(call.tracks) == ["audio", "video"]
    element.page.evaluate("window.kept = badge.stream.getTracks()")
    element.control("Stop").click()
    until(element.page, "kept.every(track => track.readyState === 'ended')")
    assert element.page.evaluate("badge.stream") is None


def test_it_starts_by_itself_when_told_to(element: ElementPage) -> None:
    badge = element.make(autostart="")
    element.accept()
    expect(badge).to_have_attribute("state", "waiting")


def test_a_refused_camera_is_explained(element: ElementPage) -> None:
    badge = element.make()
    element.page.evaluate("""void (navigator.mediaDevices.getUserMedia = async () => {
      throw new DOMException("no", "NotAllowedError");
    })""")
    element.control("Start").click()
    expect(badge).to_have_attribute("state", "failed")
    expect(badge.locator("[part=state]")).to_have_text("Camera and microphone are blocked")
    expect(badge.locator("[part=problem]")).to_contain_text("allow both for this page")
    assert element.server.nobody_calls()


def test_stop_while_the_browser_asks_keeps_the_camera_off(element: ElementPage) -> None:
    badge = element.make()
    element.page.evaluate("""() => {
      const open = navigator.mediaDevices.getUserMedia;
      navigator.mediaDevices.getUserMedia = async (wanted) => {
        await new Promise((resolve) => { window.allow = resolve; });
        return (window.late = await open(wanted));
      };
    }""")
    element.control("Start").click()
    expect(badge).to_have_attribute("state", "asking")
    element.control("Cancel").press("Enter")
    expect(badge).to_have_attribute("state", "ended")
    element.page.evaluate("allow()")
    until(element.page, "window.late?.getTracks().every(track => track.readyState === 'ended')")
    assert element.server.nobody_calls()


def test_a_stream_of_the_page_is_used_and_left_open(element: ElementPage) -> None:
    element.make()
    element.page.evaluate(OPEN)
    element.page.evaluate("asked = 0; badge.stream = media")
    call = element.call()
    assert element.page.evaluate("asked") == 0
    element.control("Stop").click()
    call.end("stopped")
    until(element.page, "told.some(e => e.event === 'closed')")
    assert element.page.evaluate("media.getTracks().every(track => track.readyState === 'live')")
    assert element.page.evaluate("badge.stream === media")


def test_a_call_of_the_page_is_used(element: ElementPage) -> None:
    element.make()
    element.page.evaluate(OPEN)
    element.page.evaluate("""() => {
      const host = new RTCPeerConnection();
      media.getTracks().forEach((track) => host.addTrack(track, media));
      badge.peerConnection = host;
      window.asked = 0;
    }""")
    call = element.call()
    assert sorted(call.tracks) == ["audio", "video"]
    assert element.page.evaluate("[asked, badge.stream, badge.peerConnection !== null]") == [
        0,
        None,
        True,
    ]


def test_media_that_comes_during_the_call_takes_over(element: ElementPage) -> None:
    element.make()
    element.call()
    element.page.evaluate("window.own = badge.stream.getTracks()")
    element.page.evaluate(OPEN)
    before = element.page.evaluate("peers.at(-1).getSenders().map(s => s.track.id)")
    element.page.evaluate("badge.stream = media")
    until(element.page, "own.every(track => track.readyState === 'ended')")
    after = "peers.at(-1).getSenders().map(s => s.track?.id)"
    assert not set(before) & set(element.page.evaluate(after))


def test_an_unplugged_camera_is_replaced_by_the_next(element: ElementPage) -> None:
    badge = element.make()
    element.call()
    element.page.evaluate("""() => {
      window.open = navigator.mediaDevices.getUserMedia;
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("none", "NotFoundError");
      };
      badge.stream.getVideoTracks()[0].stop();
    }""")
    expect(badge.locator("[part=problem]")).to_contain_text("The camera was switched off")
    element.page.evaluate("""() => {
      navigator.mediaDevices.getUserMedia = window.open;
      navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    }""")
    expect(badge.locator("[part=problem]")).to_be_hidden()
    assert element.page.evaluate("peers.at(-1).getSenders().map(s => s.track.readyState)") == [
        "live",
        "live",
    ]


def test_events_bubble_out_of_the_page_but_errors_do_not(element: ElementPage) -> None:
    element.make()
    element.page.evaluate("""() => {
      window.failures = [];
      badge.addEventListener("error", ({ detail }) => failures.push(detail.code));
    }""")
    call = element.call()
    call.state("verified")
    call.push("of_a_newer_server")
    until(element.page, "told.some(e => e.event === 'state_changed')")
    (change,) = element.told("state_changed")
    assert (change["tag"], change["state"], change["seq"]) == ("stream-verifier", "verified", 2)
    call.refuse("internal_error", "The worker failed.")
    until(element.page, "failures.length > 0")
    assert element.page.evaluate("failures") == ["internal_error"]
    assert element.told("error") == []


def test_the_token_is_read_anew_for_each_connection(element: ElementPage) -> None:
    element.make(token="first")
    call = element.call()
    assert call.start["token"] == "first"
    element.page.evaluate("badge.token = async () => 'second'")
    call.drop()
    assert element.server.take("resume").start["token"] == "second"


def test_another_identity_is_another_call(element: ElementPage) -> None:
    badge = element.make()
    call = element.call()
    element.page.evaluate(
        "badge.identity = 'bob'; badge.setAttribute('operating-point', 'alarm_2h')"
    )
    until(element.page, "told.some(e => e.event === 'ending')")
    call.end("stopped")
    start = element.accept(session="s2").start
    assert (start["identity"], start["operating_point"]) == ("bob", "alarm_2h")
    expect(badge).to_have_attribute("state", "waiting")


def test_taken_out_of_the_page_it_ends_its_call(element: ElementPage) -> None:
    element.make()
    call = element.call()
    element.page.evaluate("badge.remove()")
    until(element.page, "badge.verifier.active === false || badge.state === 'ended'")
    call.end("stopped")
    assert call.left.wait(20)
    assert call.said == [{"type": "stop"}]


def test_moved_within_the_page_it_goes_on(element: ElementPage) -> None:
    element.make()
    call = element.call()
    element.page.evaluate("""() => {
      const box = document.createElement("div");
      document.body.append(box);
      box.append(badge);
    }""")
    call.state("verified")
    expect(element.page.locator("div stream-verifier")).to_have_attribute("state", "verified")
    assert call.said == []


def test_put_back_while_its_call_ends_it_begins_another(element: ElementPage) -> None:
    element.make(autostart="")
    first = element.accept()
    element.page.evaluate("badge.remove()")
    until(element.page, "badge.state === 'ended'")
    assert element.page.evaluate("badge.verifier.active")
    element.page.evaluate("document.body.append(badge)")
    first.end("stopped")
    element.accept(session="s2").state("verified")
    expect(element.page.locator("stream-verifier")).to_have_attribute("state", "verified")


def test_stopped_again_before_that_it_begins_none(element: ElementPage) -> None:
    element.make()
    first = element.call()
    element.page.evaluate("() => { badge.stop(); window.again = badge.start(); badge.stop(); }")
    first.end("stopped")
    element.page.evaluate("again")
    assert element.page.evaluate("asked") == 1
    assert not element.page.evaluate("badge.verifier.active")


def test_a_page_whose_arrays_say_otherwise_in_json_calls_as_others_do(element: ElementPage) -> None:
    element.page.evaluate("() => { Array.prototype.toJSON = () => 'an array'; }")
    element.make(autostart="")
    assert "turn_head" in element.server.take("start").start["challenges"]


def test_what_was_set_before_the_module_came_counts(element: ElementPage) -> None:
    element.page.evaluate("""async () => {
      document.body.innerHTML = "<stream-verifier></stream-verifier>";
      window.badge = document.querySelector("stream-verifier");
      badge.identity = "ada";
      badge.token = () => "early";
      await import("./js/element.js");
      badge.start();
    }""")
    start = element.server.take("start").start
    assert (start["identity"], start["token"]) == ("ada", "early")
