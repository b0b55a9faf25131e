/** Guidance while somebody is being enrolled: what to do now, and how much is still needed. */

import { byId, setLines, setText } from "./dom.js";
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
const NOTHING_YET = Object.freeze({ speech_s: 0, faces: 0, missing: [] });

export class EnrolView {
  start() {
    byId("enrol-progress").hidden = byId("guide").hidden = false;
    byId("enrol-done").hidden = true;
    this.showProgress(NOTHING_YET);
    this.#guide("look", "Look at the camera and read the text aloud.", true);
  }

  /** @param {any} progress an enrolment_progress event */
  showProgress({ speech_s: speech, speech_needed_s: speechNeeded, faces, faces_needed: facesNeeded, missing, complete }) {
    byId("enrol-progress").dataset.complete = String(complete ?? false);
    showPart("speech", "talk", speech, speechNeeded, " s");
    showPart("faces", "alone", faces, facesNeeded, facesNeeded ? " views" : "");
    byId("more-hints").dataset.hints = missing.join(",");
    const [first, ...more] = missing;
    if (first) this.#guide(ICONS[first] ?? "look", sayHint(first), GOING_WELL.has(first));
    else this.#guide("done", complete ? "That is enough. Storing…" : "Keep reading.", true);
    byId("more").hidden = more.length === 0;
    setLines(byId("more-hints"), more.map(sayHint));
  }

  /** @param {any} enrolled an enrolled event */
  showDone({ identity, speech_s: speech, faces }) {
    byId("enrol-progress").hidden = byId("guide").hidden = true;
    byId("enrol-done").hidden = false;
    setText(byId("done-title"), `${identity} is enrolled`);
    setText(byId("done-text"), `Learnt from ${Math.round(speech)} s of speech and ${faces} views of the face. Picture and sound are gone; only numbers are kept, encrypted.`);
  }

  #guide(icon, text, well) {
    byId("guide").dataset.tone = well ? "well" : "act";
    byId("hint-icon").setAttribute("href", `icons.svg#${icon}`);
    setText(byId("hint"), text);
  }
}

function showPart(name, icon, value, needed, unit) {
  const bar = byId(`${name}-bar`);
  bar.max = needed || 1;
  bar.value = Math.min(value, bar.max);
  const full = Boolean(needed) && value >= needed;
  byId(`${name}-dial`).style.strokeDasharray = `${100 * (bar.value / bar.max)} 100`;
  byId(`${name}-dial`).classList.toggle("full", full);
  byId(`${name}-icon`).setAttribute("href", `icons.svg#${full ? "done" : icon}`);
  const enough = needed ? Math.min(value, needed) : value;
  const have = Number.isInteger(enough) ? enough : enough.toFixed(1);
  setText(byId(`${name}-count`), needed ? `${have} of ${Math.round(needed)}${unit}` : `${have}${unit}`);
}
