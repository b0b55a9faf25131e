/** When a rejected call is an alarm, and how it reads; touches no page. */

import { sayShortly } from "../words.js";

/** Many at once are one alarm. */
const PAUSE_MS = 1500;

export class Alarm {
  #lastAt = -Infinity;

  /** @param {number} nowMs @returns {boolean} whether to raise it */
  raise(nowMs) {
    if (nowMs - this.#lastAt < PAUSE_MS) return false;
    this.#lastAt = nowMs;
    return true;
  }
}

/** @param {{identity: string | null, reasons: string[], session: string}} call @returns {{title: string, body: string, tag: string}} */
export function noticeOf({ identity, reasons, session }) {
  return { title: `Rejected: ${identity ?? "a call"}`, body: sayShortly(reasons), tag: session };
}
