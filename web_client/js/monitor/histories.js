/** Fetches what happened in calls before the page was opened, a few at a time. */

const AT_ONCE = 3;

export class Histories {
  #waiting = /** @type {Set<string>} */ (new Set());
  #known = /** @type {Set<string>} */ (new Set());
  #running = 0;
  #load;
  #onEvents;

  /**
   * @param {(session: string) => Promise<any[]>} load gets a call's events
   * @param {(session: string, events: any[]) => void} onEvents
   */
  constructor(load, onEvents) {
    this.#load = load;
    this.#onEvents = onEvents;
  }

  /** Asks for a call's events, once. @param {string} session */
  want(session) {
    if (this.#known.has(session)) return;
    this.#known.add(session);
    this.#waiting.add(session);
    this.#next();
  }

  /** What is known may have holes: everything counts as unknown again. */
  forget() {
    this.#known.clear();
  }

  #next() {
    for (const session of this.#waiting) {
      if (this.#running >= AT_ONCE) return;
      this.#waiting.delete(session);
      this.#fetch(session);
    }
  }

  async #fetch(session) {
    this.#running += 1;
    try {
      this.#onEvents(session, await this.#load(session));
    } catch {
      this.#known.delete(session); // Its card does without until it comes into view again.
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }
}
