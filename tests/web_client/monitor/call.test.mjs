import assert from "node:assert/strict";
import { test } from "node:test";
import { Call } from "../../../web_client/js/monitor/call.js";

const START = Date.parse("2030-01-01T00:00:00Z");
let seq = 0;
const event = (type, atS, more = {}) => ({
  seq: (seq += 1), session: "s", type, media_s: atS, wall: new Date(START + 1000 * atS).toISOString(), ...more,
});
const started = () => event("session_started", 0, { mode: "verify", identity: "ada" });
const changed = (atS, state, previous = "waiting", reasons = []) => event("state_changed", atS, { state, previous, reasons });
const score = (atS) => event("score", atS, { evidence: { face: 1, voice: 1, both: 2 } });

function callOf(...events) {
  const call = new Call("s");
  call.take(events);
  return call;
}

test("a call is what its events say", () => {
  const call = callOf(started(), changed(3, "verified"), score(4));
  assert.deepEqual([call.identity, call.state, call.tone, call.running], ["ada", "verified", "verified", true]);
  assert.deepEqual([call.startedAt, call.stateSince, call.scoredAt], [START, START + 3000, START + 4000]);
});

test("new reasons of the same state leave it as old as it is", () => {
  const call = callOf(started(), changed(3, "uncertain"), changed(9, "uncertain", "uncertain", ["no_face"]));
  assert.equal(call.stateSince, START + 3000);
  assert.deepEqual(call.reasons, ["no_face"]);
});

test("who is enrolled is coloured as such, whatever the state", () => {
  assert.equal(callOf(event("session_started", 0, { mode: "enrol", identity: "ada" })).tone, "enrolling");
});

test("events in any order, and twice, come to the same", () => {
  const events = [started(), changed(3, "verified"), changed(8, "rejected", "verified"), score(9)];
  const call = callOf(events[2], events[3]);
  call.take([...events].reverse());
  const inOrder = callOf(...events);
  for (const name of ["identity", "state", "stateSince", "startedAt", "heardAt"]) assert.equal(call[name], inOrder[name], name);
  assert.deepEqual(call.timeline, inOrder.timeline);
});

test("a lost connection is remembered until it is back", () => {
  const call = callOf(started(), event("connection_lost", 5));
  assert.equal(call.away, true);
  call.take([event("connection_resumed", 7)]);
  assert.equal(call.away, false);
});

test("an ended call says how, and its time stands still", () => {
  const call = callOf(started(), event("media_started", 0), event("session_ended", 20, { reason: "stopped", totals: { windows: 3 } }));
  assert.deepEqual([call.running, call.ending, call.totals.windows], [false, "stopped", 3]);
  assert.equal(call.mediaNowS(START + 999_000), 20);
});

test("while it runs its media goes on with the server's clock", () => {
  const call = callOf(started(), event("media_started", 2));
  assert.equal(call.mediaNowS(START + 12_000), 12);
});

test("a list fills gaps, and never overrules an event", () => {
  const call = new Call("s");
  call.introduce({ identity: "ada", mode: "verify", state: "verified", started_at: "2030-01-01T00:00:00Z", state_since: "2030-01-01T00:00:05Z" });
  assert.deepEqual([call.identity, call.state, call.startedAt, call.stateSince], ["ada", "verified", START, START + 5000]);
  call.take([changed(9, "rejected", "verified")]);
  call.introduce({ identity: "bob", state: "verified", ended_at: null });
  assert.deepEqual([call.identity, call.state], ["ada", "rejected"]);
});

test("a list that tells of an end is believed", () => {
  const call = new Call("s");
  call.introduce({ identity: "ada", ended_at: "2030-01-01T00:01:00Z" });
  assert.deepEqual([call.running, call.ending, call.endedAt], [false, "unknown", START + 60_000]);
});

test("a call of hours keeps its last minutes and the state in which they began", () => {
  const call = callOf(started(), changed(5, "verified"));
  for (let atS = 6; atS < 7200; atS += 1) call.take([score(atS)]);
  const { spans, points, endS } = call.timeline;
  assert.equal(endS, 7199);
  assert.ok(points.length <= 181, String(points.length));
  assert.equal(spans.at(-1).state, "verified");
});

test("events that are not known change nothing", () => {
  const call = callOf(started(), event("toString", 1), event("__proto__", 2), event("of_a_newer_server", 3));
  assert.equal(call.state, "waiting");
});
