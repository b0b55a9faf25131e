/** All calls that the monitor knows, and the order in which a person should look at them. */

import { Call, WORRY } from "./call.js";

/** As many ended calls as the server keeps. */
const MOST_ENDED = 200;
/** No event is on its way for so long: one of the two clocks was set. */
const SET_MS = 60_000;

export class Calls {
  #calls = /** @type {Map<string, Call>} */ (new Map());
  #skewMs = Infinity;

  /** The server's wall time now, as far as its events tell it. */
  get now() {
    return Date.now() - (Number.isFinite(this.#skewMs) ? this.#skewMs : 0);
  }

  /** @param {string} session @returns {Call | undefined} */
  get(session) {
    return this.#calls.get(session);
  }

  /** Takes in a live event. @param {any} event @returns {Call} whose it is */
  apply(event) {
    const skewMs = Date.now() - Date.parse(event.wall);
    this.#skewMs = skewMs - this.#skewMs > SET_MS ? skewMs : Math.min(this.#skewMs, skewMs);
    const call = this.#known(event.session);
    call.take([event]);
    if (!call.running) this.#forgetOldest();
    return call;
  }

  /**
   * Takes in the server's list; running calls that are not on it have ended unseen.
   * @param {any[]} rows of `GET /calls`
   */
  load(rows) {
    const listed = new Set(rows.map((row) => row.session ?? row.id));
    for (const row of rows) this.#known(row.session ?? row.id).introduce(row);
    for (const call of this.running()) if (!listed.has(call.session)) call.giveUp(this.now);
    this.#forgetOldest();
  }

  /** @returns {Call[]} most worrying first, then those that have been so for longest */
  running() {
    return [...this.#calls.values()].filter((call) => call.running).sort(byWorry);
  }

  /** @returns {Call[]} the last first */
  ended() {
    return [...this.#calls.values()].filter((call) => !call.running).sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
  }

  #known(session) {
    const call = this.#calls.get(session) ?? new Call(session);
    this.#calls.set(session, call);
    return call;
  }

  #forgetOldest() {
    for (const { session } of this.ended().slice(MOST_ENDED)) this.#calls.delete(session);
  }
}

function byWorry(one, other) {
  return (
    WORRY.indexOf(one.tone) - WORRY.indexOf(other.tone) ||
    (one.stateSince ?? Infinity) - (other.stateSince ?? Infinity) ||
    one.session.localeCompare(other.session)
  );
}
