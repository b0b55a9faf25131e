import assert from "node:assert/strict";
import { test } from "node:test";
import { CallRecord } from "../../web_client/js/call-record.js";
import { runs, stretches } from "../../web_client/js/timeline.js";

const STARTED = { type: "session_started", media_s: 0, identity: "ada", operating_point: { name: "balanced", accept: 3, reject: -2 } };
const changed = (atS, state) => ({ type: "state_changed", media_s: atS, state, reasons: [] });
const score = (atS) => ({
  type: "score", media_s: atS, start_s: atS - 3, scored: ["face", "voice"], evidence: { face: 1, voice: 2, both: 3 },
});

/** A score every half second, from the first to the last. */
function played(toS, most) {
  const record = new CallRecord(60, most);
  [STARTED, changed(4, "verified")].forEach((event) => record.take(event));
  for (let atS = 4; atS <= toS; atS += 0.5) record.take(score(atS));
  return record;
}

test("while a call runs its last seconds are drawn, with its thresholds and all its states", () => {
  const { points, spans, accept, endS } = played(1000).readRecent();
  assert.deepEqual([points[0].atS, points.at(-1).atS, points.length], [940, 1000, 121]);
  assert.deepEqual(spans.map(({ startS, endS: toS, state }) => [startS, toS, state]), [[0, 4, "waiting"], [4, 1000, "verified"]]);
  assert.deepEqual([accept, endS], [3, 1000]);
});

test("at its end all of it is drawn", () => {
  const { points, identity } = played(1000).readWhole();
  assert.deepEqual([points[0].atS, points.length, identity], [4, 1993, "ada"]);
});

test("a jump of the media leaves nothing old", () => {
  const record = played(10);
  record.take(score(500));
  assert.deepEqual(record.readRecent().points.map(({ atS }) => atS), [500]);
});

test("what has no media time is none of the last seconds, and part of the whole", () => {
  const record = played(10);
  record.take({ type: "error", message: "Full." });
  assert.equal(record.readRecent().points.length, 13);
  assert.deepEqual([record.readRecent().failure, record.readWhole().failure], [null, "Full."]);
});

test("however long it goes on it is bounded, and thinned without a hole", () => {
  const { points, spans, accept } = played(1000, 1000).readWhole();
  assert.ok(points.length <= 1000 && points.length > 400);
  assert.ok(points[0].atS < 10);
  assert.equal(runs(points, "both").length, 1);
  assert.deepEqual(stretches(points, "face"), [[points[0].startS, 1000]]);
  assert.deepEqual([spans.at(-1).state, accept], ["verified", 3]);
});

test("what is no score is bounded, too, and of changes the last ones hold", () => {
  const record = new CallRecord(60, 100);
  for (let atS = 1; atS <= 1000; atS += 1) record.take(changed(atS, atS % 2 ? "verified" : "uncertain"));
  assert.equal(record.readWhole().spans.length <= 101, true);
  assert.equal(record.readRecent().spans.length <= 201, true);
  assert.equal(record.state.state, "uncertain");
});

test("another call begins with nothing", () => {
  const record = played(10);
  record.clear();
  assert.deepEqual([record.readRecent(), record.readWhole(), record.state], [new CallRecord(60).readRecent(), new CallRecord(60).readWhole(), undefined]);
});
