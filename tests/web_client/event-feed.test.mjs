import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { EventFeed } from "../../web_client/js/event-feed.js";

/** A WebSocket of which the test is the server. */
class FakeSocket extends EventTarget {
  static made = [];
  sent = [];
  closed = false;

  constructor(url) {
    super();
    this.url = String(url);
    FakeSocket.made.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  open() {
    this.dispatchEvent(new Event("open"));
  }

  say(data) {
    this.dispatchEvent(Object.assign(new Event("message"), { data: typeof data === "string" ? data : JSON.stringify(data) }));
  }

  end(code = 1006, reason = "") {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

const TOLD = ["event", "subscribed", "lost", "status", "refused"];
const last = () => FakeSocket.made.at(-1);
const SUBSCRIBED = { type: "subscribed", epoch: "a", cursor: 10, lost: null };

function feedOf(options = {}) {
  const feed = new EventFeed({ url: "https://verifier.example/v/api/v1/events", ...options });
  const told = [];
  for (const type of TOLD) feed.addEventListener(type, ({ detail }) => told.push([type, detail]));
  return { feed, told };
}

beforeEach(() => {
  FakeSocket.made = [];
  globalThis.WebSocket = FakeSocket;
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.restoreAll();
  mock.method(Math, "random", () => 1);
});

test("it subscribes with its token and its filters, over the WebSocket's own scheme", () => {
  const { feed } = feedOf({ token: () => "secret", identities: ["ada"] });
  feed.open();
  last().open();
  assert.equal(last().url, "wss://verifier.example/v/api/v1/events");
  assert.deepEqual(last().sent, [{ type: "subscribe", identities: ["ada"], token: "secret" }]);
});

test("events come in order, none twice", () => {
  const { feed, told } = feedOf();
  feed.open();
  last().say(SUBSCRIBED);
  for (const cursor of [11, 12, 12, 11, 13]) last().say({ cursor, event: { seq: cursor } });
  assert.equal(feed.status, "live");
  assert.deepEqual(told.filter(([type]) => type === "event").map(([, { seq }]) => seq), [11, 12, 13]);
});

test("a connection that breaks is made again and goes on where it was", () => {
  const { feed, told } = feedOf();
  feed.open();
  last().say(SUBSCRIBED);
  last().say({ cursor: 11, event: {} });
  last().end();
  assert.equal(feed.status, "waiting");
  mock.timers.tick(500);
  last().open();
  assert.equal(FakeSocket.made.length, 2);
  assert.deepEqual(last().sent, [{ type: "subscribe", after: { epoch: "a", cursor: 11 } }]);
  last().say({ ...SUBSCRIBED, cursor: 30, lost: 4 });
  assert.deepEqual(told.slice(-2), [["lost", { what: "events", count: 4 }], ["subscribed", { fresh: true }]]);
});

test("each failed attempt waits longer, up to a cap, and a live one begins anew", () => {
  const { feed } = feedOf();
  feed.open();
  for (const pauseMs of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
    const { length } = FakeSocket.made;
    last().end();
    mock.timers.tick(pauseMs - 1);
    assert.equal(FakeSocket.made.length, length, `${pauseMs} ms`);
    mock.timers.tick(1);
    assert.equal(FakeSocket.made.length, length + 1, `${pauseMs} ms`);
  }
  last().say(SUBSCRIBED);
  last().end();
  mock.timers.tick(500);
  assert.equal(feed.status, "connecting");
});

test("a connection that says nothing is none, and a heartbeat keeps it", () => {
  const { feed } = feedOf();
  feed.open();
  last().say(SUBSCRIBED);
  mock.timers.tick(11_000);
  last().say({ type: "heartbeat", cursor: 10 });
  mock.timers.tick(11_999);
  assert.equal(feed.status, "live");
  mock.timers.tick(1);
  assert.equal(feed.status, "waiting");
  assert.ok(FakeSocket.made[0].closed);
});

test("what is no message at all breaks the connection, not the page", () => {
  for (const data of ["{", "null", "5", '"text"']) {
    const { feed } = feedOf();
    feed.open();
    last().say(SUBSCRIBED);
    last().say(data);
    assert.equal(feed.status, "waiting", data);
    feed.close();
  }
});

test("a refusal that no attempt changes ends the attempts", () => {
  const { feed, told } = feedOf();
  feed.open();
  last().say({ type: "error", code: "expired_token", message: "Get another." });
  assert.deepEqual(told.at(-1), ["refused", { code: "expired_token", message: "Get another." }]);
  mock.timers.tick(60_000);
  assert.equal(FakeSocket.made.length, 1);
  feed.open();
  assert.equal(FakeSocket.made.length, 2, "with another token it may be opened again");
});

test("a refusal of the moment is tried again", () => {
  const { feed } = feedOf();
  feed.open();
  last().say({ type: "error", code: "server_full", message: "Later." });
  assert.equal(feed.status, "waiting");
});

test("a socket that is closed for a broken policy says which", () => {
  for (const [reason, code] of [["invalid_token", "invalid_token"], ["too slow", "forbidden"]]) {
    const { feed, told } = feedOf();
    feed.open();
    last().end(1008, reason);
    assert.equal(feed.status, "refused");
    assert.deepEqual(told.at(-1), ["refused", { code, message: reason }]);
  }
});

test("scores that were left out are told apart from lost events", () => {
  const { feed, told } = feedOf();
  feed.open();
  last().say(SUBSCRIBED);
  last().say({ type: "dropped", scores: 9 });
  assert.deepEqual(told.at(-1), ["lost", { what: "scores", count: 9 }]);
});

test("closed it stays closed, and a left socket says nothing any more", () => {
  const { feed, told } = feedOf();
  feed.open();
  const socket = last();
  socket.say(SUBSCRIBED);
  feed.close();
  const { length } = told;
  socket.say({ cursor: 11, event: {} });
  socket.end();
  mock.timers.tick(60_000);
  assert.equal(told.length, length);
  assert.equal(FakeSocket.made.length, 1);
});
