/** Guidance while somebody is being enrolled: what to do now, and how much is still needed. */

import { byId, setLines, setText } from "./dom.js";
import { adviceFor, doneText, firstAdvice, furtherAdvice, partOf } from "./enrol-guide.js";

const NOTHING_YET = Object.freeze({ speech_s: 0, faces: 0, missing: [] });

export class EnrolView {
  start() {
    byId("enrol-progress").hidden = byId("guide").hidden = false;
    byId("enrol-done").hidden = true;
    this.showProgress(NOTHING_YET);
    showAdvice(firstAdvice());
  }

  /** @param {any} progress an enrolment_progress event */
  showProgress(progress) {
    const { speech_s: speech, speech_needed_s: speechNeeded, faces, faces_needed: facesNeeded } = progress;
    byId("enrol-progress").dataset.complete = String(progress.complete ?? false);
    showPart("speech", "talk", partOf(speech, speechNeeded, "seconds"));
    showPart("faces", "alone", partOf(faces, facesNeeded, facesNeeded ? "views" : null));
    byId("more-hints").dataset.hints = progress.missing.join(",");
    showAdvice(adviceFor(progress));
    const more = furtherAdvice(progress);
    byId("more").hidden = more.length === 0;
    setLines(byId("more-hints"), more);
  }

  /** @param {any} enrolled an enrolled event */
  showDone(enrolled) {
    byId("enrol-progress").hidden = byId("guide").hidden = true;
    byId("enrol-done").hidden = false;
    setText(byId("done-title"), `${enrolled.identity} is enrolled`);
    setText(byId("retake"), enrolled.added ? "Add more" : "Retake");
    setText(byId("done-text"), doneText(enrolled));
  }
}

/** @param {import("./enrol-guide.js").Advice} advice */
function showAdvice({ icon, text, well }) {
  byId("guide").dataset.tone = well ? "well" : "act";
  byId("hint-icon").setAttribute("href", `icons.svg#${icon}`);
  setText(byId("hint"), text);
}

function showPart(name, icon, { max, value, full, text }) {
  Object.assign(byId(`${name}-bar`), { max, value });
  byId(`${name}-dial`).style.strokeDasharray = `${100 * (value / max)} 100`;
  byId(`${name}-dial`).classList.toggle("full", full);
  byId(`${name}-icon`).setAttribute("href", `icons.svg#${full ? "done" : icon}`);
  setText(byId(`${name}-count`), text);
}
