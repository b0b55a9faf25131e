import assert from "node:assert/strict";
import { test } from "node:test";
import { placeAfter, sizeFor } from "../../../web_client/js/monitor/layout.js";

test("cards are as large as lets all be in view at once", () => {
  assert.equal(sizeFor(4, 53, 39), "l");
  assert.equal(sizeFor(5, 66, 39), "m");
  assert.equal(sizeFor(50, 66, 39), "s");
  assert.equal(sizeFor(1, 20, 15), "s");
});

test("arrows lead to neighbours and rows, and stop at the ends", () => {
  const from = (at, key) => placeAfter(key, { at, count: 10, columns: 4 });
  assert.deepEqual(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "End"].map((key) => from(5, key)), [6, 4, 9, 1, 0, 9]);
  assert.deepEqual([from(9, "ArrowRight"), from(0, "ArrowLeft"), from(8, "ArrowDown"), from(2, "ArrowUp")], [9, 0, 9, 0]);
});

test("other keys lead nowhere, nor do any where no card has the focus", () => {
  assert.equal(placeAfter("Enter", { at: 1, count: 3, columns: 2 }), null);
  assert.equal(placeAfter("ArrowRight", { at: -1, count: 3, columns: 2 }), null);
});
