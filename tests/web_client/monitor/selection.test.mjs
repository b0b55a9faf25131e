import assert from "node:assert/strict";
import { test } from "node:test";
import { countTones, passing, wordsOf } from "../../../web_client/js/monitor/selection.js";

const CALLS = [
  { session: "a1", identity: "Ada Lovelace", tone: "verified" },
  { session: "b2", identity: "Bob", tone: "rejected" },
  { session: "c3", identity: null, tone: "verified" },
];
const named = (typed, ...tones) => passing(CALLS, { words: wordsOf(typed), tones: new Set(tones) }).map(({ session }) => session);

test("without a filter all pass, in their order", () => {
  assert.deepEqual(named(""), ["a1", "b2", "c3"]);
  assert.deepEqual(wordsOf("  \t "), []);
});

test("all words must be there, in any order and case, in name or session", () => {
  assert.deepEqual(named("love ADA"), ["a1"]);
  assert.deepEqual(named("bob ada"), []);
  assert.deepEqual(named("C3"), ["c3"]);
});

test("any of the tones will do, and words on top of them", () => {
  assert.deepEqual(named("", "verified"), ["a1", "c3"]);
  assert.deepEqual(named("", "verified", "rejected"), ["a1", "b2", "c3"]);
  assert.deepEqual(named("ada", "rejected"), []);
});

test("what is typed is text and no pattern", () => {
  assert.deepEqual(named(".*"), []);
});

test("tones are counted, those of none with 0", () => {
  assert.deepEqual(countTones(CALLS), { rejected: 1, uncertain: 0, absent: 0, waiting: 0, verified: 2, enrolling: 0 });
});
