import assert from "node:assert/strict";
import { test } from "node:test";
import { AT_REST, isOn, next } from "../../../web_client/js/element/model.js";

/** The model after events of [type, detail]. */
const after = (...events) => events.reduce((model, [type, detail = {}]) => next(model, type, detail), AT_REST);
const CALL = [["asking"], ["connecting"], ["session_started"]];
const VERIFIED = [...CALL, ["state_changed", { state: "verified", reasons: [] }]];
const EVIDENCE = { face: 1, voice: 2, both: 3 };

test("a call goes from rest over the camera to a verdict", () => {
  const statuses = VERIFIED.map((_, i) => after(...VERIFIED.slice(0, i + 1)).status);
  assert.deepEqual([AT_REST.status, ...statuses], ["idle", "asking", "connecting", "waiting", "verified"]);
});

test("while the connection is away no verdict holds, and back again it does", () => {
  const away = after(...VERIFIED, ["reconnecting"]);
  assert.deepEqual([away.status, away.verdict], ["reconnecting", "verified"]);
  assert.equal(next(away, "state_changed", { state: "rejected" }).status, "reconnecting", "that is old news");
  assert.equal(next(away, "resumed", {}).status, "verified");
});

test("another session knows nothing of the one before", () => {
  const model = after(...VERIFIED, ["score", { evidence: EVIDENCE }], ["reconnecting"], ["restarted"], ["resumed"]);
  assert.equal(model.status, "waiting");
  assert.equal(model.verdict, null);
  assert.equal(model.evidence.both, null);
});

test("evidence is what the last score says, and none where it says none", () => {
  assert.deepEqual(after(...CALL, ["score", { evidence: EVIDENCE }]).evidence, { ...EVIDENCE, coarse: false, believed: null });
  assert.deepEqual(after(...CALL, ["score", { evidence: EVIDENCE, posterior: EVIDENCE }]).evidence.believed, EVIDENCE);
  const bar = { face: 1, voice: 0, both: -1 };
  assert.deepEqual(after(...CALL, ["score", { evidence: null, bar }]).evidence, { ...bar, coarse: true, believed: null });
  assert.equal(after(...CALL, ["score", { evidence: EVIDENCE }], ["score", { evidence: null }]).evidence.face, null);
});

test("a problem of a device stands until that device is back, and hides no verdict", () => {
  const muted = after(...VERIFIED, ["track_muted", { kind: "audio" }]);
  assert.equal(muted.status, "verified");
  assert.equal(muted.problem.device, "audioMuted");
  assert.equal(next(muted, "track_replaced", { kind: "video" }).problem.code, "track_muted");
  assert.equal(next(muted, "track_unmuted", { kind: "audio" }).problem, null);
  const ended = after(...VERIFIED, ["track_ended", { kind: "video" }]);
  assert.equal(ended.problem.device, "videoEnded");
  assert.equal(next(ended, "track_replaced", { kind: "video" }).problem, null);
});

test("two devices that go together are each told until they are back", () => {
  const both = after(...VERIFIED, ["track_ended", { kind: "video" }], ["track_ended", { kind: "audio" }]);
  assert.equal(both.problem.device, "audioEnded");
  const one = next(both, "track_replaced", { kind: "audio" });
  assert.equal(one.problem.device, "videoEnded");
  assert.equal(next(one, "track_replaced", { kind: "video" }).problem, null);
  const muted = after(...VERIFIED, ["track_muted", { kind: "audio" }]);
  assert.equal(next(muted, "track_unmuted", { kind: "video" }).problem.device, "audioMuted");
  assert.equal(next(muted, "track_replaced", { kind: "audio" }).problem, null);
});

test("a failure outlives the end that follows it, and another call forgets it", () => {
  const failed = after(...VERIFIED, ["error", { code: "server_full", message: "Later." }], ["closed", { reason: "error" }]);
  assert.deepEqual([failed.status, failed.problem.code, failed.ending], ["failed", "server_full", "error"]);
  assert.deepEqual(next(failed, "connecting", {}), { ...AT_REST, status: "connecting" });
});

test("the first reason of an end stays, and no verdict comes after it", () => {
  const over = after(...VERIFIED, ["ending", { reason: "stopped" }], ["closed", { reason: "client_gone" }]);
  assert.deepEqual([over.status, over.ending, over.verdict], ["ended", "stopped", "verified"]);
  assert.equal(next(over, "state_changed", { state: "rejected" }).status, "ended");
});

test("an event that is not known changes nothing", () => {
  const model = after(...VERIFIED);
  for (const type of ["of_a_newer_server", "network", "toString", "constructor", "__proto__"]) assert.equal(next(model, type, {}), model, type);
});

test("models cannot be changed from outside", () => {
  for (const model of [AT_REST, after(...VERIFIED)]) assert.ok(Object.isFrozen(model));
});

test("media may be on its way from connecting to the end", () => {
  const on = ["idle", "asking", "connecting", "waiting", "rejected", "reconnecting", "ended", "failed"].filter((status) => isOn({ status }));
  assert.deepEqual(on, ["connecting", "waiting", "rejected", "reconnecting"]);
});
