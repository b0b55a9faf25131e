import assert from "node:assert/strict";
import { test } from "node:test";
import { Numbering } from "../../../web_client/js/sdk/numbering.js";

test("each number counts once, and holes are counted", () => {
  const numbering = new Numbering();
  assert.deepEqual([1, 2, 2, 5, 3].map((seq) => numbering.take(seq)), [
    { isNew: true, lost: 0 }, { isNew: true, lost: 0 }, { isNew: false, lost: 0 }, { isNew: true, lost: 2 }, { isNew: false, lost: 0 },
  ]);
  assert.equal(numbering.last, 5);
});

test("what has no number is always new", () => {
  const numbering = new Numbering();
  numbering.take(4);
  for (const seq of [undefined, null, "4"]) assert.deepEqual(numbering.take(seq), { isNew: true, lost: 0 });
  assert.equal(numbering.last, 4);
});

test("another session counts from 1 again", () => {
  const numbering = new Numbering();
  numbering.take(4);
  numbering.reset();
  assert.deepEqual(numbering.take(1), { isNew: true, lost: 0 });
});

test("what the server keeps back on purpose is not lost", () => {
  const numbering = new Numbering();
  assert.deepEqual([[1, 0], [3, 1], [4, 1], [9, 2]].map(([seq, untold]) => numbering.take(seq, untold).lost), [0, 0, 0, 3]);
  numbering.reset();
  assert.deepEqual(numbering.take(1, 0), { isNew: true, lost: 0 });
});
