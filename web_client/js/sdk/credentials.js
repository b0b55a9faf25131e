// @ts-check
/** What is fetched over HTTP: tokens, anew for each connection, the ICE servers they open, and whether the server lives. */

import { healthUrl, iceServersUrl } from "./addresses.js";
import { ConnectionFailure } from "./errors.js";

/** @typedef {string | null | undefined | (() => string | null | Promise<string | null>)} TokenSource */

const TOKEN_CAP_MS = 10_000;
const HTTP_CAP_MS = 3000;

/**
 * The token to show now, without the line's end that files and commands put behind it.
 * @param {TokenSource} token @returns {Promise<string | null>} @throws {ConnectionFailure}
 */
export async function readToken(token) {
  if (typeof token !== "function") return token?.trim() || null;
  let timer;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("the token took too long")), TOKEN_CAP_MS);
  });
  try {
    return (await Promise.race([token(), tooLate]))?.trim() || null;
  } catch (error) {
    throw new ConnectionFailure("token_failed", error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The server's ICE servers. A refusal gives none: the call itself is refused for the same reason,
 * and says so better.
 * @param {string | undefined} url of the server @param {string | null} token
 * @returns {Promise<RTCIceServer[] | null>} null where it did not answer as it should
 */
export async function fetchIceServers(url, token) {
  /** @type {Record<string, string>} */
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  return asked(iceServersUrl(url), headers, async (answer) => {
    if (answer.status >= 500) return null;
    if (!answer.ok) return [];
    const { iceServers } = await answer.json();
    return Array.isArray(iceServers) ? iceServers : null;
  });
}

/**
 * Whether the server answers by HTTP, where no WebSocket came about.
 * @param {string} url of the server @returns {Promise<boolean>}
 */
export async function isAlive(url) {
  return (await asked(healthUrl(url), {}, async ({ ok }) => ok)) ?? false;
}

/**
 * @template T @param {string} url @param {Record<string, string>} headers
 * @param {(answer: Response) => Promise<T>} read @returns {Promise<T | null>} null where nothing came, or not in time
 */
async function asked(url, headers, read) {
  // Not AbortSignal.timeout(), which is younger than phones that people use.
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), HTTP_CAP_MS);
  try {
    return await read(await fetch(url, { headers, signal: patience.signal, credentials: "omit", cache: "no-store" }));
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
