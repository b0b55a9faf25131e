/** How large the cards of the board are, and where the arrow keys lead; touches no page. */

import { lookUp } from "../look-up.js";

/** Least width and usual height of a card and its gap in each size, in rem, from large to small. */
const SIZES = { l: [26.25, 19], m: [22, 16.5] };
const STEPS = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

/**
 * @param {number} count of cards @param {number} width @param {number} height of the board, in rem
 * @returns {"l" | "m" | "s"} the largest size in which all are in view at once
 */
export function sizeFor(count, width, height) {
  const fits = ([least, tall]) => Math.floor(width / least) * Math.floor(height / tall) >= count;
  return /** @type {"l" | "m" | undefined} */ (Object.keys(SIZES).find((size) => fits(SIZES[size]))) ?? "s";
}

/**
 * @param {string} key as events name it
 * @param {{at: number, count: number, columns: number}} board the place that has the focus, -1 for none
 * @returns {number | null} the place that gets it; null where the key leads nowhere
 */
export function placeAfter(key, { at, count, columns }) {
  const step = lookUp({ ...STEPS, ArrowDown: columns, ArrowUp: -columns }, key);
  return step === undefined || at < 0 ? null : Math.max(0, Math.min(count - 1, at + step));
}
