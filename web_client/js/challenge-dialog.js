// @ts-check
/**
 * Asks the person for something: what to do, how long there is, another way, and how it ended.
 *
 * The page under it stays as it is, with its buttons: a call goes on meanwhile. Escape skips.
 */

import { COLOUR_CSS, ColourScreen, prefersLess, showsColours } from "./colour-screen.js";
import { Style } from "./style.js";
import { ENGLISH } from "./words.js";

const TOLD_MS = 8000;
/** Seconds left at which the time is read out. */
const SPOKEN_AT = new Set([10, 5]);

/** @typedef {import("../stream-verifier.js").ChallengeAsked} Asked */
/** @typedef {import("../stream-verifier.js").ChallengeResult} Result */

const CSS = `
.challenge {
  --paper: var(--surface, light-dark(#ffffff, #161d27)); --text: var(--ink, light-dark(#17202c, #e7ecf3));
  --edge: var(--accent, light-dark(#2b5fcf, #82aaff));
  display: grid; gap: 0.6em; padding: 1em; margin: 0.6em; text-align: start;
  color: var(--text); background: var(--paper); border: 2px solid var(--edge); border-radius: 12px;
}
.challenge[hidden], .challenge [hidden] { display: none !important; }
.challenge:focus { outline: none; }
.challenge:focus-visible { outline: 3px solid var(--edge); outline-offset: 2px; }
.challenge h2 { margin: 0; font-size: 1.05em; }
.challenge p { margin: 0; overflow-wrap: anywhere; }
.challenge .task { font-size: 1.6em; font-weight: 700; line-height: 1.25; }
.challenge .left { display: grid; gap: 0.25em; font-variant-numeric: tabular-nums; }
.challenge progress { width: 100%; height: 0.7em; accent-color: var(--edge); }
.challenge .ways { display: flex; flex-wrap: wrap; gap: 0.5em; }
.challenge button {
  flex: 1 1 auto; min-height: 2.75em; padding: 0.3em 1em; font: inherit; font-weight: 600; color: var(--text);
  background: var(--paper); border: 1px solid color-mix(in srgb, var(--text) 55%, transparent); border-radius: 8px; cursor: pointer;
}
.challenge button:focus-visible { outline: 3px solid var(--edge); outline-offset: 2px; }
.challenge-aloud { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
${COLOUR_CSS}`;

/** @returns {import("../stream-verifier.js").ChallengeKind[]} kinds that this dialog shows here, for the SDK's `challenges` */
export const shownChallenges = () => ["turn_head", "say_digits", ...(showsColours() ? /** @type {const} */ (["watch_colours"]) : [])];

// Of its own: it belongs to pages and to the element, which share no helpers.
/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, string>} [attributes] @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {Element} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** For a document or a shadow tree. */
export const challengeStyle = new Style(CSS);

