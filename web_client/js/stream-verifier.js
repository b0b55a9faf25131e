// @ts-check
/**
 * The browser end of one verified call.
 *
 * Every message of the server is dispatched as a CustomEvent of the message's own type ("score",
 * "state_changed", …), `detail` being the message with `receivedAt` added; each numbered event
 * once, even after a lost connection. Failures on this side come as the same "error" events, with
 * the codes of {@link CLIENT_ERRORS}. "ending" says that nothing is sent any more, "closed" comes
 * last, once, whatever happened. `stream-verifier.d.ts` lists all events.
 *
 * @example
 * const verifier = new StreamVerifier({ url: "https://verifier.example", token, identity: "ada" });
 * verifier.addEventListener("state_changed", ({ detail }) => console.log(detail.state));
 * verifier.attach(peerConnection); // or a MediaStream
 * await verifier.start();
 */

import { callUrl } from "./sdk/addresses.js";
import { CLIENT_ERRORS, ConnectionFailure } from "./sdk/errors.js";
import { LeanTracks } from "./sdk/lean-tracks.js";
import { LIMITS } from "./sdk/limits.js";
import { Link } from "./sdk/link.js";
import { watchPage } from "./sdk/page-watch.js";

export { withStartBitrate } from "./sdk/sdp.js";
export { CLIENT_ERRORS };

/** @typedef {import("../stream-verifier.js").StreamVerifierEvents} StreamVerifierEvents */
/** @typedef {import("./sdk/messages.js").Consent} Consent */
/** @typedef {import("./sdk/messages.js").StreamVerifierOptions} StreamVerifierOptions */

const GOODBYE_CAP_MS = 5000;
const TRACK_EVENTS = /** @type {const} */ (["track_ended", "track_muted", "track_unmuted", "track_replaced"]);
const FIRSTS = new Map([["session_started", "sessionAt"], ["score", "firstScoreAt"], ["state_changed", "firstStateAt"]]);

/** Milliseconds since the epoch, with the resolution of performance.now(). */
export const nowMs = () => performance.timeOrigin + performance.now();

/** The address of the call on the server that this module came from, under any prefix. */
export const defaultCallUrl = () => callUrl();

export class StreamVerifier extends EventTarget {
  /** When what happened first, in milliseconds since the epoch. @type {Record<string, number>} */
  marks = {};
  #mode;
  #tracks;
  #link;
  #page = new AbortController();
  #phase = /** @type {"idle" | "open" | "ending" | "closed"} */ ("idle");
  #goodbye = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

