/** The events of one call, each once and in their order, and no more than can be drawn; touches no page. */

import { last } from "../look-up.js";
/** A call of hours is drawn and listed by its last so many events. */
const MOST_EVENTS = 5000;

export class Past {
  #events = /** @type {any[]} */ ([]);

  /** From first to last. @returns {readonly any[]} */
  get events() {
    return this.#events;
  }

  /** @param {any} event @returns {boolean} whether it is new; one from before the last is not */
  add(event) {
    if (event.seq <= (last(this.#events)?.seq ?? 0)) return false;
    this.#events.push(event);
    if (this.#events.length > MOST_EVENTS) this.#events.splice(1, 1); // The first holds the thresholds.
    return true;
  }

  /** Takes in what happened before, in any order, among what is known. @param {any[]} events */
  fill(events) {
    const all = new Map([...events, ...this.#events].map((event) => [event.seq, event]));
    this.#events = [];
    for (const event of [...all.values()].sort((a, b) => a.seq - b.seq)) this.add(event);
  }
}
