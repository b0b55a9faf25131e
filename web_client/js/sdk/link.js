// @ts-check
/** Keeps one session going over one connection after another. */

import { sessionUrl } from "./addresses.js";
import { Connection } from "./connection.js";
import { fetchIceServers, isAlive, readToken } from "./credentials.js";
import { CLIENT_ERRORS, ConnectionFailure } from "./errors.js";
import { firstMessage } from "./messages.js";
import { Numbering } from "./numbering.js";
import { Retry } from "./retry.js";

const GIVE_UP_AFTER_S = 15;
// Refusals that another attempt may not meet.
const PASSING = new Set([
  "server_full", "server_stopping", "rate_limited", "not_ready", "fleet_failed", "internal_error", "store_failed",
]);

/** @typedef {import("./messages.js").CallOptions} CallOptions */
/** @typedef {import("../../stream-verifier.js").ConnectionEvents} ConnectionEvents */

/**
 * @typedef {object} LinkHandlers
 * @property {(message: any) => void} message            of the server, each numbered one once
 * @property {<T extends keyof ConnectionEvents>(type: T, detail: ConnectionEvents[T]) => void} tell  what happens to the link itself
 * @property {(failure: ConnectionFailure) => void} failed  it is over
 * @property {(name: string) => void} mark               a milestone was passed
 */

export class Link {
  #options;
  #url;
  #tracks;
  #on;
  #numbering = new Numbering();
  #connection = /** @type {Connection | null} */ (null);
  #session = /** @type {import("./messages.js").SessionKey | null} */ (null);
  #lostSession = /** @type {string | null} */ (null);
  #keptForS = GIVE_UP_AFTER_S;
  #retry = /** @type {Retry | null} */ (null);
  #moveTimer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
  #giveUpTimer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
  #iceServers = /** @type {RTCIceServer[] | null} */ (null);
  #settled = false;
  #closed = false;

  /**
   * @param {CallOptions} options @param {string} url of the call
   * @param {import("./lean-tracks.js").LeanTracks} tracks @param {LinkHandlers} on
   */
  constructor(options, url, tracks, on) {
    this.#options = options;
    this.#url = url;
    this.#tracks = tracks;
    this.#on = on;
  }

  /** The server's id of the session, null before there is one. */
  get session() {
    return this.#session?.id ?? null;
  }

