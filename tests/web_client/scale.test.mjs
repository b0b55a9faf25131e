import assert from "node:assert/strict";
import { test } from "node:test";
import { clamp, linear, meterBar, meterOf, meterPlace } from "../../web_client/js/scale.js";

test("a number is held within a limit to both sides of 0", () => {
  assert.deepEqual([-9, -2, 0, 2, 9].map((value) => clamp(value, 3)), [-3, -2, 0, 2, 3]);
});

test("a scale takes ends to ends, and goes on beyond them", () => {
  const x = linear([10, 20], [100, 200]);
  assert.deepEqual([10, 15, 20, 30].map(x), [100, 150, 200, 300]);
});

test("a scale may run against its places, as pictures count from the top", () => {
  const y = linear([6, -6], [0, 120]);
  assert.deepEqual([6, 0, -6].map(y), [0, 60, 120]);
});

test("a meter's bar goes from the middle to either side, and no farther than the meter", () => {
  assert.deepEqual(meterBar(5), { left: 50, width: 25, sign: "for", value: 5 });
  assert.deepEqual(meterBar(-5), { left: 25, width: 25, sign: "against", value: -5 });
  assert.deepEqual(meterBar(40), { left: 50, width: 50, sign: "for", value: 10 });
  assert.deepEqual(meterBar(-40), { left: 0, width: 50, sign: "against", value: -10 });
});

test("without evidence a meter is empty", () => {
  assert.deepEqual(meterBar(null), { left: 50, width: 0, sign: "for", value: 0 });
});

test("thresholds lie where the bar of as much evidence ends", () => {
  assert.deepEqual([-10, -5, 0, 3, 99].map(meterPlace), [0, 25, 50, 65, 100]);
});

test("a meter that is told the direction alone stands in one of three places", () => {
  assert.deepEqual([1, 0, -1].map((side) => meterOf(side, true)), [
    { left: 50, width: 50, sign: "for", value: 10, text: "for" },
    { left: 40, width: 20, sign: "unclear", value: 0, text: "unclear" },
    { left: 0, width: 50, sign: "against", value: -10, text: "against" },
  ]);
  assert.deepEqual([meterOf(null, true).text, meterOf(2.5, false).text], ["–", "+2.5"]);
});

test("words say what is believed where that is told, and never that it is certain", () => {
  const said = [0, 3, -3, 9, -9].map((believed) => meterOf(1.2, false, believed).text);
  assert.deepEqual(said, ["50 %", "95 %", "5 %", "over 99 %", "under 1 %"]);
  assert.equal(meterOf(1.2, false, 9).value, 1.2);
  assert.equal(meterOf(1, true, 9).text, "for");
});
