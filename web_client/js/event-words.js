/** An event of the server as one line for a person; touches no page. */

import { lookUp } from "./look-up.js";
import { meterOf } from "./scale.js";
import { readEvidence, SERIES } from "./timeline.js";
import { sayLlr } from "./words.js";

const UNTOLD = new Set(["v", "seq", "session", "type", "media_s", "wall", "receivedAt", "sdp", "boxes"]);

/** @type {Record<string, (event: any) => string>} */
const LINES = {
  score: (score) => {
    const { coarse, believed, ...levels } = readEvidence(score);
    const said = Object.entries(levels).map(
      ([name, level]) => `${SERIES[name].toLowerCase()} ${meterOf(level, coarse, believed?.[name]).text}`,
    );
    return `${said.join(" · ")}${listed(" · ", score.notes)}`;
  },
  state_changed: ({ previous, state, reasons }) => `${previous ?? "start"} → ${state}${listed(": ", reasons)}`,
  consent_expiring: ({ days_left: days }) => `the consent ends ${soon(days)}: ask for another one`,
  challenge_asked: ({ kind, turns, digits, screen, by, within_s: withinS, number, most, chance }) =>
    `${sayTask(kind, { turns, digits, screen })} · within ${withinS} s · asked by ${by} · ${number} of ${most}${chance ? ` · chance of a blind guess ${sayChance(chance)}` : ""}`,
  challenge_result: ({ kind, outcome, why }) => `${kind.replaceAll("_", " ")}: ${outcome.replaceAll("_", " ")}${why ? ` (${why.replaceAll("_", " ")})` : ""}${kind === "say_digits" ? " · words are not recognised" : ""}`,
  challenge_refused: ({ code, message }) => `${code}: ${message}`,
  error: ({ code, message }) => `${code}: ${message}`,
};

/** @param {any} event @returns {string} all that it says beyond its type and its time */
export const sayEvent = (event) => (lookUp(LINES, event.type) ?? sayFields)(event);

/** @param {any} event @returns {string} when it was in the media, if it was */
export const sayWhen = ({ media_s: atS }) => (atS === undefined || atS === null ? "" : `${atS.toFixed(1)} s`);

/** @param {string} before @param {string[] | undefined} words */
const listed = (before, words) => (words?.length ? `${before}${words.join(", ")}` : "");

/** @param {string} kind @param {{turns?: string[], digits?: string | null, screen?: {colours: string[]} | null}} drawn */
function sayTask(kind, { turns, digits, screen }) {
  if (screen) return `watch ${screen.colours.length} colours of the screen`;
  return kind === "say_digits" ? `say ${[...(digits ?? "")].join(" ")}` : `turn head ${(turns ?? []).join(", ")}`;
}

/** @param {number} chance */
const sayChance = (chance) => `1 in ${Math.round(1 / chance)}`;

/** @param {number} days */
const soon = (days) => (days < 1 ? "within a day" : `in ${days} ${days === 1 ? "day" : "days"}`);

/** What an event of no known type says. @param {object} event */
function sayFields(event) {
  return Object.entries(event)
    .filter(([key, value]) => !UNTOLD.has(key) && value !== null)
    .map(([key, value]) => `${key} ${tell(value)}`)
    .join(" · ");
}

/** @param {any} value */
function tell(value) {
  if (value?.accept !== undefined) return `${value.name} (verified from ${sayLlr(value.accept)} up, rejected from ${sayLlr(value.reject)} down)`;
  if (typeof value === "number") return Number(value.toFixed(2));
  return typeof value === "object" ? JSON.stringify(value) : value;
}
