// @ts-check
/**
 * `<stream-verifier-enrol identity="ada" token="…">Words to agree to.</stream-verifier-enrol>`: asks
 * a person for consent, in the page's own words, and enrols face and voice with it.
 *
 * Attributes: `server`, `token`, `identity`, `theme` as of `<stream-verifier>`; `purpose`; `until`, when
 * the consent ends (ISO 8601). What is written between the tags is shown and recorded word for word;
 * without, those of its language are. `<p slot="passage">` holds what is to be read aloud. `state` is
 * set by the element. Languages are as for `<stream-verifier>`: `lang`, `texts`. Every event of the SDK is dispatched on it again; `enrolled` says that it is done.
 */

import { BadgeCall, NotReady } from "./element/call.js";
import { next, UNASKED } from "./element/enrol-model.js";
import { enrolStyle } from "./element/enrol-styles.js";
import { EnrolView } from "./element/enrol-view.js";
import { addressOf, reflect, ServerElement, tokenOf, upgrade } from "./element/host.js";
import { Speech } from "./element/speech.js";
import { badgeStyle } from "./element/styles.js";

/** @typedef {import("./stream-verifier.js").Consent} Consent */

const OF_THE_WORDS = ["identity", "purpose", "until", "server"];
const NO_IDENTITY = "Say who is to be enrolled: set the attribute identity, then start again.";
const BAD_SERVER = "The attribute server is no address. It looks like https://verifier.example.";
const BAD_UNTIL = "The attribute until is no time. It looks like 2027-12-31 or 2027-12-31T12:00:00Z.";

export class StreamVerifierEnrolElement extends ServerElement {
  static observedAttributes = [...OF_THE_WORDS, "lang"];

  #model = UNASKED;
  #view = new EnrolView({ start: () => this.start(), stop: () => this.stop() });
  #call = new BadgeCall({
    options: () => this.#options(),
    step: (type, detail) => this.#take(type, detail),
    event: (event) => this.#onEvent(event),
  });
  #speech = new Speech(this, () => this.#onLanguage());
  #shown = "";
  /** The page may write its words after the element has come. */
  #words = new MutationObserver(() => this.#onOtherWords());

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    for (const style of [badgeStyle, enrolStyle]) style.wear(shadow);
    shadow.append(this.#view.root);
  }

  connectedCallback() {
    upgrade(this, ["server", "token", "identity", "purpose", "until", "stream", "texts"]);
    this.#speech.follow();
    this.#words.observe(this, { childList: true, characterData: true, subtree: true });
    this.#onLanguage();
  }

  /** An element that is only moved is connected again at once. */
  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#words.disconnect();
      this.#speech.rest();
      this.stop();
    });
  }

  /** @param {string} name @param {string | null} before @param {string | null} value */
  attributeChangedCallback(name, before, value) {
    if (before === value || !this.isConnected) return;
    if (name === "lang") this.#speech.tune();
    else this.#onOtherWords();
  }

  /** Begins to enrol, if the box is ticked; what goes wrong is shown and told by an "error" event. */
  async start() {
    await this.#call.start();
    if (!this.#view.agreed) this.#view.pointAtConsent();
  }

  /** Ends it; what was not enrolled by then is forgotten. */
  async stop() {
    await this.#call.stop();
  }

  /** What there is to do now. */
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

  /** The page's own words, in place of some or all of its language's. @returns {import("../element.js").OwnTexts | null} */
  get texts() {
    return this.#speech.own;
  }

  set texts(texts) {
    this.#speech.own = texts;
  }

  get purpose() {
    return this.getAttribute("purpose") ?? this.#speech.words.consentFor(this.identity).purpose;
  }

  set purpose(purpose) {
    reflect(this, "purpose", purpose);
  }

  get until() {
    return this.getAttribute("until") ?? "";
  }

  set until(until) {
    reflect(this, "until", until);
  }

  /** The words as they are shown, to the letter. */
  get consentText() {
    return this.#ownWords || this.#speech.words.consentFor(this.identity).text;
  }

  /** The page's words, if it has any. */
  get #ownWords() {
    const own = [...this.childNodes].filter((node) => !(node instanceof Element && node.slot)).map((node) => node.textContent).join("");
    return own.replace(/[^\S\n]+/g, " ").replace(/ ?\n[\n ]*/g, "\n").trim();
  }

  /** @returns {import("./stream-verifier.js").StreamVerifierOptions} @throws {NotReady} */
  #options() {
    const url = addressOf(this);
    if (!url) throw new NotReady("bad_server", BAD_SERVER);
    if (!this.identity) throw new NotReady("no_identity", NO_IDENTITY);
    if (!this.#view.agreed) throw new NotReady("consent_missing", this.#speech.words.texts.enrol.notAgreed);
    return { url: url.href, identity: this.identity, mode: "enrol", consent: this.#consent(), replace: this.#view.replaces, add: this.#view.adds, token: tokenOf(this) };
  }

  /** @returns {Consent} @throws {NotReady} */
  #consent() {
    const consent = { subject: this.identity, purpose: this.purpose, text: this.consentText };
    if (!this.until) return consent;
    const until = new Date(this.until);
    if (Number.isNaN(until.getTime())) throw new NotReady("bad_until", BAD_UNTIL);
    return { ...consent, expires_at: until.toISOString() };
  }

  /** What was agreed to in one language was not in another, unless the page's own words stand. */
  #onLanguage() {
    this.#view.speak(this.#speech.words);
    const asked = JSON.stringify(this.#asked());
    if (asked === this.#shown) this.#show();
    else this.#onOtherWords();
  }

  /** Whoever agreed did not agree to these. */
  #onOtherWords() {
    this.#view.disagree();
    if (this.#call.busy) this.stop();
    this.#take("worded", {});
    this.#show();
  }

  /**
   * Tells the page and shows it. "error" does not bubble: a window would take it for one of its own.
   * @param {CustomEvent} event
   */
  #onEvent({ type, detail }) {
    this.#take(type, detail);
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: type !== "error", composed: true }));
  }

  /** @param {string} type @param {any} detail */
  #take(type, detail) {
    const before = this.#model;
    this.#model = next(before, type, detail);
    if (this.#model !== before) this.#show();
  }

  #show() {
    const { status } = this.#model;
    if (this.getAttribute("state") !== status) this.setAttribute("state", status);
    this.#view.preview(this.stream);
    const asked = this.#asked();
    this.#shown = JSON.stringify(asked);
    const server = addressOf(this)?.host ?? this.server;
    this.#view.show(this.#model, { ...asked, lang: this.#ownWords ? this.#speech.around : this.#speech.words.tag, until: sayUntil(this.until, this.#speech.words.tag), server }, this.#speech.words);
  }

  /** What is agreed to. */
  #asked() {
    return { who: this.identity, purpose: this.purpose, text: this.consentText, until: this.until };
  }
}

/** @param {string} until ISO 8601 @param {string} tag of a language @returns {string} as its readers write it */
function sayUntil(until, tag) {
  const at = new Date(until);
  return until && !Number.isNaN(at.getTime()) ? at.toLocaleDateString(tag, { dateStyle: "long" }) : until;
}

if (!customElements.get("stream-verifier-enrol")) customElements.define("stream-verifier-enrol", StreamVerifierEnrolElement);
