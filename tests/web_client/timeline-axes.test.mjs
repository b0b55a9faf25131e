import assert from "node:assert/strict";
import { test } from "node:test";
import { fitting, rangeOf, signed, ticksOf } from "../../web_client/js/timeline-axes.js";

const point = (atS, both) => ({ atS, face: null, voice: null, both });

test("the range is even, holds all that is seen and the thresholds, and is never tiny", () => {
  assert.equal(rangeOf({ points: [], accept: null, reject: null }, 0), 4);
  assert.equal(rangeOf({ points: [point(5, -6.1)], accept: 3, reject: -2 }, 0), 8);
  assert.equal(rangeOf({ points: [], accept: 4.5, reject: -11 }, 0), 12);
});

test("what is out of view does not count", () => {
  assert.equal(rangeOf({ points: [point(5, 40), point(70, 3)], accept: 3, reject: -2 }, 10), 4);
});

test("a live axis counts back from now", () => {
  const ticks = ticksOf({ fromS: 100, toS: 160, live: true }, 300);
  assert.deepEqual(ticks, [
    { atS: 160, text: "now" }, { atS: 145, text: "−0:15" }, { atS: 130, text: "−0:30" },
    { atS: 115, text: "−0:45" }, { atS: 100, text: "−1:00" },
  ]);
});

test("a whole call is counted from its start", () => {
  assert.deepEqual(ticksOf({ fromS: 0, toS: 4, live: false }, 300).map(({ text }) => text), ["0:00", "0:01", "0:02", "0:03", "0:04"]);
});

test("ticks never stand closer than can be read, and are never many, however long the call", () => {
  for (const toS of [0, 1, 59, 1000, 86_400, 1e7]) {
    const { length } = ticksOf({ fromS: 0, toS, live: false }, 640);
    assert.ok(length >= 2 && length <= 11, `${toS} s: ${length} ticks`);
  }
});

test("numbers have their sign, and minus is one", () => {
  assert.deepEqual([3, 0, -2.5].map(signed), ["+3", "0", "−2.5"]);
});

test("the fullest text that fits is taken, or none", () => {
  const texts = ["Rejected: wrong voice", "Rejected", "R"];
  const widthOf = (text) => 8 * text.length;
  assert.deepEqual([400, 70, 9, 3].map((room) => fitting(texts, widthOf, room)), [texts[0], texts[1], texts[2], ""]);
});
