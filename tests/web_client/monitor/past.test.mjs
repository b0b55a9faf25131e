import assert from "node:assert/strict";
import { test } from "node:test";
import { Past } from "../../../web_client/js/monitor/past.js";

const numbers = (past) => past.events.map(({ seq }) => seq);

test("events are kept in order, each once", () => {
  const past = new Past();
  assert.deepEqual([1, 2, 2, 1, 4].map((seq) => past.add({ seq })), [true, true, false, false, true]);
  assert.deepEqual(numbers(past), [1, 2, 4]);
});

test("what happened before is filled in among what came live, which holds", () => {
  const past = new Past();
  past.add({ seq: 4, live: true });
  past.add({ seq: 5, live: true });
  past.fill([{ seq: 3 }, { seq: 1 }, { seq: 4 }, { seq: 2 }]);
  assert.deepEqual(numbers(past), [1, 2, 3, 4, 5]);
  assert.equal(past.events[3].live, true);
});

test("a call of hours keeps its first event and its last ones", () => {
  const past = new Past();
  for (let seq = 1; seq <= 5100; seq += 1) past.add({ seq });
  assert.equal(past.events.length, 5000);
  assert.deepEqual([numbers(past)[0], numbers(past)[1], numbers(past).at(-1)], [1, 102, 5100]);
});
