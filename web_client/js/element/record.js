// @ts-check
/** As much of a call's events as its timeline needs, and no more however long it goes on. */

import { readTimeline } from "../timeline.js";

const CHANGES_KEPT = 200;
const DATED = new Set(["media_started", "score", "state_changed", "gap"]);

export class Record {
  #started = /** @type {any} */ (null);
  #changes = /** @type {any[]} */ ([]);
  #latest = /** @type {any} */ (null);
  #mediaBeganAtMs = Infinity;

  /** Another call, or another session of it. */
  clear() {
    this.#started = null;
    this.#changes = [];
    this.#latest = null;
    this.#mediaBeganAtMs = Infinity;
  }

  /** @param {any} event of the server, with receivedAt */
  take(event) {
    if (event.type === "session_started") this.#started = event;
    if (event.type === "state_changed") this.#changes = [...this.#changes, event].slice(-CHANGES_KEPT);
    if (!DATED.has(event.type)) return;
    this.#latest = event;
    this.#mediaBeganAtMs = Math.min(this.#mediaBeganAtMs, event.receivedAt - event.media_s * 1000);
  }

  /**
   * @param {number | null} atMs now, in milliseconds since the epoch; null once nothing goes on
   * @returns {{spans: import("../timeline.js").Span[], endS: number}}
   */
  read(atMs) {
    const events = [this.#started, ...this.#changes, this.#latest].filter(Boolean);
    const goesOn = atMs !== null && Number.isFinite(this.#mediaBeganAtMs);
    // What holds now has held until now, a change of this very moment as well.
    const { spans, endS } = readTimeline(goesOn ? [...events, { media_s: (atMs - this.#mediaBeganAtMs) / 1000 }] : events);
    return { spans, endS };
  }
}
