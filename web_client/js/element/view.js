// @ts-check
/** The badge: one glance says the state, one click says why. */

import { lookUp } from "../look-up.js";
import { Details } from "./details.js";
import { make, OURS, setLines, setText } from "./dom.js";
import { icon } from "./icons.js";
import { isOn } from "./model.js";
import { say } from "./words.js";

/** @typedef {import("./model.js").Model} Model */
/** @type {Record<string, string>} */
const CONTROLS = { idle: "Start", asking: "Cancel", ended: "Start again", failed: "Start again" };

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
    this.root = make("div", { part: "panel", class: "panel", role: "group", "aria-label": "Verification", ...OURS },
      this.#badge, this.#reasons, this.#problem,
      make("div", { class: "foot" }, this.#note, this.#control), this.#details.root, this.#spoken);
  }

  /** @param {Model} model @param {{who: string, server: string, controls: boolean}} about */
  show(model, { who, server, controls }) {
    const { name, text, reasons, problem } = say(model, who);
    this.#showStatus(model.status);
    setText(this.#name, name);
    setText(this.#text, text);
    setLines(this.#reasons, reasons);
    this.#problem.hidden = !problem;
    setText(this.#problemTitle, problem?.title ? `${problem.title}.` : "");
    setText(this.#problemText, problem?.message ?? "");
    setText(this.#note, noteOf(model, server));
    this.#control.hidden = !controls;
    setText(this.#control, lookUp(CONTROLS, model.status) ?? "Stop");
    this.#speak(model, `${name}. ${text} ${[...reasons, problem?.message ?? ""].join(" ")}`);
  }

  /** @param {Timeline} timeline @param {Model} model */
  showDetails(timeline, model) {
    this.#details.show(timeline, model.evidence, isOn(model));
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

/** It must be plain that somebody looks on. @param {Model} model @param {string} server */
function noteOf(model, server) {
  if (model.status === "reconnecting") return `Camera and microphone stay on for ${server}.`;
  if (isOn(model)) return `Camera and microphone are being checked by ${server}.`;
  if (model.status === "idle") return `Camera and microphone will be checked by ${server}.`;
  return "";
}