  /** @param {StreamVerifierOptions} options @throws {TypeError} the url is none */
  constructor(options) {
    super();
    const { mode = "verify", limits, url } = options;
    const filled = { ...options, mode, limits: { ...LIMITS, ...limits } };
    this.#mode = mode;
    this.#tracks = new LeanTracks(filled.limits);
    this.#link = new Link(filled, callUrl(url), this.#tracks, {
      message: (message) => this.#onMessage(message),
      tell: (type, detail) => this.#emit(type, /** @type {any} */ (detail)), // Link's are some of all.
      failed: (failure) => this.#fail(failure),
      mark: (name) => this.#mark(name),
    });
    for (const type of TRACK_EVENTS) {
      this.#tracks.addEventListener(type, (event) => this.#emit(type, /** @type {CustomEvent} */ (event).detail));
    }
  }

  /** Whether media may be on its way to the server. */
  get active() {
    return this.#phase === "open" || this.#phase === "ending";
  }

  /** The server's id of the session, null before there is one. */
  get session() {
    return this.#link.session;
  }

  /**
   * Takes copies of the tracks that a stream holds or a peer connection sends, and follows when
   * they are replaced. The host's own are only looked at; muting them does not blind the verifier.
   * @param {import("./sdk/sources.js").MediaSource} source in place of any before
   * @returns {this}
   */
  attach(source) {
    this.#refuseAfterEnd("attach()");
    this.#tracks.attach(source);
    return this;
  }

  /** Takes one track from elsewhere, say after a change of device. @param {MediaStreamTrack} track */
  replaceTrack(track) {
    this.#refuseAfterEnd("replaceTrack()");
    this.#tracks.replace(track);
  }

  /** Opens the call. Never rejects: what goes wrong is told by an "error" event. */
  async start() {
    if (this.#phase !== "idle") throw new Error("start() once: a StreamVerifier makes one call");
    this.#phase = "open";
    this.#mark("startedAt");
    if (!globalThis.RTCPeerConnection) {
      this.#fail(new ConnectionFailure("no_webrtc"));
      return;
    }
    this.#tracks.follow();
    this.#watchPage();
    await this.#link.open();
  }

  /**
   * Has the person in the call asked for something, now. The server answers with a
   * "challenge_asked" event, and later "challenge_result", or with "challenge_refused".
   * @param {"turn_head" | "say_digits" | "watch_colours"} [kind] by default the one that shows most
   * @returns {boolean} whether it could be sent
   */
  askChallenge(kind) {
    return this.#phase === "open" && this.#link.send({ type: "ask_challenge", ...(kind ? { kind } : {}) });
  }

  /**
   * Says that the person skips a challenge, or would rather have another one. What a person does
   * needs no word: it is measured.
   * @param {string} challenge its id @param {"skip" | "other"} choice @returns {boolean} whether it could be sent
   */
  answerChallenge(challenge, choice) {
    return this.#phase === "open" && this.#link.send({ type: "answer_challenge", challenge, choice });
  }

  /** Ends the call and waits for the server's last words, five seconds at most. */
  async stop() {
    if (!this.active) {
      this.#close("stopped");
      return;
    }
    const closed = new Promise((resolve) => { this.addEventListener("closed", resolve, { once: true }); });
    if (this.#phase === "open" && this.#link.send({ type: "stop" })) this.#end("stopped");
    else this.#close("stopped");
    await closed;
  }

  #watchPage() {
    watchPage(this.#page.signal, {
      online: () => { this.#emit("network", { online: true }); this.#link.hurry(); },
      offline: () => this.#emit("network", { online: false }),
      // Without a word the server would keep the session for a while, and a place with it.
      left: () => { this.stop(); },
      visibility: (hidden) => { this.#emit("visibility", { hidden }); if (!hidden) this.#link.hurry(); },
    });
  }

  /** @param {any} message */
  #onMessage(message) {
    message.receivedAt = nowMs();
    const first = FIRSTS.get(message.type);
    if (first) this.#mark(first, message.receivedAt);
    this.#emit(message.type, message);
    if (message.type === "error") this.#end("error");
    if (message.type === "session_ended") this.#onSessionEnded(message.reason);
  }

  /** A server that restarts takes the call up again; only an enrolment would be another's decision. */
  #onSessionEnded(/** @type {string} */ reason) {
    const restarts = reason === "server_stopping" && this.#mode === "verify" && this.#phase === "open";
    if (restarts) this.#link.startAnew(reason);
    else this.#close(reason);
  }

  // ---- ending

  /** @param {ConnectionFailure} failure */
  #fail({ code, message, cause }) {
    if (this.#phase === "open") {
      if (cause instanceof Error) console.warn(`stream-verifier: ${code}:`, cause.message);
      this.#phase = "ending";
      this.#emit("error", { type: "error", code, message, receivedAt: nowMs() });
    }
    if (this.#phase === "ending") this.#close("error");
  }

  /** Camera and microphone stop at once; the server's session_ended may still come. @param {string} reason */
  #end(reason) {
    if (this.#phase !== "open") return;
    this.#phase = "ending";
    this.#link.settle();
    this.#tracks.stop();
    this.#emit("ending", { reason });
    this.#goodbye = setTimeout(() => this.#close(reason), GOODBYE_CAP_MS);
  }

  /** @param {string} reason */
  #close(reason) {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    clearTimeout(this.#goodbye);
    this.#page.abort();
    this.#tracks.stop();
    this.#link.close();
    this.#mark("closedAt");
    this.#emit("closed", { reason });
  }

  /** @param {string} call */
  #refuseAfterEnd(call) {
    if (this.#phase === "ending" || this.#phase === "closed") throw new Error(`${call} before the end: a StreamVerifier makes one call`);
  }

  /** @template {keyof StreamVerifierEvents} T @param {T} type @param {StreamVerifierEvents[T]} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** @param {string} name @param {number} [at] */
  #mark(name, at = nowMs()) {
    this.marks[name] ??= at;
  }
}
