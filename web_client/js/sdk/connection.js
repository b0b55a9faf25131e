// @ts-check
/** One WebSocket tied to one peer connection; a call has one after another when it is lost. */

import { ConnectionFailure } from "./errors.js";
import { toJson } from "./messages.js";
import { gathered, withStartBitrate } from "./sdp.js";

const OPEN_CAP_MS = 15_000;
const ANSWER_CAP_MS = 15_000;
// Long enough for a hiccup of a wireless network, short enough to be back before the session ends.
const DISCONNECTED_CAP_MS = 2000;

/**
 * @typedef {object} Handlers
 * @property {(data: unknown, connection: Connection) => void} message
 * @property {(failure: ConnectionFailure, connection: Connection) => void} lost  once, and nothing after it
 * @property {(state: RTCPeerConnectionState, connection: Connection) => void} peerState
 * @property {(name: string) => void} mark
 */

/**
 * @typedef {object} ConnectionOptions
 * @property {string} url                                of the call
 * @property {Promise<RTCIceServer[]>} iceServers
 * @property {import("./lean-tracks.js").LeanTracks} tracks
 * @property {number} startBitrateBps
 * @property {number | undefined} openCapMs              how long the socket may take to open
 * @property {Handlers} on
 */

export class Connection {
  /** Whether the server answered the offer. */
  answered = false;
  /** Whether another connection can go on where this one stopped: then it is given up sooner. */
  resumable = false;
  #options;
  #socket = /** @type {WebSocket | null} */ (null);
  #peer = /** @type {RTCPeerConnection | null} */ (null);
  #timers = /** @type {Set<ReturnType<typeof setTimeout>>} */ (new Set());
  #disconnectedTimer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
  #started = false;
  #closed = false;

  /** @param {ConnectionOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Connects and sends the first message. Never rejects: failures go to `on.lost`.
   * @param {(sdp: string) => object} first makes the message from the offer
   */
  async open(first) {
    try {
      const [sdp] = await Promise.all([
        this.#offer().catch(failAs("no_webrtc")),
        this.#connect().catch(failAs("unreachable")),
      ]);
      if (this.#closed) return;
      this.#started = true;
      this.send(first(sdp));
      this.#options.on.mark("sentAt");
      this.#after(ANSWER_CAP_MS, () => { if (!this.answered) this.lose(new ConnectionFailure("no_answer")); });
    } catch (error) {
      this.lose(/** @type {ConnectionFailure} */ (error));
    }
  }

  /** @param {string} sdp of the server's answer */
  async accept(sdp) {
    this.answered = true;
    const started = withStartBitrate(sdp, this.#options.startBitrateBps);
    await this.#peer?.setRemoteDescription({ type: "answer", sdp: started });
  }

  /** @param {object} message @returns {boolean} whether it could be sent */
  send(message) {
    if (!this.#started || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(toJson(message));
    return true;
  }

  /** Waits no longer for media that stopped to come back by itself. */
  hurry() {
    if (!this.resumable || this.#peer?.connectionState !== "disconnected") return;
    this.lose(new ConnectionFailure("media_failed"));
  }

  /** Ends it; no handler is called any more. */
  close() {
    this.#closed = true;
    clearTimeout(this.#disconnectedTimer);
    this.#timers.forEach(clearTimeout);
    this.#peer?.close();
    this.#socket?.close();
  }

  async #offer() {
    const peer = (this.#peer = new RTCPeerConnection({ iceServers: await this.#options.iceServers }));
    if (this.#closed) peer.close();
    peer.addEventListener("connectionstatechange", () => this.#onPeerState(peer.connectionState));
    await this.#options.tracks.sendOver(peer);
    await peer.setLocalDescription();
    await gathered(peer);
    this.#options.on.mark("offerAt");
    return /** @type {RTCSessionDescription} */ (peer.localDescription).sdp;
  }

  /** Resolves when the socket is open; one that closes is lost instead. */
  async #connect() {
    const socket = (this.#socket = new WebSocket(this.#options.url));
    socket.addEventListener("message", ({ data }) => { if (!this.#closed) this.#options.on.message(data, this); });
    const timer = this.#after(this.#options.openCapMs ?? OPEN_CAP_MS, () => this.lose(new ConnectionFailure("unreachable")));
    await new Promise((resolve) => {
      let opened = false;
      socket.addEventListener("open", () => {
        opened = true;
        clearTimeout(timer);
        this.#options.on.mark("socketAt");
        resolve(undefined);
      });
      socket.addEventListener("close", () => {
        this.lose(new ConnectionFailure(opened ? "connection_lost" : "unreachable"));
      });
    });
  }

  /** @param {RTCPeerConnectionState} state */
  #onPeerState(state) {
    if (this.#closed) return;
    clearTimeout(this.#disconnectedTimer);
    this.#options.on.peerState(state, this);
    if (state === "failed") this.lose(new ConnectionFailure("media_failed"));
    if (state === "disconnected") {
      this.#disconnectedTimer = setTimeout(() => this.hurry(), DISCONNECTED_CAP_MS);
    }
  }

  /** Gives it up, once: the link learns why. @param {ConnectionFailure} failure */
  lose(failure) {
    if (this.#closed) return;
    this.close();
    this.#options.on.lost(failure, this);
  }

  /** @param {number} ms @param {() => void} action */
  #after(ms, action) {
    const timer = setTimeout(action, ms);
    this.#timers.add(timer);
    return timer;
  }
}

/** @param {import("./errors.js").ClientErrorCode} code @returns {(error: unknown) => never} */
function failAs(code) {
  return (error) => { throw new ConnectionFailure(code, error); };
}
