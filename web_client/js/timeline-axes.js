/** The axes of a timeline: how far they reach and what is written on them; touches no page. */

import { clock } from "./timeline.js";

const LEAST_RANGE = 4;
const TICK_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const TICK_PX = 64;

/**
 * Even, and the same above and below zero, so that the middle is always even odds.
 * @param {Pick<import("./timeline.js").Timeline, "points" | "accept" | "reject">} timeline
 * @param {number} fromS media time from which on it is seen
 * @returns {number} log-odds at the upper edge
 */
export function rangeOf({ points, accept, reject }, fromS) {
  const seen = points.filter(({ atS }) => atS >= fromS).flatMap(({ face, voice, both }) => [face, voice, both]);
  let largest = LEAST_RANGE;
  for (const value of [...seen, accept, reject]) largest = Math.max(largest, Math.abs(value ?? 0));
  return 2 * Math.ceil(largest / 2);
}

/**
 * @param {{fromS: number, toS: number, live: boolean}} view live ones count back from now
 * @param {number} widthPx of the axis
 * @returns {{atS: number, text: string}[]} no closer than can be read
 */
export function ticksOf({ fromS, toS, live }, widthPx) {
  const lengthS = Math.max(1, toS - fromS);
  const stepS = TICK_STEPS_S.find((step) => lengthS / step <= widthPx / TICK_PX) ?? lengthS / 4;
  const ticks = [];
  for (let s = 0; s <= lengthS + 0.01; s += stepS) {
    ticks.push(live ? { atS: toS - s, text: s ? `−${clock(s)}` : "now" } : { atS: fromS + s, text: clock(fromS + s) });
  }
  return ticks;
}

/** @param {number} llr @returns {string} with its sign, a true minus among them */
export const signed = (llr) => (llr > 0 ? `+${llr}` : `${llr}`.replace("-", "−"));

/**
 * @param {string[]} texts the fullest first
 * @param {(text: string) => number} widthOf a text @param {number} room of the same unit
 * @returns {string} the first that fits, or none
 */
export const fitting = (texts, widthOf, room) => texts.find((text) => widthOf(text) <= room) ?? "";
