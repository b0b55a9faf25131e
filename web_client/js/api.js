/** Requests to the server that this page came from, under any prefix, with the page's token. */

import { askForToken, currentToken, isTokenRefusal } from "./access.js";
import { noteDate } from "./server-clock.js";

const API = new URL("../api/v1/", import.meta.url);

/** What the server said in place of an answer. */
export class RequestError extends Error {
  /** @param {number} status of HTTP, 0 where nothing answered @param {string} code machine-readable @param {string} message for people */
  constructor(status, code, message) {
    super(message);
    this.name = "RequestError";
    this.status = status;
    this.code = code;
  }
}

/** @param {string[]} path its parts, in plain spelling @param {Record<string, string>} [query] @returns {URL} */
function address(path, query = {}) {
  const url = new URL(path.map(encodeURIComponent).join("/"), API);
  url.search = String(new URLSearchParams(query));
  return url;
}

/**
 * @param {...string} path such as "calls", id, "events"
 * @returns {Promise<any>} the answer's JSON
 * @throws {RequestError}
 */
export async function read(...path) {
  return (await send("GET", path)).json();
}

/**
 * One page of a list.
 * @param {string} list @param {Record<string, string>} query @returns {Promise<any>} the answer's JSON
 * @throws {RequestError}
 */
export async function readPage(list, query) {
  return (await send("GET", [list], query)).json();
}

/**
 * All that is kept of a call.
 * @param {string} session @returns {Promise<any[]>} its events
 * @throws {RequestError}
 */
export async function eventsOf(session) {
  const { events } = await read("calls", session, "events");
  return events.map((item) => item.event ?? item);
}

/**
 * Deletes; what is gone already counts as deleted.
 * @param {...string} path
 * @returns {Promise<any>} the answer's JSON, such as a receipt; null without one
 * @throws {RequestError}
 */
export async function remove(...path) {
  try {
    const response = await send("DELETE", path);
    return response.status === 204 ? null : await response.json().catch(() => null);
  } catch (error) {
    if (error.status !== 404) throw error;
    return null;
  }
}

/** Asks for a token where the server wants one, and then tries again. */
async function send(method, path, query) {
  for (;;) {
    const used = currentToken();
    const response = await request(method, path, query, used);
    if (response.ok) return response;
    const refusal = await refusalOf(response);
    const changed = currentToken() !== used;
    if (!isTokenRefusal(refusal.code) || !(changed || (await askForToken(refusal.code)))) throw refusal;
  }
}

async function request(method, path, query, token) {
  const headers = { accept: "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  try {
    const response = await fetch(address(path, query), { method, headers });
    noteDate(response.headers);
    return response;
  } catch {
    throw new RequestError(0, "unreachable", "the server does not answer");
  }
}

async function refusalOf(response) {
  const problem = await response.json().catch(() => ({}));
  return new RequestError(
    response.status,
    problem.code ?? "http_error",
    problem.detail ?? `the server answered ${response.status}`,
  );
}
