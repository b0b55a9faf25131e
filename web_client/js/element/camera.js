// @ts-check
/** Camera and microphone of a badge whose page has no media of its own. */

import { openCamera } from "../media.js";

export class Camera {
  /** What is open now. @type {MediaStream | null} */
  stream = null;
  #onBack;
  #watch = /** @type {AbortController | null} */ (null);

  /** @param {(stream: MediaStream) => void} onBack when a lost device was replaced by what there is now */
  constructor(onBack) {
    this.#onBack = onBack;
  }

  /** @returns {Promise<MediaStream>} @throws {import("../media.js").MediaAccessError} */
  async open() {
    this.close();
    this.stream = await openCamera();
    return this.stream;
  }

  /** A device was unplugged: takes another now, or when one is plugged in. */
  async recover() {
    if (!this.stream || this.#watch) return;
    this.#watch = new AbortController();
    navigator.mediaDevices.addEventListener("devicechange", () => this.#reopen(), { signal: this.#watch.signal });
    await this.#reopen();
  }

  /** Lets go of the devices. */
  close() {
    this.#stopWatching();
    if (this.stream) stopAll(this.stream);
    this.stream = null;
  }

  async #reopen() {
    const watch = this.#watch;
    const stream = await openCamera().catch(() => null);
    if (!stream) return;
    if (watch !== this.#watch || !watch) {
      stopAll(stream);
      return;
    }
    this.close();
    this.stream = stream;
    this.#onBack(stream);
  }

  #stopWatching() {
    this.#watch?.abort();
    this.#watch = null;
  }
}

/** @param {MediaStream} stream */
function stopAll(stream) {
  for (const track of stream.getTracks()) track.stop();
}
