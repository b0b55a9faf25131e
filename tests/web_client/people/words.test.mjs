import assert from "node:assert/strict";
import { test } from "node:test";
import { sayConsent, sayMoved, sayPage, sayRefused, sayShown, sayUntil } from "../../../web_client/js/people/words.js";

const NOW = Date.parse("2026-06-01T12:00:00Z");
const consent = (more) => ({ in_force: true, expires_at: null, withdrawn_at: null, ...more });

test("a consent is told by a word, whatever its colour", () => {
  const say = (more) => sayConsent(consent(more), NOW).word;
  assert.equal(say({}), "In force");
  assert.equal(say({ expires_at: "2027-06-01T12:00:00Z" }), "In force");
  assert.equal(say({ expires_at: "2026-06-20T12:00:00Z" }), "Ends soon");
  assert.equal(say({ expires_at: "2026-05-31T12:00:00Z" }), "Expired");
  assert.equal(say({ expires_at: "2027-06-01T12:00:00Z", in_force: false }), "Expired");
  assert.equal(say({ withdrawn_at: "2026-05-31T12:00:00Z", in_force: false }), "Withdrawn");
  assert.equal(new Set([{}, { expires_at: "2026-06-20T12:00:00Z" }, { in_force: false }].map((one) => sayConsent(consent(one), NOW).tone)).size, 3);
});

test("its end is told by the day and how far that is", () => {
  const say = (more) => sayUntil(consent(more), NOW).left;
  assert.equal(say({}), "until it is withdrawn");
  assert.equal(say({ expires_at: "2026-06-01T20:00:00Z" }), "within a day");
  assert.equal(say({ expires_at: "2026-06-03T11:00:00Z" }), "in 1 day");
  assert.equal(say({ expires_at: "2029-06-03T12:00:00Z" }), "in 1,098 days");
  assert.equal(say({ expires_at: "2026-06-01T10:00:00Z" }), "within a day");
  assert.equal(say({ expires_at: "2026-05-31T12:00:00Z" }), "1 day ago");
  assert.equal(say({ expires_at: "2026-05-29T11:00:00Z" }), "3 days ago");
  assert.equal(say({ withdrawn_at: "2026-05-31T12:00:00Z" }), "taken back");
});

test("how many are seen of how many", () => {
  const say = (more) => sayShown({ first: 1, count: 50, enrolled: 100_000, more: true, narrowed: false, ...more });
  assert.equal(say({}), "1 to 50 of 100,000 people");
  assert.equal(say({ first: 99_951 }), "99,951 to 100,000 of 100,000 people");
  assert.equal(say({ count: 1, enrolled: 1, more: false }), "1 of 1 person");
  assert.equal(say({ count: 0, enrolled: 0 }), "0 people are enrolled");
  assert.equal(say({ narrowed: true }), "1 to 50 of those found; 100,000 people are enrolled");
  assert.equal(say({ narrowed: true, first: 51, count: 7, more: false }), "57 found; 100,000 people are enrolled");
  assert.equal(say({ narrowed: true, count: 0 }), "Nobody found; 100,000 people are enrolled");
});

test("which page of how many, where that is known", () => {
  assert.equal(sayPage(2, 2000), "Page 2 of 2,000");
  assert.equal(sayPage(3, 2), "Page 3 of 3");
  assert.equal(sayPage(1, null), "Page 1");
});

test("records that are refused are told, and by whom they are seen", () => {
  assert.equal(sayRefused(0), "");
  assert.match(sayRefused(1), /^1 record here is refused, since it was .*identities refused$/);
  assert.match(sayRefused(3), /^3 records here are refused, since they were /);
});

test("a reference that was moved says from which model", () => {
  assert.equal(sayMoved([]), "");
  assert.equal(sayMoved(["towers-1", "towers-2"]), "moved from towers-2");
});
