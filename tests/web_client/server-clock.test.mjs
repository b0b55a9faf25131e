import assert from "node:assert/strict";
import { test } from "node:test";
import { noteDate, serverNow } from "../../web_client/js/server-clock.js";

const HOUR_MS = 3_600_000;

test("time is the server's, as its last answer dated it", () => {
  assert.ok(Math.abs(serverNow() - Date.now()) < HOUR_MS);
  for (const hours of [-24, 5]) {
    const at = Date.now() + hours * HOUR_MS;
    noteDate(new Headers({ date: new Date(at).toUTCString() }));
    assert.ok(Math.abs(serverNow() - at) < HOUR_MS / 60);
  }
});

test("an answer without a date, or with one that is none, changes nothing", () => {
  noteDate(new Headers({ date: new Date(0).toUTCString() }));
  noteDate(new Headers());
  noteDate(new Headers({ date: "yesterday" }));
  assert.ok(Math.abs(serverNow()) < HOUR_MS / 60);
});
