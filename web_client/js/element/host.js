// @ts-check
/** What the elements of a verifier have in common: its address, a token, and whom it is about. */

import { hasOwn } from "../look-up.js";
import { serverUrl } from "../sdk/addresses.js";

/** @typedef {import("../sdk/credentials.js").TokenSource} TokenSource */

export class ServerElement extends HTMLElement {
  #getToken = /** @type {TokenSource} */ (null);

  /** A token, or what gets a fresh one for each connection. @returns {TokenSource} */
  get token() {
    return this.#getToken ?? this.getAttribute("token");
  }

  set token(token) {
    this.#getToken = typeof token === "function" ? token : null;
    if (typeof token !== "function") reflect(this, "token", token);
  }

  get identity() {
    return this.getAttribute("identity") ?? "";
  }

  set identity(identity) {
    reflect(this, "identity", identity);
  }

  get server() {
    return this.getAttribute("server") ?? "";
  }

  set server(server) {
    reflect(this, "server", server);
  }
}

/** @param {Element} element @param {string} name @param {string | null | undefined} value */
export function reflect(element, name, value) {
  if (value) element.setAttribute(name, value);
  else element.removeAttribute(name);
}

/**
 * Properties that were set before this module had come hide those of the class.
 * @param {HTMLElement} element @param {readonly string[]} names
 */
export function upgrade(element, names) {
  const self = /** @type {any} */ (element);
  for (const name of names.filter((one) => hasOwn(element, one))) {
    const value = self[name];
    delete self[name];
    self[name] = value;
  }
}

/** @param {ServerElement} element @returns {URL | null} null where its attribute is no address */
export function addressOf({ server }) {
  try {
    return serverUrl(server || undefined);
  } catch {
    return null;
  }
}

/** @param {ServerElement} element @returns {() => ReturnType<Extract<TokenSource, Function>>} for each connection */
export const tokenOf = (element) => () => (typeof element.token === "function" ? element.token() : (element.token ?? null));
