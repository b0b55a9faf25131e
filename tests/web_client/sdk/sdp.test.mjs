import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { gathered, withStartBitrate } from "../../../web_client/js/sdk/sdp.js";

const sdp = (...lines) => ["v=0", "m=video 9 UDP/TLS/RTP/SAVPF 96 97", ...lines, ""].join("\r\n");

test("a codec with parameters gets one more, in front", () => {
  const text = withStartBitrate(sdp("a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1"), 800_000);
  assert.equal(text, sdp("a=rtpmap:96 H264/90000", "a=fmtp:96 x-google-start-bitrate=800;packetization-mode=1"));
});

test("a codec without parameters gets a line of its own", () => {
  const text = withStartBitrate(sdp("a=rtpmap:96 VP8/90000"), 800_000);
  assert.equal(text, sdp("a=rtpmap:96 VP8/90000", "a=fmtp:96 x-google-start-bitrate=800"));
});

test("audio and retransmission are left as they are", () => {
  const text = sdp("a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10");
  assert.equal(withStartBitrate(text, 800_000), text);
});

test("a number that begins like another is not taken for it", () => {
  const text = withStartBitrate(sdp("a=rtpmap:9 VP8/90000", "a=rtpmap:96 rtx/90000", "a=fmtp:96 apt=9"), 500_000);
  assert.equal(text, sdp("a=rtpmap:9 VP8/90000", "a=fmtp:9 x-google-start-bitrate=500", "a=rtpmap:96 rtx/90000", "a=fmtp:96 apt=9"));
});

test("gathering is waited for, and not beyond a cap", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const peer = Object.assign(new EventTarget(), { iceGatheringState: "complete" });
  await gathered(peer);

  peer.iceGatheringState = "gathering";
  let done = false;
  const waiting = gathered(peer).then(() => { done = true; });
  peer.dispatchEvent(new Event("icegatheringstatechange"));
  await Promise.resolve();
  assert.equal(done, false);
  peer.iceGatheringState = "complete";
  peer.dispatchEvent(new Event("icegatheringstatechange"));
  await waiting;

  peer.iceGatheringState = "gathering";
  const capped = gathered(peer);
  mock.timers.tick(1500);
  await capped;
  mock.timers.reset();
});
