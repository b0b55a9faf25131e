// @ts-check
/** Where things are on a server. */

const CALL = "api/v1/call";
// Not written inside new URL(…, import.meta.url): bundlers would take that for a file of the page.
const ROOT = "../../";

/** The address of the server that this module came from, under any prefix. */
export function defaultServerUrl() {
  return new URL(ROOT, import.meta.url).href;
}

/**
 * @param {string} [url] of the server, under any prefix, or of its call; http(s) or ws(s)
 * @returns {URL} of the server, http(s), with a slash at its end
 */
export function serverUrl(url = defaultServerUrl()) {
  const found = new URL(url, globalThis.document?.baseURI);
  found.protocol = found.protocol.replace(/^ws/, "http");
  found.pathname = found.pathname.replace(new RegExp(`${CALL}/?$`), "").replace(/\/?$/, "/");
  return found;
}

/** @param {string} [url] see {@link serverUrl} @returns {string} of the call's WebSocket */
export function callUrl(url) {
  const found = new URL(CALL, serverUrl(url));
  found.protocol = found.protocol.replace(/^http/, "ws");
  return found.href;
}

/**
 * A proxy in front of several servers can tell by the path which of them a session is on.
 * @param {string} url of the call's WebSocket @param {string} session @returns {string}
 */
export function sessionUrl(url, session) {
  return `${url}/${encodeURIComponent(session)}`;
}

/** @param {string} [url] see {@link serverUrl} @returns {string} of the list of ICE servers */
export function iceServersUrl(url) {
  return new URL("api/v1/ice-servers", serverUrl(url)).href;
}

/** @param {string} url see {@link serverUrl} @returns {string} of what tells whether it lives */
export function healthUrl(url) {
  return new URL("api/v1/health", serverUrl(url)).href;
}
