from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.page_fake import CLIENT, FakeCall, FakeServer, until

pytestmark = pytest.mark.browser


@pytest.fixture
def call(page: Page, fake: FakeServer) -> FakeCall:
    """A verification of ada that has just begun."""
    page.get_by_test_id("mode-verify").click()
    page.get_by_test_id("identity-name").fill("ada")
    page.get_by_test_id("start").click()
    call = fake.next_call()
    call.answer()
    expect(page.get_by_test_id("events")).to_contain_text("session_started", use_inner_text=False)
    return call


def test_the_start_message_keeps_the_contract(call: FakeCall) -> None:
    assert {key: call.start[key] for key in ("type", "mode", "identity")} == {
        "type": "start",
        "mode": "verify",
        "identity": "ada",
    }
    assert not {"consent", "operating_point"} & set(call.start)
    assert call.start["sdp"].count("m=") == 2
    assert call.start["sdp"].count("a=sendonly") == 2
    assert sorted(call.tracks) == ["audio", "video"]


def test_media_flows_limited_and_milestones_are_marked(page: Page, call: FakeCall) -> None:
    until(page, "window.streamVerifierMarks.connectedAt > 0")
    marks = page.evaluate("window.streamVerifierMarks")
    order = ["clickedAt", "mediaAt", "startedAt", "offerAt", "sentAt", "answerAt", "connectedAt"]
    assert sorted(order, key=lambda name: marks[name]) == order
    frame = page.locator("video").evaluate("v => [v.videoWidth, v.videoHeight]")
    assert max(frame) <= 640


def test_every_video_codec_of_an_answer_gets_a_start_bitrate(page: Page) -> None:
    answer = (
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98\r\na=rtpmap:96 VP8/90000\r\n"
        "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
        "a=rtpmap:98 H264/90000\r\na=fmtp:98 packetization-mode=1\r\n"
    )
    munged = page.evaluate(
        "async sdp => (await import('./js/stream-verifier.js')).withStartBitrate(sdp, 800000)",
        answer,
    )
    assert munged.splitlines() == [
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98",
        "a=rtpmap:96 VP8/90000",
        "a=fmtp:96 x-google-start-bitrate=800",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=rtpmap:98 H264/90000",
        "a=fmtp:98 x-google-start-bitrate=800;packetization-mode=1",
    ]


def test_it_is_plain_that_monitoring_is_on(page: Page, call: FakeCall) -> None:
    expect(page.get_by_test_id("monitoring")).to_contain_text(
        "Monitoring on: camera and microphone are being checked"
    )
    expect(page.get_by_test_id("stop")).to_be_visible()


def test_scores_move_meters_boxes_and_the_record(page: Page, call: FakeCall) -> None:
    call.score(3.26, -1.5, faces=[[0.1, 0.2, 0.3, 0.4], [0.6, 0.2, 0.2, 0.3]])
    expect(page.get_by_test_id("llr-face")).to_have_text("+3.3")
    expect(page.get_by_test_id("llr-voice")).to_have_text("-1.5")
    expect(page.get_by_test_id("llr-both")).to_have_text("-1.5")
    expect(page.get_by_test_id("face-box")).to_have_count(2)
    expect(page.get_by_test_id("age")).to_contain_text("s ago")
    last = page.evaluate("window.streamVerifierEvents.at(-1)")
    assert last["type"] == "score"
    assert last["receivedAt"] > page.evaluate("window.streamVerifierMarks.clickedAt")


def test_whether_somebody_is_there_is_said_where_it_is_asked(page: Page, call: FakeCall) -> None:
    line = page.get_by_test_id("presence")
    call.score(3.0, 2.0)
    expect(page.get_by_test_id("llr-face")).to_have_text("+3.0")
    expect(line).to_be_hidden()
    for presence, words in ((0, "Not known yet"), (1, "moves with the speech"), (-1, "In doubt")):
        call.score(3.0, 2.0, presence=presence)
        expect(line).to_contain_text(words)
        expect(line).to_have_attribute("data-presence", str(presence))
    call.state("uncertain", "presentation_suspected", "lips_do_not_match")
    expect(page.get_by_test_id("reasons")).to_have_text(
        "The picture looks like a screen or paper.The lips say something else than what is heard."
    )


