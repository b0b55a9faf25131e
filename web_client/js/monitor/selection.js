/** Which calls pass a filter, and how many there are of each kind; touches no page. */

import { lookUp } from "../look-up.js";
import { WORRY } from "./call.js";

/** @typedef {import("./call.js").Call} Call */

/** @param {string} typed @returns {string[]} the words that a call must have all of */
export const wordsOf = (typed) => typed.toLowerCase().split(/\s+/).filter(Boolean);

/**
 * @param {Call[]} calls
 * @param {{words: string[], tones: Set<string>}} wanted no tones: all of them
 * @returns {Call[]} those that pass, in the same order
 */
export function passing(calls, { words, tones }) {
  return calls.filter(({ identity, session, tone }) => {
    const text = `${identity ?? ""} ${session}`.toLowerCase();
    return (tones.size === 0 || tones.has(tone)) && words.every((word) => text.includes(word));
  });
}

/** @param {Call[]} calls @returns {Record<string, number>} how many are of each tone, of none included */
export function countTones(calls) {
  const counts = Object.fromEntries(WORRY.map((tone) => [tone, 0]));
  for (const { tone } of calls) counts[tone] = (lookUp(counts, tone) ?? 0) + 1;
  return counts;
}
