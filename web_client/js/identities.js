/** The list of enrolled people: shown, chosen from, deleted from. */

import { read, remove } from "./api.js";
import { confirmed } from "./confirm.js";
import { byId, make } from "./dom.js";

/** Dispatches "chosen" (detail: name) and "failed" (detail: message). */
export class Identities extends EventTarget {
  /** @type {string[]} */
  names = [];
  #shown = "";

  async refresh() {
    try {
      const { identities, enrolled = 0 } = await read("identities");
      this.#show([...identities].sort(byName), enrolled);
    } catch (error) {
      this.#explain(error);
    }
  }

  /** Who may make a call need not be allowed to see the others: that is no failure. */
  #explain({ status, message }) {
    this.#shown = "";
    byId("people-empty").hidden = false;
    byId("people-empty").textContent = status === 403
      ? "Your token does not show who is enrolled. You can still make your call."
      : "The list could not be loaded.";
    if (status !== 403) this.#fail(`The list of enrolled people could not be loaded (${message}). Reload the page.`);
  }

  /** The same list is left as it is: a row that is rewritten under a click takes the click with it. */
  #show(identities, enrolled) {
    const shown = JSON.stringify([identities, enrolled]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.names = identities.map(({ name }) => name);
    byId("people").replaceChildren(...identities.map((identity) => this.#row(identity)));
    byId("known-names").replaceChildren(...this.names.map((value) => make("option", { value })));
    byId("people-empty").textContent = identities.length > 0
      ? `These are ${identities.length} of ${enrolled} people. Type the whole name of anybody else.`
      : "Nobody yet. Enrol somebody first.";
    byId("people-empty").hidden = identities.length > 0 && enrolled <= identities.length;
    this.dispatchEvent(new CustomEvent("changed"));
  }

  #row({ name, created_at: created }) {
    const choose = make("button", { type: "button", className: "person", title: `Verify ${name}` },
      make("span", { className: "initial", ariaHidden: "true" }, [...name].slice(0, 1).join("").toUpperCase()),
      make("span", { className: "person-name", dir: "auto" }, name),
      make("span", { className: "quiet" }, created ? `since ${day(created)}` : ""));
    choose.dataset.testid = "identity";
    choose.addEventListener("click", () => this.dispatchEvent(new CustomEvent("chosen", { detail: name })));
    const bin = make("button", { type: "button", className: "remove", ariaLabel: `Delete ${name}` }, "Delete");
    bin.dataset.testid = "delete";
    bin.addEventListener("click", () => this.#delete(name));
    return make("li", {}, choose, bin);
  }

  async #delete(name) {
    if (!(await confirmed(deletionOf(name)))) return;
    try {
      await remove("identities", name);
    } catch (error) {
      this.#fail(`${name} could not be deleted (${error.message}). Try again.`);
    }
    await this.refresh();
  }

  #fail(message) {
    this.dispatchEvent(new CustomEvent("failed", { detail: message }));
  }
}

const byName = (one, other) => one.name.localeCompare(other.name);

const deletionOf = (name) => ({
  title: `Delete ${name}?`,
  text: `The stored reference of ${name} is erased for good. Calls can no longer be checked against it.`,
  yes: "Delete",
  no: "Keep",
});

const day = (iso) => new Date(iso).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
