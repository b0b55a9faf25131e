// @ts-check
/** First what is agreed to, then what to do before the camera, then that it is done. */

import { adviceFor, doneText, firstAdvice, furtherAdvice, partOf } from "../enrol-guide.js";
import { fill } from "../words.js";
import { make, setLines, setText } from "./dom.js";
import { asks, isOn } from "./enrol-model.js";
import { icon } from "./icons.js";
import { sayMessage } from "./words.js";

/** @typedef {import("./enrol-model.js").EnrolModel} EnrolModel */
/** @typedef {import("../words.js").Words} Words */
/** @typedef {{who: string, purpose: string, text: string, lang: string, until: string, server: string}} Asked */

/** @type {Record<string, string>} */
const ICONS = { consent: "idle", asking: "asking", connecting: "connecting", enrolling: "waiting", reconnecting: "reconnecting", enrolled: "verified", failed: "failed" };
const NOTHING_YET = Object.freeze({ faces: 0, faces_needed: undefined, speech_s: 0, speech_needed_s: undefined });
export class EnrolView {
  root;
  #spoken = /** @type {[HTMLElement, keyof Words["texts"]["enrol"]][]} */ ([]);
  #icon = make("span", { part: "icon", class: "icon" });
  #title = make("h2", { part: "title", class: "name", tabindex: "-1" });
  #problem = make("p", { part: "problem", class: "problem", role: "alert" });
  #who = make("dd", { dir: "auto" });
  #purpose = make("dd", { dir: "auto" });
  #until = make("dd");
  #untilRow = make("div", {}, this.#said("dt", "until"), this.#until);
  #words = make("p", { part: "consent-text", class: "consent-text", dir: "auto" });
  #agreed = make("input", { type: "checkbox", part: "agreed" });
  #add = make("input", { type: "radio", name: "existing" });
  #replace = make("input", { type: "radio", name: "existing" });
  #existing = make("div", { class: "existing", role: "radiogroup", "aria-labelledby": "known" },
    this.#said("p", "known", { id: "known" }),
    make("label", { class: "check" }, this.#add, this.#said("span", "add")),
    make("label", { class: "check" }, this.#replace, this.#said("span", "replace")));
  #start = this.#said("button", "start", { type: "submit", part: "control", class: "control" });
  #form;
  #video = make("video", { part: "preview", class: "preview" });
  #advice = make("p", { part: "advice", class: "advice", role: "status" });
  #more = make("ul", { part: "hints", class: "reasons" });
  #faces = new Part();
  #speech = new Part();
  #stop = make("button", { type: "button", part: "control", class: "control" });
  #note = make("p", { part: "note", class: "quiet note" });
  #call;
  #done = make("p", { part: "done", class: "done", role: "status" });

  /** @param {{start: () => void, stop: () => void}} on */
  constructor(on) {
    this.#form = make("form", { part: "consent", class: "consent", novalidate: "" },
      make("dl", {}, make("div", {}, this.#said("dt", "who"), this.#who), make("div", {}, this.#said("dt", "whatFor"), this.#purpose), this.#untilRow),
      this.#words,
      make("label", { class: "check" }, this.#agreed, this.#said("span", "agree")), this.#existing,
      make("div", { class: "foot" }, this.#start));
    this.#form.addEventListener("submit", (event) => { event.preventDefault(); on.start(); });
    Object.assign(this.#video, { autoplay: true, muted: true, playsInline: true });
    this.#stop.addEventListener("click", on.stop);
    this.#call = make("div", { class: "call" }, this.#advice, this.#video, this.#more,
      make("div", { class: "parts" }, this.#faces.root, this.#speech.root),
      make("figure", {}, this.#said("figcaption", "readAloud", { class: "quiet" }), make("blockquote", { part: "passage" }, this.#said("slot", "passage", { name: "passage", dir: "auto" }))),
      make("div", { class: "foot" }, this.#note, this.#stop));
    this.root = make("div", { part: "panel", class: "panel", role: "group" },
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

  /** Says in a language what is said whatever happens. @param {Words} words */
  speak(words) {
    const { badge, enrol } = words.texts;
    words.mark(this.root);
    this.root.setAttribute("aria-label", enrol.label);
    this.#video.setAttribute("aria-label", enrol.camera);
    for (const [part, name] of this.#spoken) setText(part, enrol[name]);
    setText(this.#stop, badge.cancel);
    this.#faces.name = enrol.face;
    this.#speech.name = enrol.voice;
  }

  /** @param {EnrolModel} model @param {Asked} asked @param {Words} words */
  show(model, asked, words) {
    this.#head(model, asked.who, words);
    setText(this.#problem, model.problem ? sayMessage(model.problem, words) : "");
    this.#problem.hidden = !model.problem;
    this.#form.hidden = !asks(model);
    this.#call.hidden = !isOn(model) && model.status !== "asking";
    this.#done.hidden = model.status !== "enrolled";
    this.#existing.hidden = !model.known;
    this.#showAsked(asked, words);
    this.#showProgress(model, words);
    if (model.enrolled) setText(this.#done, doneText(model.enrolled, words));
  }

  /**
   * A part whose text is the language's.
   * @template {keyof HTMLElementTagNameMap} T
   * @param {T} tag @param {keyof Words["texts"]["enrol"]} name @param {Record<string, string>} [attributes]
   */
  #said(tag, name, attributes) {
    const part = make(tag, attributes);
    this.#spoken.push([part, name]);
    return part;
  }

  /** @param {EnrolModel} model @param {string} who @param {Words} words */
  #head({ status, problem }, who, words) {
    setText(this.#title, titleOf(status, problem?.code ?? "", who, words));
    if (this.root.dataset.status === status) return;
    const first = this.root.dataset.status === undefined;
    this.root.dataset.status = status;
    this.#icon.replaceChildren(icon(ICONS[status]));
    // What had the focus is hidden now; where nobody had touched it, nothing is taken from the page.
    const root = /** @type {ShadowRoot} */ (this.root.getRootNode());
    if (!first && root.activeElement) this.#title.focus();
  }

  /** @param {Asked} asked @param {Words} words */
  #showAsked({ who, purpose, text, lang, until, server }, { texts: { enrol } }) {
    setText(this.#who, who || enrol.nobody);
    setText(this.#purpose, purpose);
    setText(this.#until, until);
    this.#untilRow.hidden = !until;
    setText(this.#words, text);
    this.#words.lang = lang;
    setText(this.#note, fill(enrol.privacy, { server }));
  }

  /** @param {EnrolModel} model @param {Words} words */
  #showProgress({ progress, status }, words) {
    const { faces, faces_needed: facesNeeded, speech_s: speech, speech_needed_s: speechNeeded } = progress ?? NOTHING_YET;
    setText(this.#advice, waitingFor(status, words) ?? (progress ? adviceFor(progress, words) : firstAdvice(words)).text);
    setLines(this.#more, progress ? furtherAdvice(progress, words) : []);
    this.#faces.show(partOf(faces, facesNeeded, facesNeeded ? "views" : null, words));
    this.#speech.show(partOf(speech, speechNeeded, "seconds", words));
  }
}

/** One half of what is needed. */
class Part {
  root;
  #bar = make("progress");
  #name = make("span", { "aria-hidden": "true" });
  #text = make("span", { class: "llr" });

  constructor() {
    this.root = make("div", { class: "meter" }, this.#name, this.#bar, this.#text);
  }

  /** @param {string} name */
  set name(name) {
    setText(this.#name, name);
    this.#bar.setAttribute("aria-label", name);
  }

  /** @param {ReturnType<typeof partOf>} part */
  show({ max, value, text }) {
    Object.assign(this.#bar, { max, value });
    setText(this.#text, text);
  }
}

/** @param {string} status @param {string} code @param {string} who @param {Words} words */
function titleOf(status, code, who, words) {
  const { enrol } = words.texts;
  if (status === "failed") return words.sayError(code);
  if (status === "consent") return enrol.titleConsent;
  return fill(status === "enrolled" ? enrol.titleDone : enrol.title, { who });
}

/** @param {string} status @param {Words} words @returns {string | null} what there is to wait for */
function waitingFor(status, { texts: { badge, enrol } }) {
  if (status === "asking") return badge.allow;
  if (status === "connecting") return enrol.connecting;
  return status === "reconnecting" ? enrol.reconnecting : null;
}
