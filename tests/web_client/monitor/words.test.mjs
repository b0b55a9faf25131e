import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { counted, ENDINGS, sayCalm, sayEndShortly, sayFreshness, sayLength, sayLoad, sayLost, sayTone, timeOfDay } from "../../../web_client/js/monitor/words.js";

const schema = new URL("../../../docs/protocol/events.schema.json", import.meta.url);
const { $defs: contract } = JSON.parse(readFileSync(schema, "utf8"));

test("every ending of the wire contract has few words of its own", () => {
  for (const reason of contract.SessionEnded.properties.reason.enum) assert.ok(Object.hasOwn(ENDINGS, reason), reason);
  assert.equal(sayEndShortly("peer_closed"), "caller left");
  assert.equal(sayEndShortly("of_a_newer_server"), "of a newer server");
});

test("tones are states, or an enrolment", () => {
  assert.deepEqual(["rejected", "enrolling", "dazed"].map(sayTone), ["Rejected", "Enrolling", "dazed"]);
  assert.deepEqual(["verified", "rejected"].map(sayCalm), ["face and voice match", ""]);
});

test("one is one and more are many", () => {
  assert.deepEqual([counted(0, "call"), counted(1, "call"), counted(2, "call"), counted(2, "person", "people")], ["0 calls", "1 call", "2 calls", "2 people"]);
});

test("how full the server is, and calmly when it does not keep up", () => {
  const health = { calls: 3, max_calls: 8, lag_s: 0.243, overloaded: false };
  assert.equal(sayLoad(health), "3 of at most 8 calls, scored within 0.2 s");
  assert.equal(sayLoad({ ...health, calls: 0 }), "0 of at most 8 calls");
  assert.equal(sayLoad({ ...health, max_calls: 1, calls: 1, lag_s: 0 }), "1 of at most 1 call");
  assert.equal(sayLoad({ ...health, overloaded: true }), "3 of at most 8 calls. The server is too busy to check everything.");
});

test("a length needs both its ends, and clocks that differ make none below 0", () => {
  assert.deepEqual([sayLength(1000, 62_500), sayLength(5000, 1000), sayLength(null, 1), sayLength(1, null)], ["1:01", "0:00", "", ""]);
});

test("a call of which nothing is heard says so before it says how old its score is", () => {
  assert.equal(sayFreshness({ scoredAt: 8000, heardAt: 9000 }, 10_000), "Score 2 s ago");
  assert.equal(sayFreshness({ scoredAt: null, heardAt: 9000 }, 10_000), "No score yet");
  assert.equal(sayFreshness({ scoredAt: 8000, heardAt: 9000 }, 24_001), "No news for 0:15");
  assert.equal(sayFreshness({ scoredAt: 11_000, heardAt: 9000 }, 10_000), "Score 0 s ago");
});

test("what was lost is told, of each kind", () => {
  const none = { events: 0, unknown: false, scores: 0 };
  assert.equal(sayLost(none), "");
  assert.equal(sayLost({ ...none, events: 1 }), "1 event did not reach this page; the list was loaded again.");
  assert.match(sayLost({ ...none, events: 3, unknown: true }), /^Some events/);
  assert.match(sayLost({ events: 2, unknown: false, scores: 7 }), /^2 events .* 7 scores were skipped/);
});

test("a time of another day names the day", () => {
  const now = Date.now();
  assert.equal(timeOfDay(null), "");
  assert.ok(timeOfDay(now - 40 * 86_400_000).endsWith(`, ${timeOfDay(now - 40 * 86_400_000).split(", ").at(-1)}`));
  assert.ok(!timeOfDay(now).includes(","));
});
