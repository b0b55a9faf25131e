/** Choosing what to do and with whom, and the consent without which nobody is enrolled. */

import { showError } from "./alert.js";
import { byId, make, setText } from "./dom.js";
import { consentFor } from "./words.js";

const form = byId("start-form");

export class SetupForm {
  #known = /** @type {() => string[]} */ (() => []);
  #chosen = false;

  /**
   * @param {object} options
   * @param {() => string[]} options.known  the names that are enrolled
   * @param {() => void} options.onStart    the form was sent
   */
  constructor({ known, onStart }) {
    this.#known = known;
    form.addEventListener("submit", (event) => { event.preventDefault(); onStart(); });
    // A click on what is chosen already changes nothing, and is a choice all the same; whoever stands in
    // a field has read what is above it.
    form.addEventListener("click", () => { this.#chosen = true; });
    form.addEventListener("focusin", ({ target }) => { this.#chosen ||= target.matches("input, select"); });
    form.addEventListener("change", () => { this.#chosen = true; this.show(); });
    byId("identity-name").addEventListener("input", () => { this.#chosen = true; this.#onNameChanged(); });
    byId("identity-choice").addEventListener("change", ({ target }) => {
      byId("identity-name").value = target.value;
      this.#onNameChanged();
    });
  }

  /** The name as typed, without blanks around it. */
  get identity() {
    return byId("identity-name").value.trim();
  }

  get #mode() {
    return form.elements.mode.value;
  }

  /** @param {string} name @param {"verify" | "enrol"} mode */
  choose(name, mode = "verify") {
    this.#chosen ||= Boolean(name) || mode === "enrol";
    form.elements.mode.value = mode;
    byId("identity-name").value = name;
    this.#onNameChanged();
  }

  /**
   * Offers the enrolled people as a choice. While nobody is, there is nobody to verify: then, as long
   * as nothing was chosen or typed, the page stands on enrolling. Without the right to see the list
   * the field remains.
   */
  offer() {
    const first = make("option", { value: "" }, "Choose somebody enrolled …");
    const names = this.#known().map((value) => make("option", { value }, value));
    byId("identity-choice").replaceChildren(first, ...names);
    if (!this.#chosen) form.elements.mode.value = names.length ? "verify" : "enrol";
    this.show();
  }

  show() {
    const enrolling = this.#mode === "enrol";
    const consent = consentFor(this.identity || "…");
    const choice = byId("identity-choice");
    choice.hidden = enrolling || !this.#known().length;
    choice.value = this.#known().includes(this.identity) ? this.identity : "";
    byId("consent-box").hidden = !enrolling;
    byId("existing").hidden = !this.#known().includes(this.identity);
    setText(byId("consent-subject"), consent.subject);
    setText(byId("consent-purpose"), consent.purpose);
    setText(byId("consent-text"), consent.text);
    setText(byId("start"), enrolling ? "Start enrolling" : "Start verifying");
    setText(byId("name-help"), enrolling ? "The name to enrol under." : "Who should be in the call?");
  }

  /** Reads the form; null (and the complaint shown) where something is missing. */
  read() {
    const enrolling = this.#mode === "enrol";
    if (!this.identity) return complain("Name is missing", "Type a name, or choose somebody enrolled.", byId("identity-name"));
    if (enrolling && !byId("consent").checked) {
      return complain("Consent is missing", "Read the consent and tick the box below it. Without it nobody is enrolled.", byId("consent"));
    }
    return {
      mode: this.#mode,
      identity: this.identity,
      consent: enrolling ? shownConsent() : null,
      replace: enrolling && byId("replace").checked,
      add: enrolling && byId("add").checked,
    };
  }

  #onNameChanged() {
    byId("consent").checked = false; // What was agreed to named somebody else.
    byId("replace").checked = byId("add").checked = false;
    this.show();
  }
}

function shownConsent() {
  return {
    subject: byId("consent-subject").textContent,
    purpose: byId("consent-purpose").textContent,
    text: byId("consent-text").textContent,
  };
}

function complain(title, message, field) {
  showError({ code: "form", title, message });
  field.focus();
  return null;
}
