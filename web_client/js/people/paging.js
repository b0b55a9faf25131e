// @ts-check
/** Walks through a list that the server gives page by page; touches no page. */

export const SIZE = 50;

/**
 * @typedef {object} Answer
 * @property {any[]} identities
 * @property {string | null} next
 * @property {number} enrolled
 * @property {number} refused
 *
 * @typedef {object} Shown
 * @property {any[]} people
 * @property {number} first number of the first one, from 1
 * @property {number} page from 1
 * @property {boolean} more whether there is a next page
 * @property {number} enrolled
 * @property {number} refused
 */

/** Remembers where pages begin, so that one can go back. */
export class Paging {
  /** @type {(string | null)[]} */
  #starts = [null];
  #counts = /** @type {number[]} */ ([]);
  #page = 0;
  #next = /** @type {string | null} */ (null);
  #turn = 0;
  #ask;
  #query = /** @type {Record<string, string>} */ ({});

  /** @param {(query: Record<string, string>) => Promise<Answer>} ask */
  constructor(ask) {
    this.#ask = ask;
  }

  /** @param {Record<string, string>} query to begin anew with */
  begin(query) {
    this.#query = query;
    this.#starts = [null];
    this.#counts = [];
    this.#page = 0;
    return this.read();
  }

  next() {
    if (this.#next !== null) this.#starts[++this.#page] = this.#next;
    this.#next = null; // Until it is known: who clicks twice goes on once.
    return this.read();
  }

  previous() {
    this.#page = Math.max(0, this.#page - 1);
    return this.read();
  }

  /**
   * Reads this page, again if it was read before. A filtered answer may be short before the end: then
   * the server is asked on until the page is full.
   * @returns {Promise<Shown | null>} null where another page was asked for meanwhile
   */
  async read() {
    const turn = ++this.#turn;
    const people = [];
    let refused = 0;
    let cursor = this.#starts[this.#page] ?? null;
    for (;;) {
      const answer = await this.#ask({
        ...this.#query,
        limit: String(SIZE - people.length),
        ...(cursor === null ? {} : { cursor }),
      });
      if (turn !== this.#turn) return null;
      people.push(...answer.identities);
      refused += answer.refused;
      cursor = answer.next;
      if (cursor !== null && people.length < SIZE) continue;
      this.#next = cursor;
      this.#counts[this.#page] = people.length;
      const before = this.#counts.slice(0, this.#page).reduce((sum, count) => sum + count, 0);
      return { people, first: before + 1, page: this.#page + 1, more: cursor !== null, enrolled: answer.enrolled, refused };
    }
  }
}
