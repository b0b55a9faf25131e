// @ts-check
/**
 * `<stream-verifier server="https://verifier.example" token="…" identity="ada">`: the state of a
 * verified call as a badge with its details, in any page.
 *
 * Attributes: `server` (by default the one this module came from), `token`, `identity`,
 * `operating-point`, `autostart`, `no-controls`, `tell-camera` (tell the server what the camera
 * is called: ask the person first), `theme` (light or dark; by default the page's). It speaks the language
 * of the page where it stands (`lang`), if `languages.js` has it, with the page's own words (`texts`) in it.
 * `state` is set by the element. Properties: `stream` or `peerConnection` for pages that have media
 * already; without one the element opens camera and microphone itself when it starts. `token` may
 * be a function as well. Every event of the SDK is dispatched on the element again.
 */

import { ChallengeDialog, challengeStyle, shownChallenges } from "./challenge-dialog.js";
import { BadgeCall, NotReady } from "./element/call.js";
import { addressOf, ServerElement, tokenOf, upgrade } from "./element/host.js";
import { AT_REST, isOn, next } from "./element/model.js";
import { Record } from "./element/record.js";
import { Speech } from "./element/speech.js";
import { badgeStyle } from "./element/styles.js";
import { View } from "./element/view.js";
import { nowMs } from "./stream-verifier.js";

const TICK_MS = 1000;
const ANOTHER_CALL = new Set(["server", "identity", "operating-point"]);
const NO_IDENTITY = "Say who should be in the call: set the attribute identity, then start again.";
const BAD_SERVER = "The attribute server is no address. It looks like https://verifier.example.";

export class StreamVerifierElement extends ServerElement {
  static observedAttributes = [...ANOTHER_CALL, "autostart", "no-controls", "lang"];

  #model = AT_REST;
  #record = new Record();
  #view = new View({ control: () => this.#onControl(), toggle: () => this.#onToggle() });
  #call = new BadgeCall({
    options: () => this.#options(),
    step: (type, detail) => this.#take(type, detail),
    event: (event) => this.#onEvent(event),
  });
  #challenge = new ChallengeDialog((challenge, choice) => this.verifier?.answerChallenge(challenge, choice), () => this.stream);
  #speech = new Speech(this, () => this.#onWords());
  #restarting = false;
  #ticker = /** @type {ReturnType<typeof setInterval> | undefined} */ (undefined);

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    for (const style of [badgeStyle, challengeStyle]) style.wear(shadow);
    shadow.append(this.#challenge.root, this.#view.root);
  }

  connectedCallback() {
    upgrade(this, ["server", "token", "identity", "autostart", "stream", "peerConnection", "texts"]);
    this.#speech.follow();
    this.#onWords();
    if (this.autostart) this.start();
  }

  /** An element that is only moved is connected again at once. */
  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#speech.rest();
      this.stop();
    });
  }

  /** @param {string} name @param {string | null} before @param {string | null} value */
  attributeChangedCallback(name, before, value) {
    if (before === value || !this.isConnected) return;
    if (name === "autostart" && this.autostart) this.start();
    if (ANOTHER_CALL.has(name)) this.#restart();
    if (name === "lang") this.#speech.tune();
    this.#show();
  }

  /** Begins a call, if there is none; what goes wrong is shown and told by an "error" event. */
  async start() {
    await this.#call.start();
  }

  /** Ends the call, if there is one. */
  async stop() {
    await this.#call.stop();
  }

  /** What is known now: a verdict's state, or what keeps there from being one. */
  get state() {
    return this.#model.status;
  }

  /** The latest call's StreamVerifier, null before the first. */
  get verifier() {
    return this.#call.verifier;
  }

  /** The page's own media, or what the element opened for want of it. @returns {MediaStream | null} */
  get stream() {
    return this.#call.given instanceof MediaStream ? this.#call.given : this.#call.ownStream;
  }

  set stream(stream) {
    this.#call.give(stream);
  }

  /** The page's own call, whose sent tracks are verified. @returns {RTCPeerConnection | null} */
  get peerConnection() {
    const { given } = this.#call;
    return given && "getSenders" in given ? given : null;
  }

  set peerConnection(peer) {
    this.#call.give(peer);
  }

  /** The page's own words, in place of some or all of its language's. @returns {import("../element.js").OwnTexts | null} */
  get texts() {
    return this.#speech.own;
  }

  set texts(texts) {
    this.#speech.own = texts;
  }

  get autostart() {
    return this.hasAttribute("autostart");
  }

  set autostart(autostart) {
    this.toggleAttribute("autostart", Boolean(autostart));
  }

  // ---- calling

  /** @returns {import("./stream-verifier.js").StreamVerifierOptions} @throws {NotReady} */
  #options() {
    const url = addressOf(this);
    if (!url) throw new NotReady("bad_server", BAD_SERVER);
    if (!this.identity) throw new NotReady("no_identity", NO_IDENTITY);
    this.#record.clear();
    return { url: url.href, identity: this.identity, operatingPoint: this.getAttribute("operating-point"), token: tokenOf(this), challenges: shownChallenges(), tellCamera: this.hasAttribute("tell-camera") };
  }

  /** Another server or another person is another call. */
  #restart() {
    if (!this.#call.busy || this.#restarting) return;
    this.#restarting = true;
    queueMicrotask(async () => {
      await this.stop();
      this.#restarting = false;
      if (this.isConnected) this.start();
    });
  }

  /**
   * Tells the page and shows it. "error" does not bubble: a window would take it for one of its own.
   * @param {CustomEvent} event
   */
  #onEvent({ type, detail }) {
    if (type === "restarted") this.#record.clear();
    if (detail?.receivedAt) this.#record.take(detail);
    this.#take(type, detail);
    this.#challenge.take(type, detail);
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: type !== "error", composed: true }));
  }

  // ---- showing

  /** @param {string} type @param {any} detail */
  #take(type, detail) {
    const before = this.#model;
    this.#model = next(before, type, detail);
    if (this.#model !== before) this.#show();
  }

  #onWords() {
    this.#view.speak(this.#speech.words);
    this.#challenge.speak(this.#speech.words);
    this.#show();
  }

  #show() {
    const { status } = this.#model;
    if (this.getAttribute("state") !== status) this.setAttribute("state", status);
    const server = addressOf(this)?.host ?? this.server;
    this.#view.show(this.#model, { who: this.identity, server, controls: !this.hasAttribute("no-controls") }, this.#speech.words);
    this.#showDetails();
  }

  #showDetails() {
    clearInterval(this.#ticker);
    if (!this.#view.open) return;
    const draw = () => this.#view.showDetails(this.#record.read(isOn(this.#model) ? nowMs() : null), this.#model, this.#speech.words);
    draw();
    if (isOn(this.#model)) this.#ticker = setInterval(draw, TICK_MS);
  }

  #onControl() {
    if (this.#call.busy) this.stop();
    else this.start();
  }

  #onToggle() {
    this.#view.open = !this.#view.open;
    this.#showDetails();
  }
}

if (!customElements.get("stream-verifier")) customElements.define("stream-verifier", StreamVerifierElement);
