import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, readTimeline, runs, stateName, stretches } from "../../web_client/js/timeline.js";
import { inWords, sayShortly } from "../../web_client/js/words.js";

const started = { type: "session_started", identity: "ada", operating_point: { name: "balanced", accept: 3, reject: -2 } };
const changed = (atS, state, reasons = []) => ({ type: "state_changed", media_s: atS, state, reasons });
const score = (atS, { evidence = { face: 1, voice: 2, both: 3 }, ...more } = {}) => ({
  type: "score", media_s: atS, start_s: atS - 2, scored: ["face", "voice"], evidence, ...more,
});

test("nothing is known of a call without events", () => {
  assert.deepEqual(readTimeline([]), {
    identity: "", operatingPoint: "", endS: 0, spans: [], points: [], holes: [], accept: null, reject: null, failure: null, challenges: [],
  });
});

test("states follow one another without holes, from the start to the latest event", () => {
  const { spans, endS } = readTimeline([started, changed(2, "verified"), changed(5, "rejected", ["voice_mismatch"]), score(8)]);
  assert.equal(endS, 8);
  assert.deepEqual(spans, [
    { startS: 0, endS: 2, state: "waiting", reasons: [] },
    { startS: 2, endS: 5, state: "verified", reasons: [] },
    { startS: 5, endS: 8, state: "rejected", reasons: ["voice_mismatch"] },
  ]);
});

test("of two changes at one moment the later one holds", () => {
  const { spans } = readTimeline([changed(3, "verified"), changed(3, "absent"), score(4)]);
  assert.deepEqual(spans.map(({ state, startS, endS }) => [state, startS, endS]), [["waiting", 0, 3], ["absent", 3, 4]]);
});

test("media time that runs backwards ends, and leaves no span that does", () => {
  const { spans } = readTimeline([changed(5, "verified"), changed(-1, "rejected"), score(6)]);
  for (const { startS, endS } of spans) assert.ok(endS > startS);
  assert.equal(spans.at(-1).state, "rejected");
});

test("thresholds, holes and what it broke off with are read", () => {
  const gap = { type: "gap", start_s: 1, end_s: 2, kind: "audio", media_s: 2 };
  const { accept, reject, operatingPoint, holes, failure } = readTimeline([started, gap, { type: "error", message: "Full." }]);
  assert.deepEqual({ accept, reject, operatingPoint, failure }, { accept: 3, reject: -2, operatingPoint: "balanced", failure: "Full." });
  assert.deepEqual(holes, [{ startS: 1, endS: 2, kind: "audio" }]);
});

test("a window begins where the one before it ended", () => {
  const { points } = readTimeline([score(2), score(3), score(9)]);
  assert.deepEqual(points.map(({ startS, atS }) => [startS, atS]), [[0, 2], [2, 3], [7, 9]]);
});

test("evidence that is missing counts as null", () => {
  const { points } = readTimeline([score(2, { evidence: null }), { type: "score", media_s: 3 }]);
  assert.deepEqual(points.map(({ face, voice, both }) => [face, voice, both]), [[null, null, null], [null, null, null]]);
});

test("a voice that was spared is as missing as the one before it", () => {
  const spared = { scored: ["face"], spared: true };
  const missing = (events) => readTimeline(events).points.map((point) => point.missing);
  assert.deepEqual(missing([score(1), score(2, spared)]), [[], []]);
  assert.deepEqual(missing([score(1, { scored: ["face"] }), score(2, spared)]), [["voice"], ["voice"]]);
  assert.deepEqual(missing([score(1, spared)]), [["voice"]]);
  assert.deepEqual(missing([score(1), score(2, { ...spared, scored: [] })]), [[], ["face"]]);
});

test("a line breaks where evidence is missing and where no window was scored", () => {
  const at = (atS, face) => ({ atS, face });
  assert.deepEqual(runs([at(1, 1), at(2, 2), at(3, null), at(4, 4), at(9, 5)], "face"), [
    [[1, 1], [2, 2]], [[4, 4]], [[9, 5]],
  ]);
  assert.deepEqual(runs([], "face"), []);
});

test("where only the direction is told, it is drawn in steps, and what was not told is taken as scored", () => {
  const bar = { face: 1, voice: 0, both: -1 };
  const { points } = readTimeline([score(2, { evidence: null, bar }), score(4, { evidence: null, bar: { ...bar, face: -1 } })]);
  assert.deepEqual(points.map(({ startS, atS, face, voice, both, coarse }) => [startS, atS, face, voice, both, coarse]), [
    [0, 2, 2, 0, -2, true], [2, 4, -2, 0, -2, true],
  ]);
  assert.deepEqual(runs(points, "face"), [[[2, 2], [4, 2], [4, -2]]]);
});

test("stretches join neighbours and leave out what was missing", () => {
  const at = (startS, atS, missing = []) => ({ startS, atS, missing });
  assert.deepEqual(stretches([at(0, 2), at(2, 4), at(4, 6, ["face"]), at(6, 8), at(9, 10)], "face"), [[0, 4], [6, 8], [9, 10]]);
});

test("spans are said in words, and a word not known yet as it is spelt", () => {
  const span = { startS: 4, endS: 61.9, state: "rejected", reasons: ["voice_mismatch", "new_reason"] };
  assert.deepEqual(inWords({ spans: [span] }), ["0:04 to 1:01 Rejected: wrong voice, new reason"]);
  assert.deepEqual(inWords({ spans: [{ ...span, state: "dazed", reasons: [] }] }), ["0:04 to 1:01 dazed"]);
  assert.equal(stateName("absent"), "Absent");
  assert.equal(sayShortly([]), "");
});

test("a clock shows whole seconds", () => {
  assert.deepEqual([0, 9.99, 60, 3599, 7200].map(clock), ["0:00", "0:09", "1:00", "59:59", "120:00"]);
});
