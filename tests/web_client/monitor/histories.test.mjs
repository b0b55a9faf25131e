import assert from "node:assert/strict";
import { test } from "node:test";
import { Histories } from "../../../web_client/js/monitor/histories.js";

const settle = () => new Promise(setImmediate);

/** Loads that the test ends itself. */
function held() {
  const asked = new Map();
  const got = [];
  const load = (session) => new Promise((resolve, reject) => { asked.set(session, { resolve, reject }); });
  const histories = new Histories(load, (session, events) => got.push([session, events]));
  return { histories, asked, got };
}

test("a few are loaded at a time, the others in turn", async () => {
  const { histories, asked, got } = held();
  for (const session of ["a", "b", "c", "d", "e"]) histories.want(session);
  assert.deepEqual([...asked.keys()], ["a", "b", "c"]);
  asked.get("b").resolve([1]);
  await settle();
  assert.deepEqual([...asked.keys()], ["a", "b", "c", "d"]);
  assert.deepEqual(got, [["b", [1]]]);
});

test("each is asked for once, until all counts as unknown again", async () => {
  const { histories, asked } = held();
  histories.want("a");
  asked.get("a").resolve([]);
  await settle();
  asked.clear();
  histories.want("a");
  assert.equal(asked.size, 0);
  histories.forget();
  histories.want("a");
  assert.equal(asked.size, 1);
});

test("one that failed makes room, and may be asked for again", async () => {
  const { histories, asked, got } = held();
  for (const session of ["a", "b", "c", "d"]) histories.want(session);
  asked.get("a").reject(new Error("503"));
  await settle();
  assert.ok(asked.has("d"));
  asked.clear();
  asked.set("b", null);
  histories.want("a");
  for (const session of ["a"]) assert.ok(!asked.has(session), "it waits for its turn");
  assert.deepEqual(got, []);
});
