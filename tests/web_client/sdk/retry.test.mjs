import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Retry } from "../../../web_client/js/sdk/retry.js";

let nowMs = 0;

/** Lets the time pass, for timers and clocks alike. */
function pass(ms) {
  nowMs += ms;
  mock.timers.tick(ms);
}

beforeEach(() => {
  nowMs = 5000;
  mock.restoreAll();
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => nowMs);
  mock.method(Math, "random", () => 1);
});

/** @returns {Promise<number>} after how long a wait ended */
async function waited(retry) {
  const fromMs = nowMs;
  let over = false;
  retry.wait().then(() => { over = true; });
  for (;;) {
    await new Promise(setImmediate);
    if (over) return nowMs - fromMs;
    pass(10);
  }
}

test("the first attempt is at once, later ones wait twofold up to a second", async () => {
  const retry = new Retry(60_000);
  const waits = [];
  for (let i = 0; i < 6; i += 1) waits.push(await waited(retry));
  assert.deepEqual(waits.map((ms) => Math.round(ms / 250)), [0, 1, 2, 4, 4, 4]);
  assert.equal(retry.attempt, 6);
});

test("chance shortens a wait to no less than half", async () => {
  Math.random.mock.mockImplementation(() => 0);
  const retry = new Retry(60_000);
  await waited(retry);
  await waited(retry);
  assert.equal(await waited(retry), 250);
});

test("no wait goes beyond the moment to give up", async () => {
  const retry = new Retry(300);
  await waited(retry);
  pass(200);
  assert.ok(retry.leftMs <= 100);
  assert.ok((await waited(retry)) <= 100);
  pass(1000);
  assert.equal(retry.leftMs, 0);
});

test("it knows how long it has been away", () => {
  const retry = new Retry(10_000);
  pass(1234);
  assert.equal(retry.awayMs, 1234);
  assert.equal(retry.leftMs, 8766);
});

test("a page that is back in view does not wait on", async () => {
  const retry = new Retry(60_000);
  await waited(retry);
  const waiting = retry.wait();
  retry.hurry();
  await waiting;
  assert.equal(retry.attempt, 2);
});

test("connections get more time to open, up to a cap", () => {
  const retry = new Retry(60_000);
  const caps = [0, 1, 6, 60].map((attempt) => Object.assign(retry, { attempt }).openCapMs);
  assert.deepEqual(caps, [2000, 2500, 5000, 5000]);
});
