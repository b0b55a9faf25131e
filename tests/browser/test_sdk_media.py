"""What the SDK takes of a host's media, and what it leaves alone."""

from __future__ import annotations

import pytest

from tests.support.page_fake import until
from tests.support.sdk_fake import SdkPage, SdkServer, connected

pytestmark = pytest.mark.browser

# The host's own call: two peer connections of one page, as any call page has one.
HOST_CALL = """async () => {
  const [here, there] = [new RTCPeerConnection(), new RTCPeerConnection()];
  here.onicecandidate = ({ candidate }) => there.addIceCandidate(candidate);
  there.onicecandidate = ({ candidate }) => here.addIceCandidate(candidate);
  media.getTracks().forEach(track => here.addTrack(track, media));
  await here.setLocalDescription();
  await there.setRemoteDescription(here.localDescription);
  await there.setLocalDescription();
  await here.setRemoteDescription(there.localDescription);
  Object.assign(window, { source: here, there, peers: [] });
}"""
SENT = "kind => peers[0].getSenders().find(s => s.track?.kind === kind)?.track.id ?? null"


def sent_track(sdk: SdkPage, kind: str) -> str | None:
    found: str | None = sdk.page.evaluate(SENT, kind)
    return found


def test_pictures_are_sent_small_and_seldom(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.open_media(video={"width": 1280, "height": 720, "frameRate": 30})
    sdk.start()
    connected(sdk, sdk_server)
    sdk.page.evaluate("""() => setInterval(async () => {
      const all = [...(await peers[0].getStats()).values()];
      window.sent = all.find(one => one.type === "outbound-rtp" && one.kind === "video");
    }, 200)""")
    until(sdk.page, "window.sent?.frameHeight === 360 && sent.framesPerSecond <= 16")
    assert sdk.page.evaluate("sent.frameWidth") == 640
    assert sdk.page.evaluate("media.getVideoTracks()[0].getSettings().width") == 1280
    limits = (
        "kind => peers[0].getSenders().find(s => s.track.kind === kind).getParameters().encodings"
    )
    (video,) = sdk.page.evaluate(limits, "video")
    assert (video["maxBitrate"], video["maxFramerate"]) == (1_000_000, 15)
    assert sdk.page.evaluate(limits, "audio")[0]["maxBitrate"] == 40_000


def test_a_square_picture_is_at_most_480_high(sdk: SdkPage) -> None:
    scales = sdk.page.evaluate(
        """async sizes => {
      const { LIMITS, scaleOf } = await import("./js/sdk/limits.js");
      const track = ([width, height]) => ({ getSettings: () => ({ width, height }) });
      return sizes.map((size) => scaleOf(track(size), LIMITS));
    }""",
        [[1080, 1080], [1080, 1920], [320, 240], [1600, 1200]],
    )
    assert scales == [2.25, 3, 1, 2.5]


def test_a_host_that_mutes_does_not_blind_the_verifier(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.page.evaluate("media.getTracks().forEach(track => { track.enabled = false; })")
    sdk.start()
    connected(sdk, sdk_server)
    assert sdk.page.evaluate("peers[0].getSenders().map(s => s.track.enabled)") == [True, True]
    assert sdk.page.evaluate("media.getTracks().map(t => t.enabled)") == [False, False]


def test_a_hosts_connection_is_copied_and_left_alone(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.page.evaluate(HOST_CALL)
    before = sdk.page.evaluate("source.localDescription.sdp")
    sdk.start()
    call = connected(sdk, sdk_server)
    assert sorted(call.tracks) == ["audio", "video"]
    own = sdk.page.evaluate("media.getTracks().map(track => track.id)")
    assert {sent_track(sdk, "audio"), sent_track(sdk, "video")}.isdisjoint(own)
    sdk.page.evaluate("void verifier.stop()")
    call.end("stopped")
    sdk.wait_for("closed")
    assert sdk.page.evaluate("source.localDescription.sdp") == before
    assert sdk.page.evaluate("source.getSenders().map(s => s.track.readyState)") == ["live", "live"]
    assert sdk.page.evaluate("[source.signalingState, there.signalingState]") == ["stable"] * 2


def test_another_camera_of_the_host_is_followed(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.page.evaluate(HOST_CALL)
    sdk.start()
    connected(sdk, sdk_server)
    before = sent_track(sdk, "video")
    sdk.page.evaluate("""async () => {
      window.other = await navigator.mediaDevices.getUserMedia({ video: { width: 320 } });
      const sender = source.getSenders().find(one => one.track.kind === "video");
      await sender.replaceTrack(other.getVideoTracks()[0]);
    }""")
    assert sdk.wait_for("track_replaced")["kind"] == "video"
    after = sent_track(sdk, "video")
    assert after not in (None, before)
    assert sdk.told("reconnecting", "error") == []


def test_a_track_that_the_host_adds_later_is_sent(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.page.evaluate("media.removeTrack(media.getVideoTracks()[0])")
    sdk.start()
    connected(sdk, sdk_server)
    assert sent_track(sdk, "video") is None
    sdk.page.evaluate("""async () => {
      const more = await navigator.mediaDevices.getUserMedia({ video: true });
      media.addTrack(more.getVideoTracks()[0]);
    }""")
    assert sdk.wait_for("track_replaced")["kind"] == "video"
    assert sent_track(sdk, "video") is not None


def test_a_camera_that_the_host_ends_is_let_go(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    connected(sdk, sdk_server)
    sdk.page.evaluate(
        "window.copy = peers[0].getSenders().find(s => s.track.kind === 'video').track"
    )
    sdk.page.evaluate("media.getVideoTracks()[0].stop()")
    assert sdk.wait_for("track_ended")["kind"] == "video"
    assert sdk.page.evaluate("copy.readyState") == "ended"
    assert sent_track(sdk, "audio") is not None
    assert sdk.told("closed") == []


def test_a_new_track_can_be_handed_in(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    connected(sdk, sdk_server)
    before = sent_track(sdk, "audio")
    sdk.page.evaluate("""async () => {
      const other = await navigator.mediaDevices.getUserMedia({ audio: true });
      verifier.replaceTrack(other.getAudioTracks()[0]);
    }""")
    assert sdk.wait_for("track_replaced")["kind"] == "audio"
    assert sent_track(sdk, "audio") not in (None, before)


def test_a_shared_screen_is_never_sent(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.page.evaluate("""() => {
      const [screen] = media.getVideoTracks();
      const settings = screen.getSettings();
      screen.getSettings = () => ({ ...settings, displaySurface: "monitor" });
    }""")
    sdk.start()
    connected(sdk, sdk_server)
    assert sent_track(sdk, "video") is None
    assert sent_track(sdk, "audio") is not None


def test_nothing_is_kept_open_after_the_call(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    call = connected(sdk, sdk_server)
    sdk.page.evaluate("window.copies = peers[0].getSenders().map(s => s.track)")
    sdk.page.evaluate("void verifier.stop()")
    until(sdk.page, "copies.every(track => track.readyState === 'ended')")
    call.end("stopped")
    sdk.wait_for("closed")
    assert call.said == [{"type": "stop"}]
    assert sdk.page.evaluate("media.getTracks().every(track => track.readyState === 'live')")


def test_tracks_outlive_a_lost_connection(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    connected(sdk, sdk_server).drop()
    again = sdk_server.take("resume")
    sdk.page.evaluate("media.getVideoTracks()[0].stop()")
    sdk.wait_for("track_ended")
    again.accept(after=1)
    sdk.wait_for("resumed")
    live = "peers[1].getSenders().flatMap(s => s.track ? [[s.track.kind, s.track.readyState]] : [])"
    assert sdk.page.evaluate(live) == [["audio", "live"]]
