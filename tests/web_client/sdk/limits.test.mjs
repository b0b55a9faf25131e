import assert from "node:assert/strict";
import { test } from "node:test";
import { encodingOf, fitPicture, LIMITS, scaleOf } from "../../../web_client/js/sdk/limits.js";

const picture = (width, height) => ({ getSettings: () => ({ width, height }) });

test("pictures are scaled down to both limits, lying or upright, and never up", () => {
  assert.equal(scaleOf(picture(1280, 720), LIMITS), 2);
  assert.equal(scaleOf(picture(720, 1280), LIMITS), 2);
  assert.equal(scaleOf(picture(960, 960), LIMITS), 2, "the short side counts");
  assert.equal(scaleOf(picture(320, 240), LIMITS), 1);
  assert.equal(scaleOf(null, LIMITS), 1);
  assert.equal(scaleOf({ getSettings: () => ({}) }, LIMITS), 1);
});

test("sound has a rate and no picture", () => {
  assert.deepEqual(encodingOf("audio", null, LIMITS), { maxBitrate: 40_000 });
  assert.deepEqual(encodingOf("video", picture(1280, 960), LIMITS), { maxBitrate: 1_000_000, maxFramerate: 15, scaleResolutionDownBy: 2 });
});

test("a sender is fitted to its picture, and prefers sharp to smooth", async () => {
  const parameters = { encodings: [{ scaleResolutionDownBy: 1 }] };
  let set;
  await fitPicture({ getParameters: () => parameters, setParameters: async (given) => { set = given; } }, picture(1280, 960), LIMITS);
  assert.deepEqual(set, { encodings: [{ scaleResolutionDownBy: 2 }], degradationPreference: "maintain-resolution" });
});

test("a sender that refuses decides for itself", async () => {
  await fitPicture({ getParameters: () => ({}), setParameters: async () => { throw new TypeError(); } }, null, LIMITS);
});
