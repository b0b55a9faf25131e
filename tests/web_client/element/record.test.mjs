import assert from "node:assert/strict";
import { test } from "node:test";
import { Record } from "../../../web_client/js/element/record.js";

const event = (type, atS, more = {}) => ({ type, media_s: atS, receivedAt: 1_000_000 + 1000 * atS, ...more });
const changed = (atS, state) => event("state_changed", atS, { state, reasons: [] });

function recordOf(...events) {
  const record = new Record();
  for (const one of events) record.take(one);
  return record;
}

test("while a call runs its last state goes on until now", () => {
  const { spans, endS } = recordOf(changed(2, "verified"), event("score", 5)).read(1_000_000 + 9000);
  assert.equal(endS, 9);
  assert.deepEqual(spans.at(-1), { startS: 2, endS: 9, state: "verified", reasons: [] });
});

test("a change that nothing followed yet holds from then on", () => {
  const { spans } = recordOf(event("score", 3), changed(3, "rejected")).read(1_000_000 + 4000);
  assert.deepEqual(spans.map(({ state, endS }) => [state, endS]), [["waiting", 3], ["rejected", 4]]);
});

test("once nothing goes on it ends with what came last", () => {
  assert.equal(recordOf(changed(2, "verified"), event("score", 5)).read(null).endS, 5);
});

test("what came late does not move the start: the earliest start holds", () => {
  const late = { ...event("score", 5), receivedAt: 1_000_000 + 8000 };
  assert.equal(recordOf(event("media_started", 0), changed(2, "verified"), late).read(1_000_000 + 9000).endS, 9);
});

test("before any media there is nothing to show", () => {
  assert.deepEqual(recordOf({ type: "session_started" }).read(5), { spans: [], endS: 0 });
});

test("a call of any length is kept in a bounded number of changes", () => {
  const record = new Record();
  for (let atS = 1; atS <= 1000; atS += 1) record.take(changed(atS, atS % 2 ? "verified" : "uncertain"));
  const { spans } = record.read(null);
  assert.ok(spans.length <= 201, String(spans.length));
  assert.equal(spans.at(-1).startS, 999);
});

test("another call begins with nothing", () => {
  const record = recordOf(changed(2, "verified"), event("score", 5));
  record.clear();
  assert.deepEqual(record.read(9e9), { spans: [], endS: 0 });
});
