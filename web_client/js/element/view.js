// @ts-check
/** The badge: one glance says the state, one click says why. */

import { Details } from "./details.js";
import { make, setLines, setText } from "./dom.js";
import { icon } from "./icons.js";
import { isOn } from "./model.js";
import { fill } from "../words.js";
import { say } from "./words.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../words.js").Words} Words */

/** @typedef {{spans: import("../timeline.js").Span[], endS: number}} Timeline */

export class View {
  root;
  #icon = make("span", { part: "icon", class: "icon" });
  #name = make("span", { part: "state", class: "name" });
  #text = make("span", { part: "text", class: "text" });
  #reasons = make("ul", { part: "reasons", class: "reasons" });
  #problemTitle = make("strong");
  #problemText = make("span");
  #problem = make("p", { part: "problem", class: "problem" }, this.#problemTitle, " ", this.#problemText);
  #note = make("p", { part: "note", class: "quiet note" });
  #control = make("button", { type: "button", part: "control", class: "control" });
  #spoken = make("div", { class: "spoken", role: "status" });
  #details = new Details();
  #badge;

  /** @param {{control: () => void, toggle: () => void}} on */
  constructor(on) {
    const words = make("span", { class: "words" }, this.#name, this.#text);
    const chevron = make("span", { class: "chevron" }, icon("chevron"));
    this.#badge = make("button", {
      type: "button", part: "badge", class: "badge", "aria-expanded": "false", "aria-controls": "details",
    }, this.#icon, words, chevron);
    this.#badge.addEventListener("click", on.toggle);
    this.#control.addEventListener("click", on.control);
    this.root = make("div", { part: "panel", class: "panel", role: "group" },
      this.#badge, this.#reasons, this.#problem,
      make("div", { class: "foot" }, this.#note, this.#control), this.#details.root, this.#spoken);
  }

  /** Says in a language what is said whatever happens. @param {Words} words */
  speak(words) {
    words.mark(this.root);
    this.root.setAttribute("aria-label", words.texts.badge.label);
    this.#details.speak(words);
  }

  /** @param {Model} model @param {{who: string, server: string, controls: boolean}} about @param {Words} words */
  show(model, { who, server, controls }, words) {
    const { name, text, reasons, problem } = say(model, who, words);
    this.#showStatus(model.status);
    setText(this.#name, name);
    setText(this.#text, text);
    setLines(this.#reasons, reasons);
    this.#problem.hidden = !problem;
    setText(this.#problemTitle, problem?.title ? `${problem.title}.` : "");
    setText(this.#problemText, problem?.message ?? "");
    setText(this.#note, fill(noteOf(model, words), { server }));
    this.#control.hidden = !controls;
    setText(this.#control, controlOf(model, words));
    this.#speak(model, `${name}. ${text} ${[...reasons, problem?.message ?? ""].join(" ")}`);
  }

  /** @param {Timeline} timeline @param {Model} model @param {Words} words */
  showDetails(timeline, model, words) {
    this.#details.show(timeline, model.evidence, isOn(model), words);
  }

  /** Whether the details are open. */
  get open() {
    return !this.#details.root.hidden;
  }

  set open(open) {
    this.#details.root.hidden = !open;
    this.#badge.setAttribute("aria-expanded", String(open));
  }

  /** @param {string} status */
  #showStatus(status) {
    if (this.root.dataset.status === status) return;
    this.root.dataset.status = status;
    this.#icon.replaceChildren(icon(status));
  }

  /** Only what begins to hold: reasons come and go too often to be read out. @param {Model} model @param {string} words */
  #speak({ status, problem }, words) {
    const about = `${status} ${problem?.code ?? ""}`;
    if (this.#spoken.dataset.about === about) return;
    const first = this.#spoken.dataset.about === undefined;
    this.#spoken.dataset.about = about;
    if (!first) setText(this.#spoken, words.trim());
  }
}

/** It must be plain that somebody looks on. @param {Model} model @param {Words} words */
function noteOf(model, { texts: { badge } }) {
  if (model.status === "reconnecting") return badge.stillLooks;
  if (isOn(model)) return badge.looks;
  return model.status === "idle" ? badge.willLook : "";
}

/** @param {Model} model @param {Words} words */
function controlOf({ status }, { texts: { badge } }) {
  if (status === "idle") return badge.start;
  if (status === "asking") return badge.cancel;
  return status === "ended" || status === "failed" ? badge.startAgain : badge.stop;
}
