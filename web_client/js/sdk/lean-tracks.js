// @ts-check
/** The verifier's own copies of the host's tracks, which follow what the host does with them. */

import { encodingOf, fitPicture, LIMITS } from "./limits.js";
import { KINDS, trackOf } from "./sources.js";

/** @typedef {import("./sources.js").Kind} Kind */
/** @typedef {import("./sources.js").MediaSource} MediaSource */
/** @typedef {{original: MediaStreamTrack, copy: MediaStreamTrack}} Held */

// replaceTrack() and addTrack() by a page fire no event, so that looking is the only way to know.
const LOOK_MS = 500;

/**
 * At most one copy a kind. Muting the originals in the page does not blind the verifier; ending
 * them, or taking them out of the source, does. Dispatches "track_ended", "track_muted",
 * "track_unmuted" and "track_replaced" (detail: kind).
 */
export class LeanTracks extends EventTarget {
  #limits;
  #source = /** @type {MediaSource | null} */ (null);
  #chosen = /** @type {Partial<Record<Kind, MediaStreamTrack>>} */ ({});
  #held = /** @type {Record<Kind, Held | null>} */ ({ audio: null, video: null });
  #senders = /** @type {Partial<Record<Kind, RTCRtpSender>>} */ ({});
  #fitted = "";
  #timer = /** @type {ReturnType<typeof setInterval> | undefined} */ (undefined);

  /** @param {import("./limits.js").Limits} limits */
  constructor(limits = LIMITS) {
    super();
    this.#limits = limits;
  }

  /** @param {MediaSource} source in place of any before */
  attach(source) {
    this.#source = source;
    this.#chosen = {};
    this.look();
  }

  /** Takes one track from elsewhere than the source. @param {MediaStreamTrack} track */
  replace(track) {
    this.#chosen[/** @type {Kind} */ (track.kind)] = track;
    this.look();
  }

  /** Follows the source until {@link stop}. */
  follow() {
    this.#timer ??= setInterval(() => this.look(), LOOK_MS);
  }

  /** What the browser calls the camera; empty where it does not say. */
  get cameraLabel() {
    return this.#held.video?.original.label ?? "";
  }

  /** Compares what is held with what the host has now. */
  look() {
    for (const kind of KINDS) {
      const wanted = this.#wanted(kind);
      if (wanted === (this.#held[kind]?.original ?? null)) this.#fit(kind);
      else this.#hold(kind, wanted);
    }
  }

  /**
   * Gives a fresh peer connection a sender for each kind, with or without a track as yet.
   * @param {RTCPeerConnection} peer
   */
  async sendOver(peer) {
    this.#senders = {};
    this.#fitted = "";
    if (!this.#source && !Object.keys(this.#chosen).length) return;
    const copies = KINDS.flatMap((kind) => this.#held[kind]?.copy ?? []);
    const streams = [new MediaStream(copies)];
    for (const kind of KINDS) {
      const copy = this.#held[kind]?.copy ?? null;
      const sendEncodings = [encodingOf(kind, copy, this.#limits)];
      const { sender } = peer.addTransceiver(copy ?? kind, { direction: "sendonly", streams, sendEncodings });
      this.#senders[kind] = sender;
      if (kind === "video") await fitPicture(sender, copy, this.#limits);
    }
  }

  /** Ends the copies; the originals stay as they are. */
  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#source = null;
    this.#chosen = {};
    for (const kind of KINDS) this.#release(kind);
  }

  /** @param {Kind} kind @returns {MediaStreamTrack | null} */
  #wanted(kind) {
    const chosen = this.#chosen[kind];
    if (chosen?.readyState === "live") return chosen;
    return this.#source && trackOf(this.#source, kind);
  }

  /** @param {Kind} kind @param {MediaStreamTrack | null} original */
  #hold(kind, original) {
    const before = this.#release(kind);
    const copy = original?.clone() ?? null;
    if (original && copy) {
      copy.enabled = true;
      this.#held[kind] = { original, copy };
      this.#listen(kind, copy);
    }
    // The connection may be closing; the next one takes what is held then.
    this.#senders[kind]?.replaceTrack(copy).then(() => this.#fit(kind), () => {});
    if (!copy && before) this.#tell("track_ended", kind);
    if (copy && this.#timer !== undefined) this.#tell("track_replaced", kind);
  }

  /** @param {Kind} kind @param {MediaStreamTrack} copy */
  #listen(kind, copy) {
    const current = () => this.#held[kind]?.copy === copy;
    copy.addEventListener("mute", () => { if (current()) this.#tell("track_muted", kind); });
    copy.addEventListener("unmute", () => { if (current()) this.#tell("track_unmuted", kind); });
    copy.addEventListener("ended", () => { if (current()) this.#hold(kind, null); });
  }

  /** @param {Kind} kind @returns {Held | null} what was held */
  #release(kind) {
    const held = this.#held[kind];
    this.#held[kind] = null;
    held?.copy.stop();
    return held;
  }

  /** A phone that is turned, or a window that is resized, changes the picture's size. @param {Kind} kind */
  #fit(kind) {
    const sender = this.#senders[kind];
    const copy = this.#held[kind]?.copy;
    if (kind !== "video" || !sender || !copy) return;
    const { width = 0, height = 0 } = copy.getSettings();
    const size = `${width}x${height}`;
    if (size === this.#fitted) return;
    this.#fitted = size;
    fitPicture(sender, copy, this.#limits);
  }

  /** @param {keyof import("../../stream-verifier.js").TrackEvents} type @param {Kind} kind */
  #tell(type, kind) {
    this.dispatchEvent(new CustomEvent(type, { detail: { kind } }));
  }
}
