import assert from "node:assert/strict";
import { test } from "node:test";
import { firstMessage } from "../../../web_client/js/sdk/messages.js";

const none = { last: 0, untold: 0 };
const verify = { mode: "verify", identity: "ada" };

test("a camera's name is told only to verify, only where the page says so, and never a long one", () => {
  const told = { ...verify, tellCamera: true };
  assert.equal(firstMessage(told, "v=0", null, null, none, "OBS Virtual Camera").camera, "OBS Virtual Camera");
  assert.equal(firstMessage(told, "v=0", null, null, none, "x".repeat(500)).camera.length, 200);
  for (const [options, label] of [[verify, "OBS"], [told, ""], [{ ...told, mode: "enrol", consent: {} }, "OBS"]]) {
    assert.ok(!("camera" in firstMessage(options, "v=0", null, null, none, label)));
  }
});

test("a first connection starts a call", () => {
  assert.deepEqual(firstMessage(verify, "v=0", null, null, none), { type: "start", mode: "verify", identity: "ada", sdp: "v=0" });
});

test("a token and an operating point go along where there are some", () => {
  const message = firstMessage({ ...verify, operatingPoint: "strict" }, "v=0", "secret", null, none);
  assert.deepEqual(message, { type: "start", mode: "verify", identity: "ada", sdp: "v=0", operating_point: "strict", token: "secret" });
});

test("only an enrolment speaks of consent, and knows no operating point", () => {
  const consent = { subject: "ada", purpose: "p", text: "t" };
  const options = { mode: "enrol", identity: "ada", consent, operatingPoint: "strict" };
  assert.deepEqual(firstMessage(options, "v=0", null, null, none), { type: "start", mode: "enrol", identity: "ada", sdp: "v=0", consent, replace: false });
  assert.ok(!("consent" in firstMessage({ ...verify, consent }, "v=0", null, null, none)));
});

test("a later connection goes on behind the last event that came", () => {
  assert.deepEqual(firstMessage(verify, "v=0", "fresh", { id: "s1", resumeKey: "key" }, { last: 17, untold: 4 }), {
    type: "resume", session: "s1", resume_key: "key", after: 17, untold: 4, sdp: "v=0", token: "fresh",
  });
});
