// @ts-check
/** What a call says first on each of its connections. */

const MAX_LABEL = 200;

/**
 * @typedef {object} Consent
 * @property {string} subject  who agreed
 * @property {string} purpose  what for
 * @property {string} text     exactly what was shown and agreed to
 * @property {string} [expires_at]  until when it counts, ISO 8601
 */

/**
 * @typedef {object} StreamVerifierOptions
 * @property {string} identity                   whom to verify or enrol
 * @property {string} [url]                      of the server, or of its call; by default the server that this module came from
 * @property {import("./credentials.js").TokenSource} [token]  or what gets a fresh one for each connection
 * @property {"verify" | "enrol"} [mode]
 * @property {Consent | null} [consent]          required to enrol
 * @property {boolean} [replace]                 overwrite an enrolled reference
 * @property {boolean} [add]                     add to an enrolled reference, in place of replacing it
 * @property {string | null} [operatingPoint]    where states change; the server's default without
 * @property {RTCIceServer[] | null} [iceServers]  by default the server's own: no third party is asked
 * @property {number | null} [giveUpAfterS]      how long to try to get back; by default as long as the server keeps the session
 * @property {Partial<import("./limits.js").Limits>} [limits]
 * @property {readonly ("turn_head" | "say_digits" | "watch_colours")[]} [challenges]  kinds that the page shows to the person when they are asked
 * @property {boolean} [tellCamera]              tell the server what the camera is called, if the person agreed to that
 */

/**
 * Options with those filled in that the parts of the SDK read.
 * @typedef {StreamVerifierOptions & {mode: "verify" | "enrol", limits: import("./limits.js").Limits}} CallOptions
 */

/** @typedef {{id: string, resumeKey: string | null}} SessionKey */

/**
 * A message as JSON, whatever libraries of the page (Prototype) have taught arrays to become in it.
 * @param {object} message of plain values @returns {string}
 */
export const toJson = (message) =>
  JSON.stringify(message, /** @this {any} @param {string} name */ function plainly(name) { return this[name]; });

/**
 * @param {CallOptions} options @param {string} sdp the offer @param {string | null} token
 * @param {SessionKey | null} session to go on with, null to begin one
 * @param {{last: number, untold: number}} numbering of the events that came
 * @param {string} [camera] what it is called
 * @returns {object}
 */
export function firstMessage(options, sdp, token, session, { last, untold }, camera = "") {
  const admission = token ? { token } : {};
  if (session) {
    return { type: "resume", session: session.id, resume_key: session.resumeKey, after: last, untold, sdp, ...admission };
  }
  const { mode, identity, consent = null, replace = false, add = false } = options;
  const more = mode === "enrol" ? { consent, replace, ...(add && { add }) } : wishes(options, camera);
  return { type: "start", mode, identity, sdp, ...more, ...admission };
}

/** What a call that verifies says beside whom. @param {CallOptions} options @param {string} camera */
function wishes({ operatingPoint, challenges = [], tellCamera = false }, camera) {
  return {
    ...(operatingPoint ? { operating_point: operatingPoint } : {}),
    ...(challenges.length ? { challenges } : {}),
    ...(tellCamera && camera ? { camera: camera.slice(0, MAX_LABEL) } : {}),
  };
}
