/** What somebody who is being enrolled should do now, and how far it has come; touches no page. */

import { lookUp } from "./look-up.js";
import { sayHint } from "./words.js";

const ICONS = {
  keep_talking: "talk",
  come_closer: "closer",
  more_light: "light",
  hold_still: "still",
  turn_a_little: "turn",
  one_person_only: "alone",
  face_changed: "alone",
  voice_changed: "alone",
  quieter_place: "quiet",
};
/** What the person does right, as far as it goes: not to be shown as a fault. */
const GOING_WELL = new Set(["keep_talking", "keep_looking"]);

/** @typedef {{icon: string, text: string, well: boolean}} Advice */

/** Before anything was measured. @type {Advice} */
export const FIRST_ADVICE = Object.freeze({ icon: "look", text: "Look at the camera and read the text aloud.", well: true });

/**
 * @param {{missing: string[], complete?: boolean}} progress an enrolment_progress event
 * @returns {Advice} the one thing to do now
 */
export function adviceFor({ missing: [first], complete = false }) {
  if (first) return { icon: lookUp(ICONS, first) ?? "look", text: sayHint(first), well: GOING_WELL.has(first) };
  return { icon: "done", text: complete ? "That is enough. Storing…" : "Keep reading.", well: true };
}

/** @param {{missing: string[]}} progress @returns {string[]} what else is missing */
export const furtherAdvice = ({ missing }) => missing.slice(1).map(sayHint);

/**
 * One half of what is needed, as a bar and in words.
 * @param {number} have @param {number | undefined} needed unknown before the server said it
 * @param {string} unit with its blank
 * @returns {{max: number, value: number, full: boolean, text: string}}
 */
export function partOf(have, needed, unit) {
  const max = needed || 1;
  const enough = needed ? Math.min(have, needed) : have;
  const text = `${Number.isInteger(enough) ? enough : enough.toFixed(1)}`;
  return {
    max,
    value: Math.min(have, max),
    full: Boolean(needed) && have >= max,
    text: needed ? `${text} of ${Math.round(needed)}${unit}` : `${text}${unit}`,
  };
}

/**
 * What there is to say once somebody is enrolled.
 * @param {{speech_s: number, faces: number, added?: true | null}} enrolled
 */
export function doneText({ speech_s: speech, faces, added }) {
  return `${added ? "Now learnt" : "Learnt"} from ${Math.round(speech)} s of speech and ${faces} views of the face. Picture and sound are gone; only numbers are kept, encrypted.`;
}
