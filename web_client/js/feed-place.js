/** How far the feed of events has come, so that none is taken twice or missed unnoticed; touches no page. */

/** @typedef {{epoch: string, cursor: number}} Place the server's numbering, and the last number taken */

export class FeedPlace {
  /** Where to go on; null before anything was subscribed to. @type {Place | null} */
  after = null;

  /** @param {number} cursor that the server has come to */
  advance(cursor) {
    if (this.after && cursor > this.after.cursor) this.after = { ...this.after, cursor };
  }

  /** @param {number} cursor of an event @returns {boolean} whether it was not taken before */
  take(cursor) {
    if (this.after && cursor <= this.after.cursor) return false;
    this.advance(cursor);
    return true;
  }

  /**
   * @param {{epoch: string, cursor: number, lost: number | null}} subscribed the server's answer
   * @returns {{fresh: boolean, missed: {count: number | null} | null}} whether what was known before
   *   must be loaded anew, and how many events never came, where any did; null: nobody knows
   */
  join({ epoch, cursor, lost }) {
    const before = this.after;
    const same = before?.epoch === epoch;
    // What is replayed to who comes from another epoch may have any number.
    if (!same) this.after = { epoch, cursor: before ? 0 : cursor };
    const missed = before !== null && (lost === null || lost > 0 || !same);
    return { fresh: before === null || missed, missed: missed ? { count: lost || null } : null };
  }
}
