import assert from "node:assert/strict";
import { test } from "node:test";
import { sayEvent, sayWhen } from "../../web_client/js/event-words.js";

test("a score is told with its evidence, in numbers where they are told, and its notes", () => {
  const score = { type: "score", evidence: { face: 1.5, voice: -2, both: 4 }, bar: { face: 1, voice: -1, both: 1 }, notes: ["no_speech"] };
  assert.equal(sayEvent(score), "face +1.5 · voice -2.0 · together +4.0 · no_speech");
  assert.equal(sayEvent({ ...score, bar: { ...score.bar, both: 0 }, evidence: null, notes: [] }), "face for · voice against · together unclear");
});

test("a score of nothing is told too", () => {
  assert.equal(sayEvent({ type: "score", evidence: null, bar: null }), "face – · voice – · together –");
});

test("a change is told with where it came from and why", () => {
  assert.equal(sayEvent({ type: "state_changed", previous: "verified", state: "absent", reasons: ["no_face", "no_speech"] }), "verified → absent: no_face, no_speech");
  assert.equal(sayEvent({ type: "state_changed", previous: null, state: "waiting", reasons: [] }), "start → waiting");
});

test("a consent that ends soon asks for another one", () => {
  const ends = (days) => sayEvent({ type: "consent_expiring", expires_at: "2026-03-01T00:00:00+00:00", days_left: days });
  assert.equal(ends(12), "the consent ends in 12 days: ask for another one");
  assert.equal(ends(1), "the consent ends in 1 day: ask for another one");
  assert.equal(ends(0), "the consent ends within a day: ask for another one");
});

test("an error is told with its code", () => {
  assert.equal(sayEvent({ type: "error", code: "server_full", message: "Try later." }), "server_full: Try later.");
});

test("of other events every field is told that is no address on the envelope", () => {
  const gap = { v: 1, seq: 3, session: "s", type: "gap", media_s: 2, wall: "…", kind: "audio", start_s: 1.23456, end_s: 2, note: null };
  assert.equal(sayEvent(gap), "kind audio · start_s 1.23 · end_s 2");
  const point = { type: "session_started", operating_point: { name: "strict", accept: 5, reject: -3 } };
  assert.equal(sayEvent(point), "operating_point strict (verified from +5.0 up, rejected from -3.0 down)");
  assert.equal(sayEvent({ type: "session_ended", totals: { windows: 3 } }), 'totals {"windows":3}');
});

test("an event that is named like a part of every object is one like any other", () => {
  assert.equal(sayEvent({ type: "constructor", size: 1 }), "size 1");
});

test("the time is the media's, where there is one", () => {
  assert.deepEqual([{ media_s: 0 }, { media_s: 12.34 }, { media_s: null }, {}].map(sayWhen), ["0.0 s", "12.3 s", "", ""]);
});
