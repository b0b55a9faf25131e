// @ts-check
/** The call behind a badge: the page's media or the badge's own, one StreamVerifier after another. */

import { nowMs, StreamVerifier } from "../stream-verifier.js";
import { Camera } from "./camera.js";

/** @typedef {import("../sdk/sources.js").MediaSource} MediaSource */
/** @typedef {import("../stream-verifier.js").StreamVerifierOptions} StreamVerifierOptions */

/** What keeps a call from beginning; the message says what to do. */
export class NotReady extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * @typedef {object} BadgeCallHandlers
 * @property {() => StreamVerifierOptions} options   of the next call; throws {@link NotReady}
 * @property {(type: string, detail: any) => void} step   "asking" and "connecting"
 * @property {(event: CustomEvent) => void} event    of the SDK
 */

export class BadgeCall {
  /** The latest call's, null before the first. @type {StreamVerifier | null} */
  verifier = null;
  /** What the page gave. @type {MediaSource | null} */
  given = null;
  #on;
  #run = 0;
  #starting = false;
  #ending = /** @type {Promise<void> | null} */ (null);
  #camera = new Camera((stream) => this.verifier?.attach(stream));

  /** @param {BadgeCallHandlers} on */
  constructor(on) {
    this.#on = on;
  }

  /** Whether a call runs or is about to; one that was stopped does not, though its last events come still. */
  get busy() {
    return this.#starting || Boolean(this.verifier?.active && !this.#ending);
  }

  /** The camera that was opened for want of anything given. */
  get ownStream() {
    return this.#camera.stream;
  }

  /** @param {MediaSource | null} source in place of any before */
  give(source) {
    this.given = source;
    if (!source || !this.verifier?.active) return;
    this.#camera.close();
    this.verifier.attach(source);
  }

  /** Begins a call. Never rejects: what goes wrong is an "error" event. */
  async start() {
    if (this.#ending && (await this.#outrun(this.#ending))) return;
    if (this.busy) return;
    const run = ++this.#run;
    this.#starting = true;
    try {
      const verifier = new RelayedVerifier((event) => this.#onEvent(event), this.#on.options());
      const source = this.given ?? (await this.#openCamera());
      if (run === this.#run) this.#begin(verifier, source);
      else this.#camera.close();
    } catch (error) {
      if (run === this.#run) this.#fail(/** @type {any} */ (error));
    } finally {
      if (run === this.#run) this.#starting = false;
    }
  }

  /** Ends it, or keeps it from beginning. */
  async stop() {
    this.#run += 1;
    if (this.#starting) this.#on.step("closed", { reason: "stopped" });
    this.#starting = false;
    if (this.verifier?.active) await (this.#ending ??= this.#end(this.verifier));
    this.#camera.close();
  }

  /** @param {StreamVerifier} verifier */
  async #end(verifier) {
    await verifier.stop();
    this.#ending = null;
  }

  /**
   * An element that is put back into a page has a call that ends still: the next one begins after it.
   * @param {Promise<void>} ending @returns {Promise<boolean>} whether it was stopped meanwhile
   */
  async #outrun(ending) {
    const run = this.#run;
    await ending;
    return run !== this.#run;
  }

  /** @param {StreamVerifier} verifier @param {MediaSource} source */
  #begin(verifier, source) {
    this.verifier = verifier.attach(source);
    this.#on.step("connecting", {});
    verifier.start();
  }

  #openCamera() {
    this.#on.step("asking", {});
    return this.#camera.open();
  }

  /** @param {{code?: string, message: string}} error */
  #fail({ code = "page_failed", message }) {
    this.#on.event(new CustomEvent("error", { detail: { type: "error", code, message, receivedAt: nowMs() } }));
  }

  /** @param {CustomEvent} event */
  #onEvent(event) {
    if (event.type === "track_ended" && !this.given) this.#camera.recover();
    if (event.type === "ending" || event.type === "closed") this.#camera.close();
    this.#on.event(event);
  }
}

/** Its every event is told, of types that are not known yet as well. */
class RelayedVerifier extends StreamVerifier {
  #tell;

  /** @param {(event: CustomEvent) => void} tell @param {StreamVerifierOptions} options */
  constructor(tell, options) {
    super(options);
    this.#tell = tell;
  }

  /** @param {Event} event */
  dispatchEvent(event) {
    const passed = super.dispatchEvent(event);
    this.#tell(/** @type {CustomEvent} */ (event));
    return passed;
  }
}
