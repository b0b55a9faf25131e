import assert from "node:assert/strict";
import { test } from "node:test";
import { trackOf } from "../../../web_client/js/sdk/sources.js";

const track = (kind, { readyState = "live", settings = {} } = {}) => ({ kind, readyState, getSettings: () => settings });
const streamOf = (...tracks) => ({ getTracks: () => tracks });
const peerOf = (...tracks) => ({ getSenders: () => tracks.map((one) => ({ track: one })) });

test("the first live track of a kind is the person's, of streams and of calls", () => {
  const [sound, picture, second] = [track("audio"), track("video"), track("video")];
  for (const source of [streamOf(sound, picture, second), peerOf(sound, null, picture, second)]) {
    assert.equal(trackOf(source, "video"), picture);
    assert.equal(trackOf(source, "audio"), sound);
  }
});

test("a shared screen is nobody's face", () => {
  const screen = track("video", { settings: { displaySurface: "window" } });
  const camera = track("video");
  assert.equal(trackOf(peerOf(screen), "video"), null);
  assert.equal(trackOf(peerOf(screen, camera), "video"), camera);
});

test("what has ended is not taken", () => {
  assert.equal(trackOf(streamOf(track("audio", { readyState: "ended" })), "audio"), null);
});
