/** Guidance while somebody is being enrolled. */

import { byId, setLines, setText } from "./dom.js";
import { sayHint } from "./words.js";

export class EnrolView {
  start() {
    byId("enrol-progress").hidden = false;
    byId("enrol-done").hidden = true;
    this.showProgress({ speech_s: 0, faces: 0, missing: [] });
    setText(byId("hint"), "Look at the camera and read the text aloud.");
  }

  /** @param {any} progress an enrolment_progress event */
  showProgress({ speech_s: speech, speech_needed_s: speechNeeded, faces, faces_needed: facesNeeded, missing, complete }) {
    const root = byId("enrol-progress");
    root.dataset.complete = String(complete ?? false);
    showBar("speech", speech, speechNeeded, " s");
    showBar("faces", faces, facesNeeded, "");
    byId("more-hints").dataset.hints = missing.join(",");
    const [first, ...more] = missing.map(sayHint);
    setText(byId("hint"), first ?? (complete ? "That is enough. Storing…" : "Keep reading."));
    setLines(byId("more-hints"), more);
  }

  /** @param {any} enrolled an enrolled event */
  showDone({ identity, speech_s: speech, faces }) {
    byId("enrol-progress").hidden = true;
    byId("enrol-done").hidden = false;
    setText(byId("done-title"), `${identity} is enrolled`);
    setText(byId("done-text"), `Learnt from ${Math.round(speech)} s of speech and ${faces} views of the face. Picture and sound are gone; only numbers are kept, encrypted.`);
  }
}

function showBar(name, value, needed, unit) {
  const bar = byId(`${name}-bar`);
  bar.max = needed || 1;
  bar.value = Math.min(value, bar.max);
  const enough = needed ? Math.min(value, needed) : value;
  const have = Number.isInteger(enough) ? enough : enough.toFixed(1);
  setText(byId(`${name}-count`), needed ? `${have} of ${Math.round(needed)}${unit}` : `${have}${unit}`);
}
