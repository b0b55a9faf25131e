import assert from "node:assert/strict";
import { test } from "node:test";
import { firstMessage } from "../../../web_client/js/sdk/messages.js";

const verify = { mode: "verify", identity: "ada" };

test("a first connection starts a call", () => {
  assert.deepEqual(firstMessage(verify, "v=0", null, null, 0), { type: "start", mode: "verify", identity: "ada", sdp: "v=0" });
});

test("a token and an operating point go along where there are some", () => {
  const message = firstMessage({ ...verify, operatingPoint: "strict" }, "v=0", "secret", null, 0);
  assert.deepEqual(message, { type: "start", mode: "verify", identity: "ada", sdp: "v=0", operating_point: "strict", token: "secret" });
});

test("only an enrolment speaks of consent, and knows no operating point", () => {
  const consent = { subject: "ada", purpose: "p", text: "t" };
  const options = { mode: "enrol", identity: "ada", consent, operatingPoint: "strict" };
  assert.deepEqual(firstMessage(options, "v=0", null, null, 0), { type: "start", mode: "enrol", identity: "ada", sdp: "v=0", consent, replace: false });
  assert.ok(!("consent" in firstMessage({ ...verify, consent }, "v=0", null, null, 0)));
});

test("a later connection goes on behind the last event that came", () => {
  assert.deepEqual(firstMessage(verify, "v=0", "fresh", { id: "s1", resumeKey: "key" }, 17), {
    type: "resume", session: "s1", resume_key: "key", after: 17, sdp: "v=0", token: "fresh",
  });
});
