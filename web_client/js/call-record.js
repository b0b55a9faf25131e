// @ts-check
/** A call's events as the page draws them: the last seconds of it while it runs, all of it at its end. */

import { last } from "./look-up.js";
import { readTimeline } from "./timeline.js";

const CHANGES_KEPT = 200;
/** Nearly a day of scores; then every second one of what is kept makes room. */
const MOST_EVENTS = 40_000;

export class CallRecord {
  #recentS;
  #most;
  #events = /** @type {any[]} */ ([]);
  #started = /** @type {any[]} */ ([]);
  #changes = /** @type {any[]} */ ([]);
  #recent = /** @type {any[]} */ ([]);
  #endS = 0;

  /** @param {number} recentS seconds of media that are drawn while it runs @param {number} most events kept */
  constructor(recentS, most = MOST_EVENTS) {
    this.#recentS = recentS;
    this.#most = most;
  }

  /** The last state that was told. */
  get state() {
    return last(this.#changes);
  }

  /** Another call. */
  clear() {
    this.#events = [];
    this.#started = [];
    this.#changes = [];
    this.#recent = [];
    this.#endS = 0;
  }

  /** @param {any} event of the server */
  take(event) {
    if (event.type === "session_started") {
      this.#started = [event];
      return;
    }
    this.#events.push(event);
    if (this.#events.length > this.#most) this.#thin();
    if (event.type === "state_changed") this.#changes = [...this.#changes, event].slice(-CHANGES_KEPT);
    else this.#recent.push(event);
    this.#endS = event.media_s ?? this.#endS;
    this.#recent = this.#recent.filter(({ media_s: atS }) => atS >= this.#endS - this.#recentS);
  }

  /** The last seconds, and the states of the whole call as far back as they are kept. */
  readRecent() {
    return readTimeline([...this.#started, ...this.#changes, ...this.#recent]);
  }

  /** The whole call. */
  readWhole() {
    return readTimeline([...this.#started, ...this.#events]);
  }

  /** Windows overlap, so that neither a line nor what was compared has a hole by it. */
  #thin() {
    let scores = 0;
    const kept = this.#events.filter(({ type }) => type !== "score" || ++scores % 2 === 0);
    this.#events = kept.slice(-Math.ceil(0.75 * this.#most));
  }
}
