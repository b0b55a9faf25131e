import assert from "node:assert/strict";
import { test } from "node:test";
import { FeedPlace } from "../../web_client/js/feed-place.js";

const joined = (answer = { epoch: "a", cursor: 10, lost: null }) => {
  const place = new FeedPlace();
  place.join(answer);
  return place;
};

test("a first subscription is fresh, and nothing was missed by it", () => {
  const place = new FeedPlace();
  assert.equal(place.after, null);
  assert.deepEqual(place.join({ epoch: "a", cursor: 10, lost: null }), { fresh: true, missed: null });
  assert.deepEqual(place.after, { epoch: "a", cursor: 10 });
});

test("each event counts once", () => {
  const place = joined();
  assert.deepEqual([11, 12, 12, 11, 10, 14].map((cursor) => place.take(cursor)), [true, true, false, false, false, true]);
  assert.deepEqual(place.after, { epoch: "a", cursor: 14 });
});

test("a heartbeat moves the place on and never back", () => {
  const place = joined();
  place.advance(20);
  place.advance(15);
  assert.equal(place.after.cursor, 20);
});

test("before it is subscribed a heartbeat is no place", () => {
  const place = new FeedPlace();
  place.advance(5);
  assert.equal(place.after, null);
});

test("who comes back without a loss goes on where they were", () => {
  const place = joined();
  place.take(12);
  assert.deepEqual(place.join({ epoch: "a", cursor: 40, lost: 0 }), { fresh: false, missed: null });
  assert.equal(place.take(13), true, "what is replayed is new");
});

test("who was away too long is told how much is missing, as far as anybody knows", () => {
  assert.deepEqual(joined().join({ epoch: "a", cursor: 40, lost: 7 }), { fresh: true, missed: { count: 7 } });
  assert.deepEqual(joined().join({ epoch: "a", cursor: 40, lost: null }), { fresh: true, missed: { count: null } });
});

test("another epoch counts anew: what is replayed may have any number", () => {
  const place = joined();
  assert.deepEqual(place.join({ epoch: "b", cursor: 3, lost: 0 }), { fresh: true, missed: { count: null } });
  assert.equal(place.take(1), true);
  assert.deepEqual(place.after, { epoch: "b", cursor: 1 });
});
