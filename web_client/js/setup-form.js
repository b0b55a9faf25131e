/** Choosing what to do and with whom, and the consent without which nobody is enrolled. */

import { showError } from "./alert.js";
import { byId, setText } from "./dom.js";
import { consentFor } from "./words.js";

const form = byId("start-form");

export class SetupForm {
  #known = /** @type {() => string[]} */ (() => []);

  /**
   * @param {object} options
   * @param {() => string[]} options.known  the names that are enrolled
   * @param {() => void} options.onStart    the form was sent
   */
  constructor({ known, onStart }) {
    this.#known = known;
    form.addEventListener("submit", (event) => { event.preventDefault(); onStart(); });
    form.addEventListener("change", () => this.show());
    byId("identity-name").addEventListener("input", () => this.#onNameChanged());
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
    form.elements.mode.value = mode;
    byId("identity-name").value = name;
    this.#onNameChanged();
  }

  show() {
    const enrolling = this.#mode === "enrol";
    const consent = consentFor(this.identity || "…");
    byId("consent-box").hidden = !enrolling;
    byId("replace-row").hidden = !this.#known().includes(this.identity);
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
    };
  }

  #onNameChanged() {
    byId("consent").checked = false; // What was agreed to named somebody else.
    byId("replace").checked = false;
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
