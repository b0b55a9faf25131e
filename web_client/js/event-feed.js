/**
 * The feed of every call's events: one WebSocket that comes back by itself and goes on where it was.
 *
 * Dispatches, each with a `detail`:
 * - "event": an event of a session, in the order of the server, none twice;
 * - "subscribed": `{fresh}`, whether the subscription is a new one, so that what was known before
 *   must be loaded anew, rather than one that was taken up again without a loss;
 * - "lost": `{what, count}`, events or scores that were not delivered; null where nobody knows how many;
 * - "status": `{status}`, one of "connecting", "live", "waiting" (for the next attempt), "refused"
 *   and "closed";
 * - "refused": `{code, message}`; it tries no more until {@link EventFeed.open} is called again.
 */

import { FeedPlace } from "./feed-place.js";
import { toJson } from "./sdk/messages.js";

/**
 * @typedef {object} FeedOptions
 * @property {string} [url]            of the feed, http(s) or ws(s); the server this module came from without
 * @property {() => string} [token]    asked at each connection
 * @property {string[]} [sessions]     only these; all that the token allows without
 * @property {string[]} [identities]
 * @property {string[]} [types]        of events
 */

/** @typedef {"connecting" | "live" | "waiting" | "refused" | "closed"} FeedStatus */

/** The server is heard from every 5 s at least, so that this long a silence means it is gone. */
const SILENCE_MS = 12_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** Refusals that no further attempt changes. */
const FINAL = new Set(["missing_token", "invalid_token", "expired_token", "forbidden", "bad_message"]);
/** How WebSockets say that a policy was broken. */
const POLICY_VIOLATION = 1008;

const defaultUrl = () => new URL("../api/v1/events", import.meta.url).href;

export class EventFeed extends EventTarget {
  /** When the server was last heard, in milliseconds since the epoch; null before it was. */
  lastHeardAt = /** @type {number | null} */ (null);
  #options;
  #socket = /** @type {WebSocket | null} */ (null);
  #place = new FeedPlace();
  #status = /** @type {FeedStatus} */ ("closed");
  #attempts = 0;
  #timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

  /** @param {FeedOptions} [options] */
  constructor({ url = defaultUrl(), token = () => "", ...filters } = {}) {
    super();
    this.#options = { url, token, filters };
    globalThis.addEventListener?.("online", () => { if (this.#status === "waiting") this.#connect(); });
  }

  /** @returns {FeedStatus} */
  get status() {
    return this.#status;
  }

  /** Connects, and stays connected until {@link close}. */
  open() {
    if (this.#status === "closed" || this.#status === "refused") this.#connect();
  }

  close() {
    this.#leave();
    this.#become("closed");
  }

  #connect() {
    this.#leave();
    this.#become("connecting");
    const url = new URL(this.#options.url, globalThis.document?.baseURI);
    url.protocol = url.protocol.replace(/^http/, "ws");
    const socket = (this.#socket = new WebSocket(url));
    socket.addEventListener("open", () => socket.send(toJson(this.#subscription())));
    socket.addEventListener("message", ({ data }) => { if (socket === this.#socket) this.#take(data); });
    socket.addEventListener("close", (event) => { if (socket === this.#socket) this.#onClose(event); });
    this.#watch();
  }

  #subscription() {
    const { token, filters } = this.#options;
    const { after } = this.#place;
    return { type: "subscribe", ...filters, ...(token() && { token: token() }), ...(after && { after }) };
  }

  #take(data) {
    const message = parse(data);
    if (!message) {
      this.#retry();
      return;
    }
    this.lastHeardAt = Date.now();
    this.#watch();
    if (message.event) this.#onEvent(message);
    else if (message.type === "subscribed") this.#onSubscribed(message);
    else if (message.type === "heartbeat") this.#place.advance(message.cursor);
    else if (message.type === "dropped") this.#emit("lost", { what: "scores", count: message.scores });
    else if (message.type === "error") this.#onError(message);
  }

  #onEvent({ cursor, event }) {
    if (this.#place.take(cursor)) this.#emit("event", event);
  }

  #onSubscribed(answer) {
    const { fresh, missed } = this.#place.join(answer);
    this.#attempts = 0;
    this.#become("live");
    if (missed) this.#emit("lost", { what: "events", count: missed.count });
    this.#emit("subscribed", { fresh });
  }

  #onError({ code, message }) {
    if (FINAL.has(code)) this.#refuse(code, message);
    else this.#retry();
  }

  #onClose({ code, reason }) {
    if (code === POLICY_VIOLATION) this.#refuse(FINAL.has(reason) ? reason : "forbidden", reason);
    else this.#retry();
  }

  #refuse(code, message) {
    this.#leave();
    this.#become("refused");
    this.#emit("refused", { code, message });
  }

  /** Waits longer each time, and never as long as the others who were cut off with it. */
  #retry() {
    this.#leave();
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    this.#become("waiting");
    this.#timer = setTimeout(() => this.#connect(), pause * (0.5 + Math.random() / 2));
  }

  /** A connection that says nothing is none. */
  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#retry(), SILENCE_MS);
  }

  #leave() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #become(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#emit("status", { status });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @param {string} data @returns {any} null where it is no message */
function parse(data) {
  try {
    const message = JSON.parse(data);
    return typeof message === "object" ? message : null;
  } catch {
    return null;
  }
}
