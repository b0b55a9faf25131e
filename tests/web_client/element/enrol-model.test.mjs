/** What the enrolment element knows after each event. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { asks, isOn, next, UNASKED } from "../../../web_client/js/element/enrol-model.js";

const after = (...events) => events.reduce((model, [type, detail = {}]) => next(model, type, detail), UNASKED);
const PROGRESS = { speech_s: 3, speech_needed_s: 12, faces: 2, faces_needed: 8, missing: ["keep_talking"], complete: false };

test("from the words to the end, and what is asked and sent meanwhile", () => {
  const events = [["asking"], ["connecting"], ["session_started"], ["enrolment_progress", PROGRESS], ["enrolled", { identity: "ada" }]];
  const models = events.map((_, i) => after(...events.slice(0, i + 1)));
  assert.deepEqual(models.map(({ status }) => status), ["asking", "connecting", "enrolling", "enrolling", "enrolled"]);
  assert.deepEqual(models.map(isOn), [false, true, true, true, false]);
  assert.ok(asks(UNASKED));
  assert.ok(!models.some(asks));
});

test("a call that ends before it is done leads back to the words", () => {
  assert.equal(after(["connecting"], ["enrolment_progress", PROGRESS], ["closed", { reason: "stopped" }]).status, "consent");
});

test("what was stored stays told, whatever comes of the connection afterwards", () => {
  const done = after(["enrolled", { identity: "ada" }], ["error", { code: "connection_lost", message: "Away." }], ["closed", {}]);
  assert.equal(done.status, "enrolled");
  assert.equal(done.problem, null);
});

test("an error is told, and that the name is taken is kept for the next try", () => {
  const failed = after(["connecting"], ["error", { code: "identity_exists", message: "Ada is enrolled." }], ["closed", {}]);
  assert.equal(failed.status, "failed");
  assert.equal(failed.problem.message, "Ada is enrolled.");
  assert.ok(asks(failed) && failed.known);
  assert.ok(next(failed, "asking", {}).known);
});

test("other words begin anew", () => {
  assert.deepEqual(after(["enrolled", { identity: "ada" }], ["worded"]), UNASKED);
});

test("a lost device is told until there is one again", () => {
  const lost = after(["session_started"], ["track_ended", { kind: "audio" }]);
  assert.equal(lost.problem.device, "audioEnded");
  assert.equal(next(lost, "enrolment_progress", { faces: 2 }).problem.device, "audioEnded");
  assert.equal(next(lost, "track_replaced", { kind: "audio" }).problem, null);
});

test("an event of a newer server changes nothing", () => {
  assert.equal(next(UNASKED, "of_a_newer_server", {}), UNASKED);
});