def test_doubts_that_are_observed_only_stand_beside_the_verdict(page: Page, call: FakeCall) -> None:
    call.score(3.0, 2.0, presence=-1)
    call.state("verified", "presentation_suspected", "multiple_faces")
    expect(page.get_by_test_id("reasons")).to_have_text(
        "Face and voice match.More than one person is in the picture."
    )
    expect(page.get_by_test_id("presence")).to_contain_text(
        "In doubt. The picture looks like a screen or paper."
    )
    call.state("uncertain", "presentation_suspected")
    expect(page.get_by_test_id("presence-why")).to_be_empty()


def test_a_mismatch_told_before_its_score_is_said_whole_with_it(page: Page, call: FakeCall) -> None:
    call.state("rejected", "voice_mismatch")
    expect(page.get_by_test_id("reasons")).to_have_text("The voice does not match.")
    call.score(0.0, -5.0)
    expect(page.get_by_test_id("reasons")).to_have_text(
        "The voice does not match; nothing speaks against the face."
    )


def test_a_box_lies_over_the_mirrored_face(page: Page, call: FakeCall) -> None:
    until(page, "document.querySelector('video').videoWidth > 0")
    call.score(1, 1, faces=[[0.1, 0.2, 0.3, 0.4]])
    box = page.get_by_test_id("face-box").bounding_box()
    video = page.locator("video").bounding_box()
    assert box is not None
    assert video is not None
    assert (box["x"] - video["x"]) / video["width"] == pytest.approx(1 - 0.1 - 0.3, abs=0.01)
    assert (box["y"] - video["y"]) / video["height"] == pytest.approx(0.2, abs=0.01)
    assert box["width"] / video["width"] == pytest.approx(0.3, abs=0.01)
    assert box["height"] / video["height"] == pytest.approx(0.4, abs=0.01)


def test_without_evidence_there_are_dashes(page: Page, call: FakeCall) -> None:
    call.score(3.0, 2.0)
    call.score(0, 0, evidence=None, bar=None, faces=[], notes=["no_face"])
    for name in ("face", "voice", "both"):
        expect(page.get_by_test_id(f"llr-{name}")).to_have_text("–")
    expect(page.get_by_test_id("face-box")).to_have_count(0)
    expect(page.get_by_test_id("notes")).to_have_text("No face is seen.")


def test_each_state_has_its_word_and_icon(page: Page, call: FakeCall) -> None:
    badge = page.get_by_test_id("state")
    drawn = (CLIENT / "icons.svg").read_text(encoding="utf-8")
    for state in ("verified", "uncertain", "rejected", "absent", "waiting"):
        call.state(state, "multiple_faces")
        expect(badge).to_have_attribute("data-state", state)
        expect(badge).to_contain_text(state.capitalize())
        icon = badge.locator("use").get_attribute("href")
        assert icon == f"icons.svg#{state}"
        assert f'id="{state}"' in drawn
    expect(page.get_by_test_id("reasons")).to_have_text("More than one person is in the picture.")


def test_mismatches_are_said_plainly(page: Page, call: FakeCall) -> None:
    shown = page.get_by_test_id("reasons")
    for face, voice, reasons, sentence in (
        (4.0, -5.0, ["voice_mismatch"], "The face matches, the voice does not."),
        (-4.0, 5.0, ["face_mismatch"], "The voice matches, the face does not."),
        (
            0.0,
            -5.0,
            ["voice_mismatch"],
            "The voice does not match; nothing speaks against the face.",
        ),
        (-4.0, -5.0, ["face_mismatch", "voice_mismatch"], "Neither the face nor the voice"),
    ):
        call.score(face, voice)
        call.state("rejected", *reasons)
        expect(shown).to_contain_text(sentence)
        expect(shown).to_have_attribute("data-reasons", ",".join(reasons))