export class ChallengeDialog {
  #answer;
  #words = ENGLISH;
  #colours;
  #asked = /** @type {Asked | null} */ (null);
  #endsAt = 0;
  #askedAt = 0;
  #ticker = /** @type {ReturnType<typeof setInterval> | undefined} */ (undefined);
  #hiding = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
  #before = /** @type {HTMLElement | null} */ (null);
  #title = make("h2", { id: "challenge-title" });
  #task = make("p", { id: "challenge-task", class: "task", "data-testid": "challenge-task" });
  #how = make("p", { id: "challenge-how" });
  #free = make("p", { id: "challenge-free" });
  #seconds = make("span", { "data-testid": "challenge-left" });
  #bar = make("progress", { "aria-hidden": "true", max: "1", value: "1" });
  #left = make("div", { class: "left" }, this.#seconds, this.#bar);
  #other = make("button", { type: "button", "data-testid": "challenge-other" });
  #agree = make("button", { type: "button", "data-testid": "challenge-agree" });
  #agreeing = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
  #skip = make("button", { type: "button", "data-testid": "challenge-skip" });
  #close = make("button", { type: "button", "data-testid": "challenge-close" });
  #aloud = make("div", { class: "challenge-aloud", role: "status", "data-testid": "challenge-aloud" });
  #box = make("div", {
    class: "challenge", part: "challenge", role: "dialog", tabindex: "-1", hidden: "", "data-testid": "challenge",
    "aria-labelledby": "challenge-title", "aria-describedby": "challenge-task challenge-how challenge-free",
  }, this.#title, this.#task, this.#how, this.#free, this.#left, make("div", { class: "ways" }, this.#agree, this.#other, this.#skip, this.#close));
  /** To be put into the page; what is read out stays when the box goes. */
  root = make("div", {}, this.#box, this.#aloud);

  /**
   * @param {(challenge: string, choice: "skip" | "other") => unknown} answer of the SDK
   * @param {() => MediaStream | null} [picture] the person's own, to be shown amid colours
   */
  constructor(answer, picture = () => null) {
    this.#answer = answer;
    this.#colours = new ColourScreen(() => this.#choose("skip"), picture, () => this.#closeColours());
    this.root.append(this.#colours.root);
    this.speak(ENGLISH);
    this.#agree.addEventListener("click", () => this.#showColours());
    this.#other.addEventListener("click", () => this.#choose("other"));
    this.#skip.addEventListener("click", () => this.#choose("skip"));
    this.#close.addEventListener("click", () => this.hide());
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      if (this.#asked) this.#choose("skip");
      else this.hide();
    });
  }

  /** What is asked from now on is in this language. @param {import("./words.js").Words} words */
  speak(words) {
    const { challenges } = words.texts;
    this.#words = words;
    words.mark(this.root);
    setText(this.#free, challenges.free);
    setText(this.#agree, challenges.showColours);
    setText(this.#skip, challenges.skip);
    setText(this.#close, challenges.close);
    this.#colours.speak(words);
  }

  /** Takes any event of the SDK; most are not for it. @param {string} type @param {any} detail */
  take(type, detail) {
    if (type === "challenge_asked") this.#show(detail);
    else if (type === "challenge_result") this.#end(detail);
    else if (type === "ending" || type === "closed" || type === "restarted") this.hide();
  }

  /** Nothing is asked any more. */
  hide() {
    clearInterval(this.#ticker);
    clearTimeout(this.#hiding);
    this.#closeColours();
    const held = this.#box.matches(":focus-within");
    this.#asked = null;
    this.#box.hidden = true;
    if (held && this.#before?.isConnected) this.#before.focus();
    this.#before = null;
  }

  /** @param {Asked} asked */
  #show(asked) {
    clearTimeout(this.#hiding);
    clearInterval(this.#ticker);
    this.#closeColours();
    this.#asked = asked;
    const { title, task, how } = this.#words.sayChallenge(asked);
    setText(this.#title, title);
    setText(this.#task, task);
    setText(this.#how, how);
    this.#endsAt = performance.now() + 1000 * asked.within_s;
    this.#bar.max = asked.within_s;
    this.#other.hidden = !asked.others.length;
    if (asked.others.length) setText(this.#other, this.#words.sayOtherWay(asked.others[0]));
    this.#open(true);
    const root = /** @type {Document | ShadowRoot} */ (this.#box.getRootNode());
    if (!this.#box.matches(":focus-within")) this.#before = /** @type {HTMLElement | null} */ (root.activeElement ?? document.activeElement);
    // The dialog, not a button: a key that was meant for something else must not skip.
    this.#box.focus();
    setText(this.#aloud, `${title}: ${task}. ${how}`);
    this.#tick();
    this.#ticker = setInterval(() => this.#tick(), 1000);
    if (asked.screen) this.#planColours(asked.screen);
  }

  /** Whoever asked for less motion is shown colours only by a word of theirs. @param {import("./colour-screen.js").ScreenColours} screen */
  #planColours(screen) {
    this.#askedAt = performance.now();
    this.#agree.hidden = !prefersLess();
    if (this.#agree.hidden) this.#showColours();
    else this.#agreeing = setTimeout(() => this.#choose("skip"), 1000 * screen.from_s);
  }

  #showColours() {
    clearTimeout(this.#agreeing);
    this.#agree.hidden = true;
    if (this.#asked?.screen) this.#colours.plan(this.#asked.screen, this.#askedAt);
  }

  /** The box under them has the focus again. */
  #closeColours() {
    clearTimeout(this.#agreeing);
    const held = this.#colours.root.matches(":focus-within");
    this.#colours.hide();
    if (held) this.#box.focus();
  }

  /** @param {boolean} asking */
  #open(asking) {
    this.#box.hidden = false;
    this.#left.hidden = this.#skip.hidden = this.#free.hidden = !asking;
    this.#task.hidden = !asking;
    this.#close.hidden = asking;
    this.#agree.hidden = true;
    if (!asking) this.#other.hidden = true;
  }

  #tick() {
    const left = Math.max(0, Math.ceil((this.#endsAt - performance.now()) / 1000));
    const { challenges } = this.#words.texts;
    const said = this.#words.sayCounted(challenges.left, left, { seconds: left });
    setText(this.#seconds, left ? said : challenges.timeIsUp);
    this.#bar.value = left;
    if (SPOKEN_AT.has(left)) setText(this.#aloud, said);
    if (!left) clearInterval(this.#ticker);
  }

  /** @param {Result} result */
  #end(result) {
    if (this.#asked?.challenge !== result.challenge) return;
    clearInterval(this.#ticker);
    this.#closeColours();
    this.#asked = null;
    if (result.why === "skipped") {
      setText(this.#aloud, this.#words.texts.challenges.skipped);
      this.hide();
      return;
    }
    const words = this.#words.sayChallengeResult(result);
    const focused = this.#box.matches(":focus-within");
    this.#open(false);
    setText(this.#how, words);
    setText(this.#aloud, words);
    if (focused) this.#box.focus();
    this.#hiding = setTimeout(() => this.hide(), TOLD_MS);
  }

  /** @param {"skip" | "other"} choice */
  #choose(choice) {
    if (this.#asked) this.#answer(this.#asked.challenge, choice);
  }
}