  /** Makes a connection. Never rejects. */
  async open() {
    try {
      const token = await readToken(this.#options.token);
      if (this.#closed) return;
      const connection = (this.#connection = this.#newConnection(token));
      await connection.open((sdp) => firstMessage(this.#options, sdp, token, this.#session, this.#numbering, this.#tracks.cameraLabel));
    } catch (error) {
      this.#onLost(/** @type {ConnectionFailure} */ (error));
    }
  }

  /** @param {object} message @returns {boolean} whether it could be sent */
  send(message) {
    return this.#connection?.send(message) ?? false;
  }

  /** The page is online or in view again: tries at once what else would wait. */
  hurry() {
    this.#retry?.hurry();
    this.#connection?.hurry();
  }

  /** The session is over but the call is not: begins another. @param {string} reason */
  startAnew(reason) {
    this.#forgetSession();
    this.#connection?.close();
    this.#recover(reason);
  }

  /** The last words are awaited: a connection that is lost now is not made again. */
  settle() {
    this.#settled = true;
  }

  /** No handler is called any more. */
  close() {
    this.#closed = true;
    clearTimeout(this.#giveUpTimer);
    clearTimeout(this.#moveTimer);
    this.#retry?.hurry();
    this.#connection?.close();
  }

  /** @param {string | null} token */
  #newConnection(token) {
    return new Connection({
      url: this.#session?.resumeKey ? sessionUrl(this.#url, this.#session.id) : this.#url,
      iceServers: this.#findIceServers(token),
      tracks: this.#tracks,
      startBitrateBps: this.#options.limits.startBitrateBps,
      openCapMs: this.#retry?.openCapMs,
      on: {
        message: (data, connection) => this.#onMessage(data, connection),
        lost: (failure) => this.#onLost(failure),
        peerState: (state) => this.#onPeerState(state),
        mark: this.#on.mark,
      },
    });
  }

  /** @param {string | null} token @returns {Promise<RTCIceServer[]>} */
  async #findIceServers(token) {
    if (this.#options.iceServers) return this.#options.iceServers;
    const found = await fetchIceServers(this.#url, token);
    if (!found && !this.#iceServers && !this.#closed) {
      this.#on.tell("warning", { code: "ice_unavailable", message: CLIENT_ERRORS.ice_unavailable });
    }
    return (this.#iceServers = found ?? this.#iceServers ?? []);
  }

  // ---- what the server says

  /** @param {unknown} data @param {Connection} connection */
  #onMessage(data, connection) {
    const message = parse(data);
    if (!message) this.#on.failed(new ConnectionFailure("bad_answer"));
    else if (message.type === "answer") this.#onAnswer(message, connection);
    else if (message.type === "going_away") this.#onGoingAway(message, connection);
    else if (message.type !== "error" || connection.answered || !this.#overcome(message)) this.#deliver(message);
  }

  /** @param {any} message */
  #deliver(message) {
    const after = this.#numbering.last;
    const { isNew, lost } = this.#numbering.take(message.seq, message.untold);
    if (lost) this.#on.tell("events_lost", { count: lost, after, before: message.seq });
    if (isNew) this.#on.message(message);
  }

  /** @param {any} message @param {Connection} connection */
  async #onAnswer({ resume_key: resumeKey, resume_within_s: keptForS, ...answer }, connection) {
    this.#on.mark("answerAt");
    this.#keptForS = keptForS ?? this.#keptForS;
    connection.resumable = this.#belongTo(answer.session, resumeKey).resumeKey !== null;
    if (this.#lostSession) this.#tellRestarted(answer.session, this.#lostSession);
    try {
      await connection.accept(answer.sdp);
      if (!this.#closed) this.#on.tell("answer", answer);
    } catch (error) {
      if (!this.#closed) this.#on.failed(new ConnectionFailure("bad_answer", error));
    }
  }

  /**
   * The server is about to stop: goes on elsewhere, where another server can, at a moment by chance
   * so that not all calls of a server come at once. @param {any} message @param {Connection} connection
   */
  #onGoingAway(message, connection) {
    const withinS = message.come_back_within_s;
    const moves = typeof withinS === "number" && connection.resumable;
    this.#on.tell("going_away", { endsInMs: 1000 * message.ends_in_s, moves });
    if (!moves) return;
    clearTimeout(this.#moveTimer);
    this.#moveTimer = setTimeout(() => connection.lose(new ConnectionFailure("going_away")), 1000 * withinS * Math.random());
  }

  /** Another session counts its events anew. @param {string} id @param {string | null | undefined} resumeKey */
  #belongTo(id, resumeKey) {
    if (id !== this.#session?.id) this.#numbering.reset();
    this.#session = { id, resumeKey: resumeKey ?? this.#session?.resumeKey ?? null };
    return this.#session;
  }

  /** @param {string} session @param {string} previous */
  #tellRestarted(session, previous) {
    this.#on.tell("restarted", { session, previous, awayMs: this.#retry?.awayMs ?? 0 });
    this.#lostSession = null;
  }

  /** @param {any} refusal @returns {boolean} whether there is something else to try */
  #overcome(refusal) {
    if (refusal.code === "unknown_session" && this.#session) {
      this.#connection?.close();
      if (this.#options.mode === "enrol") this.#on.failed(new ConnectionFailure("session_lost"));
      else { this.#forgetSession(); this.open(); }
      return true;
    }
    // Another server may be ready at once, where a full one needs somebody to go.
    const passing = this.#retry ? PASSING.has(refusal.code) : refusal.code === "server_stopping";
    if (!passing) return false;
    this.#connection?.close();
    this.#recover(refusal.code);
    return true;
  }

  #forgetSession() {
    this.#lostSession ??= this.session;
    this.#session = null;
  }

  // ---- getting back

  /** @param {RTCPeerConnectionState} state */
  #onPeerState(state) {
    this.#on.tell("connection", { state });
    if (state !== "connected") return;
    this.#on.mark("connectedAt");
    if (!this.#retry) return;
    const { awayMs, attempt } = this.#retry;
    clearTimeout(this.#giveUpTimer);
    this.#retry = null;
    this.#on.tell("resumed", { session: /** @type {string} */ (this.session), awayMs, attempts: attempt });
  }

  /** @param {ConnectionFailure} failure */
  async #onLost(failure) {
    if (this.#closed) return;
    const recoverable = !this.#settled && (this.#retry || this.#session?.resumeKey);
    if (recoverable && failure.code !== "no_webrtc") this.#recover(failure.code);
    else if (failure.code !== "unreachable") this.#on.failed(failure);
    else {
      const alive = await isAlive(this.#url);
      if (!this.#closed) this.#on.failed(alive ? new ConnectionFailure("no_websocket", failure) : failure);
    }
  }

  /** @param {string} reason */
  async #recover(reason) {
    this.#retry ??= this.#newRetry();
    const retry = this.#retry;
    if (retry.leftMs === 0) {
      this.#giveUp();
      return;
    }
    this.#on.tell("reconnecting", { reason, attempt: retry.attempt + 1, awayMs: retry.awayMs, leftMs: retry.leftMs });
    await retry.wait();
    if (!this.#closed) this.open();
  }

  #newRetry() {
    const giveUpAfterMs = 1000 * (this.#options.giveUpAfterS ?? this.#keptForS);
    this.#giveUpTimer = setTimeout(() => this.#giveUp(), giveUpAfterMs);
    return new Retry(giveUpAfterMs);
  }

  #giveUp() {
    if (!this.#closed) this.#on.failed(new ConnectionFailure("connection_lost"));
  }
}

/** @param {unknown} data @returns {any} null where it is no message of the contract */
function parse(data) {
  try {
    const message = JSON.parse(String(data));
    return typeof message?.type === "string" ? message : null;
  } catch {
    return null;
  }
}
