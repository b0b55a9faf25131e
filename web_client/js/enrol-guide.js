/** What somebody who is being enrolled should do now, and how far it has come; touches no page. */

import { lookUp } from "./look-up.js";
import { ENGLISH, fill } from "./words.js";

const ICONS = {
  keep_talking: "talk",
  come_closer: "closer",
  more_light: "light",
  less_light: "light",
  hold_still: "still",
  turn_a_little: "turn",
  one_person_only: "alone",
  face_changed: "alone",
  voice_changed: "alone",
  speak_up: "talk",
  quieter_place: "quiet",
};
/** What the person does right, as far as it goes: not to be shown as a fault. */
const GOING_WELL = new Set(["keep_talking", "keep_looking"]);

/** @typedef {import("./words.js").Words} Words */
/** @typedef {{icon: string, text: string, well: boolean}} Advice */

/** Before anything was measured. @param {Words} [words] @returns {Advice} */
export const firstAdvice = (words = ENGLISH) => ({ icon: "look", text: words.texts.enrol.first, well: true });

/**
 * @param {{missing: string[], complete?: boolean}} progress an enrolment_progress event
 * @param {Words} [words]
 * @returns {Advice} the one thing to do now
 */
export function adviceFor({ missing: [first], complete = false }, words = ENGLISH) {
  if (first) return { icon: lookUp(ICONS, first) ?? "look", text: words.sayHint(first), well: GOING_WELL.has(first) };
  return { icon: "done", text: complete ? words.texts.enrol.storing : words.texts.enrol.going, well: true };
}

/** @param {{missing: string[]}} progress @param {Words} [words] @returns {string[]} what else is missing */
export const furtherAdvice = ({ missing }, words = ENGLISH) => missing.slice(1).map(words.sayHint);

/**
 * One half of what is needed, as a bar and in words.
 * @param {number} have @param {number | undefined} needed unknown before the server said it
 * @param {"views" | "seconds" | null} unit
 * @param {Words} [words]
 * @returns {{max: number, value: number, full: boolean, text: string}}
 */
export function partOf(have, needed, unit, words = ENGLISH) {
  const max = needed || 1;
  const enough = needed ? Math.min(have, needed) : have;
  const { enrol } = words.texts;
  const said = inDigits(enough, words.tag);
  const part = needed ? fill(enrol.of, { have: said, needed: inDigits(Math.round(needed), words.tag) }) : said;
  return {
    max,
    value: Math.min(have, max),
    full: Boolean(needed) && have >= max,
    text: unit ? fill(enrol[unit], { part }) : part,
  };
}

/**
 * What there is to say once somebody is enrolled.
 * @param {{speech_s: number, faces: number, added?: true | null}} enrolled
 * @param {Words} [words]
 */
export function doneText({ speech_s: speech, faces, added }, words = ENGLISH) {
  const { learnt, learntMore } = words.texts.enrol;
  return fill(added ? learntMore : learnt, { seconds: Math.round(speech), faces });
}

/** @param {number} value @param {string} tag of a language */
const inDigits = (value, tag) => value.toLocaleString(tag, { minimumFractionDigits: Number.isInteger(value) ? 0 : 1, maximumFractionDigits: 1 });
