import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOf } from "../../../web_client/js/monitor/facts.js";
import { timeOfDay } from "../../../web_client/js/monitor/words.js";

const NOW = Date.parse("2030-01-01T00:10:00Z");
const RUNNING = {
  session: "s1", running: true, startedAt: NOW - 90_000, stateSince: NOW - 5000, endedAt: null, ending: null, totals: null,
};

test("of a running call it is told how long, and nothing of its end", () => {
  assert.deepEqual(Object.fromEntries(factsOf(RUNNING, NOW, "strict")), {
    Session: "s1", Started: timeOfDay(NOW - 90_000), "Running for": "1:30", "In this state for": "0:05", "Operating point": "strict",
  });
});

test("of an ended call it is told how, and its length stands still", () => {
  const ended = { ...RUNNING, running: false, endedAt: NOW - 30_000, ending: "stopped", totals: { windows: 0 } };
  const facts = Object.fromEntries(factsOf(ended, NOW, ""));
  assert.equal(facts.Lasted, "1:00");
  assert.equal(facts.How, "The call was stopped.");
  assert.equal(facts["Windows compared"], "0");
  assert.ok(!("In this state for" in facts) && !("Operating point" in facts));
});

test("what is not known is left out", () => {
  const unknown = { ...RUNNING, startedAt: null, stateSince: null };
  assert.deepEqual(factsOf(unknown, NOW, ""), [["Session", "s1"]]);
  unknown.origin = { host: "janus", room: "1234", feed: "5" };
  assert.deepEqual(factsOf(unknown, NOW, "").slice(1), [["Room", "janus 1234"], ["Feed", "5"]]);
});
