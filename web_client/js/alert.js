/** The one place of a page where failures are told. */

import { byId, make } from "./dom.js";
import { sayError } from "./words.js";

/** @param {{code: string, message: string, title?: string}} failure */
export function showError({ code, message, title = sayError(code) }) {
  const box = byId("error");
  box.dataset.code = code;
  box.replaceChildren(make("strong", {}, title), make("span", {}, message));
}

export function clearError() {
  byId("error").replaceChildren();
  delete byId("error").dataset.code;
}

/** @returns {string | undefined} the code of the failure that is shown */
export const shownError = () => byId("error").dataset.code;
