import assert from "node:assert/strict";
import { test } from "node:test";
import { Alarm, noticeOf } from "../../../web_client/js/monitor/alarm.js";

test("many at once are one alarm, and the next is raised after a pause", () => {
  const alarm = new Alarm();
  assert.deepEqual([0, 1, 1499, 1500, 2000, 3000].map((nowMs) => alarm.raise(nowMs)), [true, false, false, true, false, true]);
});

test("a notice names who and why, one a call", () => {
  const call = { identity: "ada", reasons: ["voice_mismatch", "no_face"], session: "s1" };
  assert.deepEqual(noticeOf(call), { title: "Rejected: ada", body: "wrong voice, no face", tag: "s1" });
  assert.equal(noticeOf({ ...call, identity: null }).title, "Rejected: a call");
});
