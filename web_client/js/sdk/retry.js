// @ts-check
/** When to try again after a connection was lost, and until when. */

const FIRST_MS = 250;
const LONGEST_MS = 1000;

/** Delays grow twofold up to 1 s, each shortened by chance so that clients do not come in step. */
export class Retry {
  /** How many attempts were made. */
  attempt = 0;
  #giveUpAtMs;
  #sinceMs = performance.now();
  #wake = () => {};

  /** @param {number} giveUpAfterMs from now */
  constructor(giveUpAfterMs) {
    this.#giveUpAtMs = this.#sinceMs + giveUpAfterMs;
  }

  /** Milliseconds since the loss. */
  get awayMs() {
    return performance.now() - this.#sinceMs;
  }

  /** Milliseconds until it is no use any more; timers of a hidden page may be late. */
  get leftMs() {
    return Math.max(0, this.#giveUpAtMs - performance.now());
  }

  /** How long the next connection may take to open. */
  get openCapMs() {
    return Math.min(2000 + 500 * this.attempt, 5000);
  }

  /** Waits before the next attempt; not at all before the first. */
  async wait() {
    const longestMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (this.attempt - 1));
    const delayMs = this.attempt === 0 ? 0 : longestMs * (0.5 + Math.random() / 2);
    this.attempt += 1;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(delayMs, this.leftMs));
      this.#wake = () => { clearTimeout(timer); resolve(undefined); };
    });
  }

  /** Ends the wait: the page is online or in view again. */
  hurry() {
    this.#wake();
  }
}
