import assert from "node:assert/strict";
import { test } from "node:test";
import { Calls } from "../../../web_client/js/monitor/calls.js";

const wall = (s) => new Date(Date.parse("2030-01-01T00:00:00Z") + 1000 * s).toISOString();
const changed = (session, atS, state) => ({ session, seq: 2, type: "state_changed", media_s: atS, wall: wall(atS), state, previous: "waiting", reasons: [] });
const ended = (session, atS) => ({ session, seq: 9, type: "session_ended", media_s: atS, wall: wall(atS), reason: "stopped", totals: {} });
const names = (calls) => calls.map(({ session }) => session);

test("the most worrying come first, and of those the ones that have been so for longest", () => {
  const calls = new Calls();
  calls.apply(changed("fine", 1, "verified"));
  calls.apply(changed("new", 9, "rejected"));
  calls.apply(changed("old", 2, "rejected"));
  calls.apply(changed("maybe", 3, "uncertain"));
  assert.deepEqual(names(calls.running()), ["old", "new", "maybe", "fine"]);
});

test("a call that a list no longer names has ended unseen", () => {
  const calls = new Calls();
  calls.apply(changed("gone", 1, "verified"));
  calls.load([{ session: "here", identity: "ada" }]);
  assert.deepEqual(names(calls.running()), ["here"]);
  assert.deepEqual(calls.ended().map(({ session, ending }) => [session, ending]), [["gone", "unknown"]]);
});

test("ended calls come last first, and no more of them than the server keeps", () => {
  const calls = new Calls();
  for (let i = 0; i < 250; i += 1) calls.apply(ended(`s${i}`, i));
  assert.equal(calls.ended().length, 200);
  assert.equal(calls.ended()[0].session, "s249");
  assert.equal(calls.get("s0"), undefined);
});

test("the server's time is told by its events, of which the quickest counts", (t) => {
  const calls = new Calls();
  t.mock.method(Date, "now", () => Date.parse(wall(100)));
  assert.equal(calls.now, Date.parse(wall(100)));
  calls.apply(changed("s", 40, "verified"));
  calls.apply(changed("s", 60, "verified"));
  calls.apply(changed("s", 90, "verified"));
  calls.apply(changed("s", 50, "verified"));
  assert.equal(calls.now, Date.parse(wall(90)));
});

test("a clock that is set back makes no call look as if nothing came for an hour", (t) => {
  const calls = new Calls();
  t.mock.method(Date, "now", () => Date.parse(wall(7200)));
  calls.apply(changed("s", 7200, "verified"));
  calls.apply(changed("s", 3600, "verified"));
  assert.equal(calls.now, Date.parse(wall(3600)));
  calls.apply(changed("s", 7201, "verified"));
  assert.equal(calls.now, Date.parse(wall(7201)));
});
