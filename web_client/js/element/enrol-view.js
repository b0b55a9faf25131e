// @ts-check
/** First what is agreed to, then what to do before the camera, then that it is done. */

import { adviceFor, doneText, FIRST_ADVICE, furtherAdvice, partOf } from "../enrol-guide.js";
import { lookUp } from "../look-up.js";
import { sayError } from "../words.js";
import { make, OURS, setLines, setText } from "./dom.js";
import { asks, isOn } from "./enrol-model.js";
import { icon } from "./icons.js";

/** @typedef {import("./enrol-model.js").EnrolModel} EnrolModel */
/** @typedef {{who: string, purpose: string, text: string, lang: string, until: string, server: string}} Asked */

/** @type {Record<string, string>} */
const ICONS = { consent: "idle", asking: "asking", connecting: "connecting", enrolling: "waiting", reconnecting: "reconnecting", enrolled: "verified", failed: "failed" };
/** @type {Record<string, string>} */
const WAITING = {
  asking: "Allow camera and microphone in the question that your browser asks.",
  connecting: "Connecting. Nothing is measured yet.",
  reconnecting: "The connection was lost. Please wait.",
};
const NOTHING_YET = Object.freeze({ faces: 0, faces_needed: undefined, speech_s: 0, speech_needed_s: undefined });
const PASSAGE =
  "The North Wind and the Sun were arguing about which of them was the stronger, when a traveller came along " +
  "wrapped in a warm cloak. They agreed that the one who first made the traveller take his cloak off should be " +
  "considered the stronger. Then the North Wind blew as hard as he could, but the more he blew, the more closely " +
  "did the traveller fold his cloak around him, and at last the North Wind gave up.";

