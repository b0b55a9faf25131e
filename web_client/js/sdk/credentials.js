// @ts-check
/** Tokens, which are fetched anew for each connection, and the ICE servers they open. */

import { iceServersUrl } from "./addresses.js";
import { ConnectionFailure } from "./errors.js";

/** @typedef {string | null | undefined | (() => string | null | Promise<string | null>)} TokenSource */

const TOKEN_CAP_MS = 10_000;
const ICE_CAP_MS = 3000;

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
  // Not AbortSignal.timeout(), which is younger than phones that people use.
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ICE_CAP_MS);
  try {
    const answer = await fetch(iceServersUrl(url), { headers, signal: patience.signal, credentials: "omit", cache: "no-store" });
    if (answer.status >= 500) return null;
    if (!answer.ok) return [];
    const { iceServers } = await answer.json();
    return Array.isArray(iceServers) ? iceServers : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