def test_the_chart_draws_and_describes_itself(page: Page, call: FakeCall) -> None:
    call.state("verified")
    call.score(3.0, 2.0)
    chart = page.get_by_test_id("chart")
    told = (
        r"Evidence: face \+3\.0, voice \+2\.0, together \+2\.0\. "
        r"Verified from \+2\.0 up, rejected from -3\.0 down\. .*Verified"
    )
    expect(chart).to_have_attribute("aria-label", re.compile(told))
    colours = chart.evaluate(
        """c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
                  return new Set(new Uint32Array(d.buffer)).size; }"""
    )
    assert colours > 5


def test_thresholds_are_marked_below_the_meter_they_belong_to(page: Page, call: FakeCall) -> None:
    track = page.locator('.meter[data-series="both"] .track').bounding_box()
    accept = page.locator("#bound-accept").bounding_box()
    reject = page.locator("#bound-reject").bounding_box()
    assert track is not None
    assert accept is not None
    assert reject is not None
    assert (accept["x"] - track["x"]) / track["width"] == pytest.approx(0.6, abs=0.01)
    end = reject["x"] + reject["width"]
    assert (end - track["x"]) / track["width"] == pytest.approx(0.35, abs=0.01)


def test_after_the_call_the_whole_of_it_is_shown(page: Page, call: FakeCall) -> None:
    expect(page.locator("#chart-title")).to_have_text("Last 60 seconds")
    call.state("verified", media_s=2.0)
    call.score(3.0, 2.0, media_s=200.0)
    call.end("stopped", media_s=200.0)
    expect(page.locator("#chart-title")).to_have_text("The whole call")
    told = re.compile("0:00 to 0:02 Waiting; 0:02 to 3:20 Verified$")
    expect(page.get_by_test_id("chart")).to_have_attribute("aria-label", told)


def test_a_point_of_operation_can_be_asked_for(page: Page, fake: FakeServer) -> None:
    page.evaluate(
        """async () => {
          const { StreamVerifier } = await import("./js/stream-verifier.js");
          new StreamVerifier({ identity: "ada", operatingPoint: "alarm_2h" }).start();
        }"""
    )
    assert fake.next_call().start["operating_point"] == "alarm_2h"


def test_the_log_is_bounded_and_newest_first(page: Page, call: FakeCall) -> None:
    for count in range(210):
        call.push("gap", kind="audio", start_s=count, end_s=count + 0.5, reason="network")
    page.get_by_test_id("events").locator("summary").click()
    lines = page.get_by_test_id("events").locator("li")
    expect(lines.first).to_contain_text("start_s 209 ")
    expect(lines).to_have_count(200)


def test_stop_ends_call_camera_and_sign(page: Page, call: FakeCall) -> None:
    call.state("verified")
    page.evaluate("window.kept = document.querySelector('video').srcObject.getTracks()")
    page.get_by_test_id("stop").click()
    until(page, "window.kept.every(track => track.readyState === 'ended')")
    call.end("stopped")
    expect(page.get_by_test_id("monitoring")).to_be_hidden()
    expect(page.get_by_test_id("ended")).to_contain_text("The call was stopped.")
    assert call.said == [{"type": "stop"}]
    assert call.left.wait(20)
    page.get_by_test_id("again").click()
    expect(page.get_by_test_id("identity-name")).to_have_value("ada")


def test_a_second_call_starts_clean(page: Page, fake: FakeServer, call: FakeCall) -> None:
    call.score(-3.0, -3.0)
    call.state("rejected", "face_mismatch")
    call.end("stopped")
    page.get_by_test_id("again").click()
    page.get_by_test_id("start").click()
    fake.next_call().answer()
    expect(page.get_by_test_id("state")).to_have_attribute("data-state", "waiting")
    expect(page.get_by_test_id("llr-both")).to_have_text("–")
    expect(page.get_by_test_id("reasons")).to_have_attribute("data-reasons", "")
