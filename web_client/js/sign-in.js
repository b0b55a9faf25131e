/**
 * Signing in at the identity provider that the server names: OpenID Connect, a code with PKCE.
 *
 * The provider's pages come up in a window of their own, so that this one stays as it is. What makes the
 * code worth anything (RFC 7636), and what tells this sign-in from another (state and nonce), is in this
 * page's memory alone; the window hands over nothing but what the provider put into its address.
 */

const OFFER = new URL("../api/v1/sign-in", import.meta.url);
const BACK = new URL("../signed-in.html", import.meta.url);
export const CHANNEL = `stream-verifier-sign-in:${BACK.pathname}`;
const WINDOW = "popup,width=520,height=720";
const RANDOM_BYTES = 32;
const LEEWAY_S = 30;

/** Why nobody is signed in, in words for people. */
export class SignInError extends Error {}

/**
 * @typedef {object} Offer
 * @property {string} issuer @property {string} client_id @property {string} scope @property {string} audience
 * @property {string} authorization_endpoint @property {string} token_endpoint
 * @property {string | null} end_session_endpoint
 */

/** @typedef {{ token: string, who: string, leave: string | null }} SignedIn */

/**
 * @returns {Promise<Offer | null>} where to sign in; null where the server takes tokens alone
 * @throws {SignInError} the provider cannot be reached now
 */
export async function offered() {
  if (!globalThis.crypto?.subtle) return null; // A page without TLS could keep nothing to itself.
  const answer = await fetch(OFFER, { cache: "no-store" }).catch(() => null);
  if (answer?.status === 503) throw new SignInError("The identity provider cannot be reached now. Try again soon.");
  return answer?.ok ? (await answer.json()).sign_in : null;
}

/**
 * Opens the provider's page and waits for who signs in there. Called by a click, or no window opens.
 * @param {Offer} offer @param {AbortSignal} signal ends the waiting
 * @returns {Promise<SignedIn>}
 * @throws {SignInError}
 */
export async function signIn(offer, signal) {
  const shown = open("about:blank", "_blank", WINDOW);
  if (shown === null) throw new SignInError("The browser opened no window: allow this page to open one, then try again.");
  shown.opener = null; // The provider's page has no business in this one.
  try {
    const [state, nonce, verifier] = [random(), random(), random()];
    const challenge = encoded(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
    const answer = answered(state, signal);
    shown.location.replace(address(offer.authorization_endpoint, {
      response_type: "code", client_id: offer.client_id, redirect_uri: BACK.href, scope: offer.scope,
      audience: offer.audience, state, nonce, code_challenge: challenge, code_challenge_method: "S256",
    }));
    return await redeem(offer, codeOf(offer, await answer), verifier, nonce);
  } catch (error) {
    shown.close();
    throw error;
  }
}

/** What the window was sent back with; another sign-in's answer has another state and is not ours. */
function answered(state, signal) {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise((resolve, reject) => {
    channel.addEventListener("message", ({ data }) => { if (data?.state === state) resolve(data); });
    signal.addEventListener("abort", () => reject(new SignInError("Signing in was given up.")));
  }).finally(() => channel.close());
}

function codeOf(offer, answer) {
  if (answer.iss && answer.iss !== offer.issuer) throw new SignInError("Another identity provider answered: nobody is signed in.");
  if (answer.error) throw new SignInError(`The identity provider refused: ${answer.description || answer.error}.`);
  if (!answer.code) throw new SignInError("The identity provider's answer holds no code. Try again.");
  return answer.code;
}

async function redeem(offer, code, verifier, nonce) {
  const body = new URLSearchParams({
    grant_type: "authorization_code", code, redirect_uri: BACK.href, client_id: offer.client_id, code_verifier: verifier,
  });
  const asked = { method: "POST", body, credentials: /** @type {const} */ ("omit"), redirect: /** @type {const} */ ("error"), cache: /** @type {const} */ ("no-store") };
  const answer = await fetch(offer.token_endpoint, asked).catch(() => null);
  if (answer === null) throw new SignInError("The identity provider does not answer. Try again.");
  const given = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new SignInError(`The identity provider gave no token (${given.error ?? answer.status}). Try again.`);
  const claims = claimsOf(given.id_token);
  check(offer, claims, nonce);
  if (typeof given.access_token !== "string") throw new SignInError("The identity provider gave no token. Try again.");
  return { token: given.access_token, who: nameOf(claims), leave: wayOut(offer) };
}

/** Its signature need not be looked at where it came straight from the provider (OpenID Connect Core 3.1.3.7). */
function check(offer, claims, nonce) {
  const meant = [claims.aud].flat().includes(offer.client_id);
  if (claims.iss !== offer.issuer || !meant || claims.nonce !== nonce) {
    throw new SignInError("The identity provider's answer is not to this sign-in: nobody is signed in. Try again.");
  }
  if (!(claims.exp > Date.now() / 1000 - LEEWAY_S)) {
    throw new SignInError("The identity provider's answer has expired by this computer's clock: set it, then try again.");
  }
}

function claimsOf(token) {
  try {
    const bytes = Uint8Array.from(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    return {};
  }
}

const nameOf = (claims) => String(claims.name ?? claims.preferred_username ?? claims.email ?? claims.sub ?? "");

const wayOut = ({ end_session_endpoint: way, client_id }) => (way === null ? null : address(way, { client_id }));

function address(endpoint, parameters) {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

const random = () => encoded(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));

/** Base64url without padding. @param {ArrayBuffer | Uint8Array} bytes */
function encoded(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
