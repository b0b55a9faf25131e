import assert from "node:assert/strict";
import { test } from "node:test";
import { adviceFor, furtherAdvice, partOf } from "../../web_client/js/enrol-guide.js";

test("the first thing that is missing is the one to do now", () => {
  const progress = { missing: ["more_light", "keep_talking"] };
  assert.deepEqual(adviceFor(progress), { icon: "light", text: "More light on your face, please: face a window or a lamp.", well: false });
  assert.deepEqual(furtherAdvice(progress), ["Keep reading aloud."]);
});

test("what goes well is not shown as a fault", () => {
  assert.equal(adviceFor({ missing: ["keep_talking"] }).well, true);
  assert.equal(adviceFor({ missing: ["keep_looking"] }).well, true);
  assert.equal(adviceFor({ missing: ["voice_changed"] }).well, false);
});

test("a hint of a newer server is shown all the same", () => {
  assert.deepEqual(adviceFor({ missing: ["lift_chin"] }), { icon: "look", text: "Lift chin.", well: false });
});

test("with nothing missing it goes on until it is complete", () => {
  assert.equal(adviceFor({ missing: [] }).text, "Keep reading.");
  assert.equal(adviceFor({ missing: [], complete: true }).text, "That is enough. Storing…");
  assert.deepEqual(furtherAdvice({ missing: [] }), []);
});

test("a part fills up to what is needed and no farther", () => {
  assert.deepEqual(partOf(7.25, 15, "seconds"), { max: 15, value: 7.25, full: false, text: "7.3 of 15 s" });
  assert.deepEqual(partOf(19, 15, "seconds"), { max: 15, value: 15, full: true, text: "15 of 15 s" });
});

test("before the server said what is needed nothing is full", () => {
  assert.deepEqual(partOf(0, undefined, null), { max: 1, value: 0, full: false, text: "0" });
  assert.deepEqual(partOf(3, undefined, "seconds"), { max: 1, value: 1, full: false, text: "3 s" });
});