export class EnrolView {
  root;
  #icon = make("span", { part: "icon", class: "icon" });
  #title = make("h2", { part: "title", class: "name", tabindex: "-1" });
  #problem = make("p", { part: "problem", class: "problem", role: "alert" });
  #who = make("dd", { dir: "auto" });
  #purpose = make("dd", { dir: "auto" });
  #until = make("dd");
  #untilRow = make("div", {}, make("dt", {}, "Until"), this.#until);
  #words = make("p", { part: "consent-text", class: "consent-text", dir: "auto" });
  #agreed = make("input", { type: "checkbox", part: "agreed" });
  #add = make("input", { type: "radio", name: "existing" });
  #replace = make("input", { type: "radio", name: "existing" });
  #existing = make("div", { class: "existing", role: "radiogroup", "aria-label": "This name is enrolled already" },
    make("p", {}, "This name is enrolled already."),
    make("label", { class: "check" }, this.#add, make("span", {}, "Add to what is stored. Another mood, room or microphone makes this person known better.")),
    make("label", { class: "check" }, this.#replace, make("span", {}, "Replace what is stored.")));
  #start = make("button", { type: "submit", part: "control", class: "control" }, "Start enrolling");
  #form;
  #video = make("video", { part: "preview", class: "preview", "aria-label": "Your camera, mirrored" });
  #advice = make("p", { part: "advice", class: "advice", role: "status" });
  #more = make("ul", { part: "hints", class: "reasons" });
  #faces = new Part("Face");
  #speech = new Part("Voice");
  #note = make("p", { part: "note", class: "quiet note" });
  #call;
  #done = make("p", { part: "done", class: "done", role: "status" });

  /** @param {{start: () => void, stop: () => void}} on */
  constructor(on) {
    this.#form = make("form", { part: "consent", class: "consent", novalidate: "" },
      make("dl", {}, make("div", {}, make("dt", {}, "Who"), this.#who), make("div", {}, make("dt", {}, "What for"), this.#purpose), this.#untilRow),
      this.#words,
      make("label", { class: "check" }, this.#agreed, make("span", {}, "I have read this and I agree.")), this.#existing,
      make("div", { class: "foot" }, this.#start));
    this.#form.addEventListener("submit", (event) => { event.preventDefault(); on.start(); });
    Object.assign(this.#video, { autoplay: true, muted: true, playsInline: true });
    const stop = make("button", { type: "button", part: "control", class: "control" }, "Cancel");
    stop.addEventListener("click", on.stop);
    const passage = make("slot", { name: "passage", dir: "auto" }, PASSAGE);
    this.#call = make("div", { class: "call" }, this.#advice, this.#video, this.#more,
      make("div", { class: "parts" }, this.#faces.root, this.#speech.root),
      make("figure", {}, make("figcaption", { class: "quiet" }, "Please read aloud, in your normal voice:"), make("blockquote", { part: "passage" }, passage)),
      make("div", { class: "foot" }, this.#note, stop));
    this.root = make("div", { part: "panel", class: "panel", role: "group", "aria-label": "Enrolment", ...OURS },
      make("div", { class: "badge head" }, this.#icon, this.#title), this.#problem, this.#form, this.#call, this.#done);
  }

  /** Whether the words as they stand were agreed to. */
  get agreed() {
    return this.#agreed.checked;
  }

  /** Whether an enrolled reference may go. */
  get replaces() {
    return this.#replace.checked;
  }

  /** Whether to add to one. */
  get adds() {
    return this.#add.checked;
  }

  /** Other words, or another person: nobody has agreed to these. */
  disagree() {
    this.#agreed.checked = this.#replace.checked = this.#add.checked = false;
  }

  /** Takes whoever uses the keyboard to what is missing. */
  pointAtConsent() {
    this.#agreed.focus();
  }

  /** @param {MediaStream | null} stream that is sent */
  preview(stream) {
    if (this.#video.srcObject !== stream) this.#video.srcObject = stream;
  }

  /** @param {EnrolModel} model @param {Asked} asked */
  show(model, asked) {
    this.#head(model, asked.who);
    setText(this.#problem, model.problem?.message ?? "");
    this.#problem.hidden = !model.problem;
    this.#form.hidden = !asks(model);
    this.#call.hidden = !isOn(model) && model.status !== "asking";
    this.#done.hidden = model.status !== "enrolled";
    this.#existing.hidden = !model.known;
    this.#showAsked(asked);
    this.#showProgress(model);
    if (model.enrolled) setText(this.#done, doneText(model.enrolled));
  }

  /** @param {EnrolModel} model @param {string} who */
  #head({ status, problem }, who) {
    setText(this.#title, titleOf(status, problem?.code ?? "", who));
    if (this.root.dataset.status === status) return;
    const first = this.root.dataset.status === undefined;
    this.root.dataset.status = status;
    this.#icon.replaceChildren(icon(ICONS[status]));
    // What had the focus is hidden now; where nobody had touched it, nothing is taken from the page.
    const root = /** @type {ShadowRoot} */ (this.root.getRootNode());
    if (!first && root.activeElement) this.#title.focus();
  }

  /** @param {Asked} asked */
  #showAsked({ who, purpose, text, lang, until, server }) {
    setText(this.#who, who || "Nobody is named yet.");
    setText(this.#purpose, purpose);
    setText(this.#until, until);
    this.#untilRow.hidden = !until;
    setText(this.#words, text);
    this.#words.lang = lang;
    setText(this.#note, `Camera and microphone go to ${server} alone. No picture and no sound is kept.`);
  }

  /** @param {EnrolModel} model */
  #showProgress({ progress, status }) {
    const { faces, faces_needed: facesNeeded, speech_s: speech, speech_needed_s: speechNeeded } = progress ?? NOTHING_YET;
    setText(this.#advice, lookUp(WAITING, status) ?? (progress ? adviceFor(progress) : FIRST_ADVICE).text);
    setLines(this.#more, progress ? furtherAdvice(progress) : []);
    this.#faces.show(partOf(faces, facesNeeded, facesNeeded ? " views" : ""));
    this.#speech.show(partOf(speech, speechNeeded, " s"));
  }
}

/** One half of what is needed. */
class Part {
  root;
  #bar = make("progress");
  #text = make("span", { class: "llr" });

  /** @param {string} name */
  constructor(name) {
    this.#bar.setAttribute("aria-label", name);
    this.root = make("div", { class: "meter" }, make("span", { "aria-hidden": "true" }, name), this.#bar, this.#text);
  }

  /** @param {ReturnType<typeof partOf>} part */
  show({ max, value, text }) {
    Object.assign(this.#bar, { max, value });
    setText(this.#text, text);
  }
}

/** @param {string} status @param {string} code @param {string} who */
function titleOf(status, code, who) {
  if (status === "enrolled") return `${who} is enrolled`;
  if (status === "failed") return sayError(code);
  if (status === "consent") return "Your consent";
  return `Enrolling ${who}`;
}
