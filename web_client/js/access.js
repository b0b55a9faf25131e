/**
 * The token that this page may act with.
 *
 * It comes in the address's fragment (`#token=…`), which no server and no log ever sees, and is
 * taken out of the address bar at once; or a person signs in, or is asked for it. It lives in this
 * tab only.
 */

import { make, setText, shown } from "./dom.js";
import { hasOwn, lookUp } from "./look-up.js";
import { offered, signIn } from "./sign-in.js";

const KEY = `stream-verifier-token:${new URL("../", import.meta.url).pathname}`;

const ASKED_BECAUSE = {
  missing_token: "This server only serves who has a token. Ask its operator for one.",
  invalid_token: "The server does not accept this token. Check that all of it was pasted.",
  expired_token: "The token has expired. Ask for a new one.",
};

const SIGN_IN_BECAUSE = {
  missing_token: "This server only serves people it knows.",
  invalid_token: "The server does not accept this token. Sign in again.",
  expired_token: "Your time has run out. Sign in again: the page stays as it is.",
};

const WHO = `${KEY}:who`;
let token = sessionStorage.getItem(KEY) ?? "";
let asking = /** @type {Promise<boolean> | null} */ (null);

/** The token now, an empty string without one. */
export const currentToken = () => token;

/** @param {string} code of a refusal @returns {boolean} whether another token may help */
export const isTokenRefusal = (code) => hasOwn(ASKED_BECAUSE, code);

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

/** @param {string} given @param {{ who: string, leave: string | null } | null} [signedIn] */
function keepToken(given, signedIn = null) {
  token = given.trim();
  if (token) sessionStorage.setItem(KEY, token);
  else sessionStorage.removeItem(KEY);
  if (signedIn) sessionStorage.setItem(WHO, JSON.stringify(signedIn));
  else sessionStorage.removeItem(WHO);
  showAccount();
}

/**
 * What to say to one whose token is good, but not for this.
 * @param {string} scope that it takes
 */
export const sayForbidden = (scope) =>
  sessionStorage.getItem(WHO) === null
    ? `The token must have the scope ${scope}.`
    : `You are signed in, but none of your roles allows this (${scope}). Ask whoever gives out roles, or sign out and in as somebody else.`;

/** The way out, for one who has signed in, beside the links to other pages. */
export function showAccount() {
  document.getElementById("sign-out")?.remove();
  const kept = sessionStorage.getItem(WHO);
  if (kept === null) return;
  const { who, leave } = JSON.parse(kept);
  const out = make("button", { id: "sign-out", type: "button", title: `Signed in as ${who}` }, "Sign out");
  out.dataset.testid = "sign-out";
  out.addEventListener("click", () => {
    keepToken("");
    if (leave) open(leave, "_blank", "noopener"); // The provider may know the person still.
    location.reload();
  });
  document.querySelector("header.site nav")?.append(out);
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
  const { offer, failure } = await offered().then((one) => ({ offer: one, failure: "" }), ({ message }) => ({ offer: null, failure: message }));
  const because = offer ? SIGN_IN_BECAUSE : ASKED_BECAUSE;
  const { dialog, field } = build(`${lookUp(because, code) ?? because.missing_token} ${failure}`.trim(), offer);
  document.body.append(dialog);
  await shown(dialog);
  const given = dialog.returnValue === "use" && field.value.trim() !== "";
  if (given) keepToken(field.value);
  dialog.remove();
  return given || dialog.returnValue === "signed in";
}

function build(why, offer) {
  const asked = buildForToken(why);
  if (offer) addSignIn(asked, offer);
  return asked;
}

/** Puts signing in first, and the field for a token behind a fold. */
function addSignIn({ dialog, field }, offer) {
  const form = dialog.querySelector("form");
  setText(form.querySelector("h2"), "Sign in");
  const status = make("p", { role: "status" });
  status.dataset.testid = "sign-in-status";
  const go = make("button", { type: "button", className: "primary", autofocus: true }, `Sign in at ${new URL(offer.issuer).host}`);
  go.dataset.testid = "sign-in";
  const waiting = { now: new AbortController() };
  go.addEventListener("click", async () => {
    waiting.now.abort();
    const mine = (waiting.now = new AbortController());
    setText(status, "Go on in the window that has opened.");
    try {
      const { token: given, ...signedIn } = await signIn(offer, mine.signal);
      keepToken(given, signedIn);
      dialog.close("signed in");
    } catch (error) {
      if (!mine.signal.aborted) setText(status, error.message);
    }
  });
  dialog.addEventListener("close", () => waiting.now.abort());
  const [, why, ...byToken] = form.children;
  const actions = byToken.pop();
  actions.querySelector("[value=use]").classList.remove("primary");
  field.required = false; // Who signs in leaves it empty.
  const fold = make("details", {}, make("summary", {}, "Use a token instead"), ...byToken, actions.querySelector("[value=use]"));
  actions.append(go);
  why.after(status, actions, fold);
}

function buildForToken(why) {
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
