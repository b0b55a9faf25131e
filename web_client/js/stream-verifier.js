/**
 * The browser end of one verified call.
 *
 * A call is one WebSocket tied to one peer connection. Every message of the server is dispatched
 * as a CustomEvent of the message's own type ("score", "state_changed", …), `detail` being the
 * message with `receivedAt` added. Failures on this side come as the same "error" events, with
 * the codes of {@link CLIENT_ERRORS}. "ending" says that nothing is sent any more, "closed" comes
 * last, once, whatever happened. "track_ended", "track_muted" and "track_unmuted" (detail: kind)
 * tell of camera and microphone, "connection" (detail: state) of the peer connection.
 *
 * @example
 * const verifier = new StreamVerifier({ identity: "ada" });
 * verifier.addEventListener("state_changed", ({ detail }) => console.log(detail.state));
 * verifier.attach(await navigator.mediaDevices.getUserMedia({ audio: true, video: true }));
 * await verifier.start();
 */

/**
 * @typedef {object} Consent
 * @property {string} subject  who agreed
 * @property {string} purpose  what for
 * @property {string} text     exactly what was shown and agreed to
 */

/**
 * @typedef {object} Limits
 * @property {number} longSidePx       pictures are sent no longer than this
 * @property {number} frameRateHz      and no more often than this
 * @property {number} videoBitrateBps
 * @property {number} startBitrateBps  where Chromium's estimate begins, so that the first pictures are sharp
 * @property {number} audioBitrateBps
 */

/** What can fail on this side, and what to do about it. */
export const CLIENT_ERRORS = Object.freeze({
  unreachable: "The server does not answer. Check that it runs and that you are online, then start again.",
  no_answer: "The server took too long to answer. It may be busy: start again in a moment.",
  connection_lost: "The connection to the server was lost, so nothing is checked any more. Start again.",
  media_failed: "Picture and sound do not reach the server. A firewall may block UDP: try another network.",
  bad_answer: "The server sent something this page does not understand. Reload the page.",
  no_webrtc: "This browser cannot make video calls. Use a current Chrome, Edge, Firefox or Safari.",
});

const LIMITS = Object.freeze({
  longSidePx: 640,
  frameRateHz: 15,
  videoBitrateBps: 1_000_000,
  startBitrateBps: 800_000,
  audioBitrateBps: 40_000,
});
const GATHERING_CAP_MS = 1500;
const ANSWER_CAP_MS = 15_000;
const GOODBYE_CAP_MS = 5000;

/** Milliseconds since the epoch, with the resolution of performance.now(). */
export const nowMs = () => performance.timeOrigin + performance.now();

/** The address of the call on the server that this module came from, under any prefix. */
export function defaultCallUrl() {
  return new URL("../api/v1/call", import.meta.url).href;
}

export class StreamVerifier extends EventTarget {
  /** When what happened, in milliseconds since the epoch. @type {Record<string, number>} */
  marks = {};
  #options;
  #tracks = /** @type {MediaStreamTrack[]} */ ([]);
  #socket = /** @type {WebSocket | null} */ (null);
  #peer = /** @type {RTCPeerConnection | null} */ (null);
  #timers = new Set();
  #phase = /** @type {"idle" | "open" | "ending" | "closed"} */ ("idle");

  /**
   * @param {object} options
   * @param {string} options.identity               whom to verify or enrol
   * @param {"verify" | "enrol"} [options.mode]
   * @param {Consent | null} [options.consent]      required to enrol
   * @param {boolean} [options.replace]             overwrite an enrolled reference
   * @param {string | null} [options.operatingPoint]  where states change; the server's default without
   * @param {string} [options.url]                  of the call, http(s) or ws(s)
   * @param {RTCIceServer[]} [options.iceServers]   none by default: no third party is asked
   * @param {Partial<Limits>} [options.limits]
   */
  constructor({ identity, mode = "verify", consent = null, replace = false, operatingPoint = null, url = defaultCallUrl(), iceServers = [], limits = {} }) {
    super();
    this.#options = { identity, mode, consent, replace, operatingPoint, url, iceServers, limits: { ...LIMITS, ...limits } };
  }

