// @ts-check
/** From numbers to places: what every meter, chart and strip computes; touches no page. */

import { sayLlr, sayProbability } from "./words.js";

/** Where a meter of log-odds ends, to either side. */
export const METER_LLR = 10;

/** @param {number} value @param {number} limit @returns {number} no farther from 0 than the limit */
export const clamp = (value, limit) => Math.max(-limit, Math.min(limit, value));

/**
 * @param {readonly [number, number]} domain @param {readonly [number, number]} places
 * @returns {(value: number) => number} which takes the one's ends to the other's, evenly
 */
export function linear([from, to], [start, end]) {
  return (value) => start + ((value - from) / (to - from)) * (end - start);
}

/** @param {number} llr @returns {number} its place on a meter, in percent from the left */
export const meterPlace = (llr) => 50 + 50 * clamp(llr / METER_LLR, 1);

/** Which way evidence points, as people read it. */
const SIDES = Object.freeze({ "1": "for", "0": "unclear", "-1": "against" });

/**
 * A meter where only the direction is told: full to one side, or a little around the middle.
 * @param {-1 | 0 | 1} side
 * @returns {{left: number, width: number, sign: string, value: number, text: string}}
 */
export function sideBar(side) {
  const text = SIDES[`${side}`];
  if (side === 0) return { left: 40, width: 20, sign: text, value: 0, text };
  return { left: side > 0 ? 50 : 0, width: 50, sign: text, value: side * METER_LLR, text };
}

/**
 * The bar shows what the state hangs on, the words what is believed where that is told.
 * @param {number | null} llr null without evidence
 * @param {boolean} coarse whether it only tells the direction: -1, 0 or 1
 * @param {number | null} [believed] calibrated log-odds
 */
export function meterOf(llr, coarse, believed = null) {
  if (coarse && llr !== null) return sideBar(/** @type {-1 | 0 | 1} */ (llr));
  return { ...meterBar(llr), text: believed === null ? sayLlr(llr) : sayProbability(believed) };
}

/**
 * The bar of a meter: from the middle to the log-odds, or as far as the meter goes.
 * @param {number | null} llr null without evidence
 * @returns {{left: number, width: number, sign: "for" | "against", value: number}} left and width
 *   in percent; the value is what the meter shows
 */
export function meterBar(llr) {
  const value = clamp(llr ?? 0, METER_LLR);
  const place = meterPlace(value);
  return { left: Math.min(50, place), width: Math.abs(place - 50), sign: value < 0 ? "against" : "for", value };
}
