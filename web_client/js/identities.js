/** The list of enrolled people: shown, chosen from, deleted from. */

import { byId, make } from "./dom.js";

const API = new URL("../api/v1/identities", import.meta.url);

/** Dispatches "chosen" (detail: name) and "failed" (detail: message). */
export class Identities extends EventTarget {
  /** @type {string[]} */
  names = [];

  async refresh() {
    try {
      this.#show(await fetchIdentities());
    } catch (error) {
      byId("people-empty").textContent = "The list could not be loaded.";
      this.#fail(`The list of enrolled people could not be loaded (${error.message}). Reload the page.`);
    }
  }

  #show(identities) {
    this.names = identities.map(({ name }) => name);
    byId("people").replaceChildren(...identities.map((identity) => this.#row(identity)));
    byId("known-names").replaceChildren(...this.names.map((value) => make("option", { value })));
    byId("people-empty").textContent = "Nobody yet. Enrol somebody first.";
    byId("people-empty").hidden = identities.length > 0;
    this.dispatchEvent(new CustomEvent("changed"));
  }

  #row({ name, created_at: created }) {
    const choose = make("button", { type: "button", className: "person", title: `Verify ${name}` },
      make("span", { className: "initial", ariaHidden: "true" }, name.slice(0, 1).toUpperCase()),
      make("span", { className: "person-name" }, name),
      make("span", { className: "quiet" }, created ? `since ${day(created)}` : ""));
    choose.dataset.testid = "identity";
    choose.addEventListener("click", () => this.dispatchEvent(new CustomEvent("chosen", { detail: name })));
    const remove = make("button", { type: "button", className: "remove", ariaLabel: `Delete ${name}` }, "Delete");
    remove.dataset.testid = "delete";
    remove.addEventListener("click", () => this.#delete(name));
    return make("li", {}, choose, remove);
  }

  async #delete(name) {
    if (!(await confirmDeletion(name))) return;
    try {
      await removeIdentity(name);
    } catch (error) {
      this.#fail(`${name} could not be deleted (${error.message}). Try again.`);
    }
    await this.refresh();
  }

  #fail(message) {
    this.dispatchEvent(new CustomEvent("failed", { detail: message }));
  }
}

async function fetchIdentities() {
  const response = await fetch(API, { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const body = await response.json();
  return body.identities;
}

async function removeIdentity(name) {
  const response = await fetch(`${API}/${encodeURIComponent(name)}`, { method: "DELETE" });
  if (!response.ok && response.status !== 404) throw new Error(`the server answered ${response.status}`);
}

/** @param {string} name @returns {Promise<boolean>} */
function confirmDeletion(name) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = `Delete ${name}?`;
  byId("confirm-text").textContent =
    `The stored reference of ${name} is erased for good. Calls can no longer be checked against it.`;
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

const day = (iso) => new Date(iso).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