  /** Whether media may be on its way to the server. */
  get active() {
    return this.#phase === "open" || this.#phase === "ending";
  }

  /**
   * Takes clones of a stream's tracks: muting the originals in the page does not blind the
   * verifier, and only {@link stop} ends the clones.
   * @param {MediaStream} stream
   * @returns {this}
   */
  attach(stream) {
    if (this.#phase !== "idle") throw new Error("attach() before start(): a StreamVerifier makes one call");
    this.#tracks = stream.getTracks().map((track) => track.clone());
    for (const track of this.#tracks) {
      track.addEventListener("ended", () => this.#emit("track_ended", { kind: track.kind }));
      track.addEventListener("mute", () => this.#emit("track_muted", { kind: track.kind }));
      track.addEventListener("unmute", () => this.#emit("track_unmuted", { kind: track.kind }));
    }
    return this;
  }

  /** Opens the call. Never rejects: what goes wrong is told by an "error" event. */
  async start() {
    if (this.#phase !== "idle") throw new Error("start() once: a StreamVerifier makes one call");
    this.#phase = "open";
    this.#mark("startedAt");
    if (!globalThis.RTCPeerConnection) return this.#fail("no_webrtc");
    try {
      const [sdp] = await Promise.all([this.#offer(), this.#connect()]);
      if (this.#phase !== "open") return;
      this.#sendStart(sdp);
      this.#after(ANSWER_CAP_MS, () => { if (!("answerAt" in this.marks)) this.#fail("no_answer"); });
    } catch (error) {
      this.#fail(error instanceof Error ? "no_webrtc" : "unreachable", error);
    }
  }

  /** Ends the call and waits for the server's last words, five seconds at most. */
  async stop() {
    if (!this.active) return this.#close("stopped");
    const closed = new Promise((resolve) => this.addEventListener("closed", resolve, { once: true }));
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ type: "stop" }));
      this.#end("stopped");
    } else {
      this.#close("stopped");
    }
    await closed;
  }

  // ---- opening

  async #offer() {
    const peer = (this.#peer = new RTCPeerConnection({ iceServers: this.#options.iceServers }));
    peer.addEventListener("connectionstatechange", () => this.#onPeerState(peer.connectionState));
    const stream = new MediaStream(this.#tracks);
    for (const track of this.#tracks) {
      const { sender } = peer.addTransceiver(track, {
        direction: "sendonly",
        streams: [stream],
        sendEncodings: [this.#encoding(track)],
      });
      if (track.kind === "video") await keepResolution(sender);
    }
    await peer.setLocalDescription();
    await gathered(peer);
    this.#mark("offerAt");
    return /** @type {RTCSessionDescription} */ (peer.localDescription).sdp;
  }

  /** @param {MediaStreamTrack} track @returns {RTCRtpEncodingParameters} */
  #encoding(track) {
    const { longSidePx, frameRateHz, videoBitrateBps, audioBitrateBps } = this.#options.limits;
    if (track.kind === "audio") return { maxBitrate: audioBitrateBps };
    const { width = longSidePx, height = longSidePx } = track.getSettings();
    return {
      maxBitrate: videoBitrateBps,
      maxFramerate: frameRateHz,
      scaleResolutionDownBy: Math.max(1, Math.max(width, height) / longSidePx),
    };
  }

  #connect() {
    const url = new URL(this.#options.url, globalThis.document?.baseURI);
    url.protocol = url.protocol.replace(/^http/, "ws");
    const socket = (this.#socket = new WebSocket(url));
    socket.addEventListener("message", ({ data }) => this.#onMessage(data));
    return new Promise((resolve, reject) => {
      socket.addEventListener("open", () => { this.#mark("socketAt"); resolve(socket); });
      socket.addEventListener("close", (event) => { reject(event); this.#onSocketClose(event); });
    });
  }

  #sendStart(sdp) {
    const { mode, identity, consent, replace, operatingPoint } = this.#options;
    const more = mode === "enrol" ? { consent, replace } : operatingPoint ? { operating_point: operatingPoint } : {};
    this.#socket?.send(JSON.stringify({ type: "start", mode, identity, sdp, ...more }));
    this.#mark("sentAt");
  }

  // ---- while it runs

  #onMessage(data) {
    const receivedAt = nowMs();
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return this.#fail("bad_answer");
    }
    if (typeof message?.type !== "string") return this.#fail("bad_answer");
    message.receivedAt = receivedAt;
    if (message.type === "answer") return this.#onAnswer(message);
    this.#markOnce(message.type, receivedAt);
    this.#emit(message.type, message);
    if (message.type === "error") this.#end("error");
    if (message.type === "session_ended") this.#close(message.reason);
  }

  async #onAnswer(message) {
    this.#mark("answerAt");
    try {
      const sdp = withStartBitrate(message.sdp, this.#options.limits.startBitrateBps);
      await this.#peer?.setRemoteDescription({ type: "answer", sdp });
      this.#emit("answer", message);
    } catch (error) {
      if (this.#phase === "open") this.#fail("bad_answer", error);
    }
  }

  #onPeerState(state) {
    if (state === "connected") this.#markOnce("connected", nowMs());
    if (state === "failed" && this.#phase === "open") this.#fail("media_failed");
    this.#emit("connection", { state });
  }

  #onSocketClose({ reason }) {
    if (this.#phase === "ending") return this.#close("error");
    if (this.#phase !== "open") return;
    this.#fail("socketAt" in this.marks ? "connection_lost" : "unreachable", reason);
  }

  // ---- ending

  #fail(code, cause = "") {
    if (!this.active) return;
    if (cause instanceof Error) console.warn(`stream-verifier: ${code}:`, cause.message);
    this.#phase = "ending";
    this.#emit("error", { type: "error", code, message: CLIENT_ERRORS[code], receivedAt: nowMs() });
    this.#close("error");
  }

  /** Camera and microphone stop at once; the server's session_ended may still come. */
  #end(reason) {
    if (!this.active) return;
    this.#phase = "ending";
    this.#tracks.forEach((track) => track.stop());
    this.#emit("ending", { reason });
    this.#after(GOODBYE_CAP_MS, () => this.#close(reason));
  }

  #close(reason) {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#timers.forEach(clearTimeout);
    this.#tracks.forEach((track) => track.stop());
    this.#peer?.close();
    this.#socket?.close();
    this.#mark("closedAt");
    this.#emit("closed", { reason });
  }

  #after(ms, action) {
    this.#timers.add(setTimeout(action, ms));
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #mark(name) {
    this.marks[name] = nowMs();
  }

  #markOnce(type, at) {
    const names = { connected: "connectedAt", session_started: "sessionAt", score: "firstScoreAt", state_changed: "firstStateAt" };
    if (type in names) this.marks[names[type]] ??= at;
  }
}

/** Resolves when the candidates are all in the description, or after a cap: enough are by then. */
function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHERING_CAP_MS);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

/**
 * Chromium begins near 300 kb/s and takes 15 s to rise, unless the answer's codecs name a start.
 * Other browsers ignore the parameter.
 * @param {string} sdp @param {number} bps @returns {string}
 */
export function withStartBitrate(sdp, bps) {
  const parameter = `x-google-start-bitrate=${Math.round(bps / 1000)}`;
  const codecs = [...sdp.matchAll(/^a=rtpmap:(\d+) (?:VP8|VP9|H264|AV1)\//gim)];
  return codecs.reduce((text, [, id]) => {
    const fmtp = `a=fmtp:${id} `;
    return text.includes(fmtp)
      ? text.replace(fmtp, `${fmtp}${parameter};`)
      : text.replace(new RegExp(`^a=rtpmap:${id} .*$`, "m"), `$&\r\n${fmtp}${parameter}`);
  }, sdp);
}

/** Under a thin network a sharp face now and then serves better than a smooth small one. */
async function keepResolution(sender) {
  try {
    await sender.setParameters({ ...sender.getParameters(), degradationPreference: "maintain-resolution" });
  } catch {
    // A browser without the preference decides for itself.
  }
}
