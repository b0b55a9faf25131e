/**
 * The token that this page may act with.
 *
 * It comes in the address's fragment (`#token=…`), which no server and no log ever sees, and is
 * taken out of the address bar at once; or a person is asked for it. It lives in this tab only.
 */

import { make, shown } from "./dom.js";
import { lookUp } from "./look-up.js";

const KEY = `stream-verifier-token:${new URL("../", import.meta.url).pathname}`;

const ASKED_BECAUSE = {
  missing_token: "This server only serves who has a token. Ask its operator for one.",
  invalid_token: "The server does not accept this token. Check that all of it was pasted.",
  expired_token: "The token has expired. Ask for a new one.",
};

let token = sessionStorage.getItem(KEY) ?? "";
let asking = /** @type {Promise<boolean> | null} */ (null);

/** The token now, an empty string without one. */
export const currentToken = () => token;

/** @param {string} code of a refusal @returns {boolean} whether another token may help */
export const isTokenRefusal = (code) => Object.hasOwn(ASKED_BECAUSE, code);

/**
 * Reads what the address's fragment says and removes it from the address bar.
 * @returns {URLSearchParams} all but the token
 */
export function takeFragment() {
  const said = new URLSearchParams(location.hash.slice(1));
  const given = said.get("token");
  if (given === null) return said;
  keepToken(given);
  said.delete("token");
  const rest = said.size ? `#${said}` : "";
  history.replaceState(history.state, "", `${location.pathname}${location.search}${rest}`);
  return said;
}

/** @param {string} given */
function keepToken(given) {
  token = given.trim();
  if (token) sessionStorage.setItem(KEY, token);
  else sessionStorage.removeItem(KEY);
}

/**
 * Asks for a token in a dialog; who asks while it is open waits for the same answer.
 * @param {string} code why: missing_token, invalid_token or expired_token
 * @returns {Promise<boolean>} whether one was given
 */
export function askForToken(code) {
  asking ??= ask(code).finally(() => { asking = null; });
  return asking;
}

async function ask(code) {
  const { dialog, field } = build(lookUp(ASKED_BECAUSE, code) ?? ASKED_BECAUSE.missing_token);
  document.body.append(dialog);
  await shown(dialog);
  const given = dialog.returnValue === "use" && field.value.trim() !== "";
  if (given) keepToken(field.value);
  dialog.remove();
  return given;
}

function build(why) {
  const field = make("input", { id: "token", type: "password", autocomplete: "off", required: true });
  field.dataset.testid = "token";
  const cancel = make("button", { type: "button" }, "Cancel");
  const dialog = make("dialog", {}, make("form", { method: "dialog" },
    make("h2", { id: "token-title" }, "Access token needed"),
    make("p", {}, why),
    make("div", { className: "field" }, make("label", { htmlFor: "token" }, "Token"), field),
    make("p", { className: "quiet" }, "It is kept in this tab until you close it, and nowhere else."),
    make("div", { className: "row" }, cancel, make("button", { value: "use", className: "primary" }, "Use this token"))));
  cancel.addEventListener("click", () => dialog.close("cancel"));
  dialog.setAttribute("aria-labelledby", "token-title");
  dialog.dataset.testid = "token-dialog";
  return { dialog, field };
}
