// @ts-check
/** Puts numbered events in their place: each once, and none missing unnoticed. */

export class Numbering {
  /** The number of the last event taken; 0 before any. */
  last = 0;
  #untold = 0;

  /** How many events up to that one the server kept back on purpose. */
  get untold() {
    return this.#untold;
  }

  /** Another session numbers from 1 again. */
  reset() {
    this.last = this.#untold = 0;
  }

  /**
   * @param {unknown} seq of the event; what has none is always new
   * @param {number} [untold] how many events before it the server keeps back on purpose
   * @returns {{isNew: boolean, lost: number}} whether it was not taken before, and how many before
   *   it never came
   */
  take(seq, untold = this.#untold) {
    if (typeof seq !== "number") return { isNew: true, lost: 0 };
    if (seq <= this.last) return { isNew: false, lost: 0 };
    const lost = Math.max(0, seq - this.last - 1 - (untold - this.#untold));
    this.last = seq;
    this.#untold = untold;
    return { isNew: true, lost };
  }
}
