/** One running call on the board. Only what changed is touched. */

import { drawing, make, redraw, setText } from "../dom.js";
import { inWords, sayShortly } from "../words.js";
import { drawStrip } from "./strip.js";
import { sayCalm, sayFreshness, sayLength, sayTone } from "./words.js";

/** @typedef {import("./call.js").Call} Call */

/** A strip drawn so lately has not moved by a pixel. */
const FRESH_MS = 700;

export class Card {
  /** Whether it is in view; what is not need not be drawn. */
  visible = false;
  #call;
  #parts;
  #drawnAt = -Infinity;
  /** The server's wall time, in ms, of what is shown. */
  #now = 0;

  /** @param {Call} call @param {() => void} onOpen */
  constructor(call, onOpen) {
    this.#call = call;
    this.#parts = build(onOpen);
    this.element = this.#parts.root;
    this.element.dataset.session = call.session;
  }

  /** Shows what the call's events say. @param {number} now the server's wall time in ms */
  update(now) {
    const { root, sign, name, who, why } = this.#parts;
    const { tone, reasons, identity, away } = this.#call;
    if (root.dataset.state !== tone) {
      root.dataset.state = tone;
      redraw(sign, tone);
    }
    setText(name, sayTone(tone));
    setText(who, identity ?? "…");
    setText(why, [away ? "connection lost" : "", sayShortly(reasons)].filter(Boolean).join(", ") || sayCalm(tone));
    this.#describe();
    this.#showAges(now);
  }

  /** Moves on what changes with time alone. @param {number} now */
  tick(now) {
    if (this.visible) this.#showAges(now);
  }

  /**
   * Draws the strip. Apart from the rest, so that all cards are written first and measured then:
   * otherwise the page would be laid out once a card.
   */
  draw() {
    if (!this.visible) return;
    drawStrip(this.#parts.strip, this.#call.timeline, this.#call.mediaNowS(this.#now));
    this.#drawnAt = performance.now();
  }

  /** Draws the strip again if that was not done just now. */
  redraw() {
    if (performance.now() - this.#drawnAt > FRESH_MS) this.draw();
  }

  #showAges(now) {
    this.#now = now;
    const { since, age, score } = this.#parts;
    const { stateSince, startedAt } = this.#call;
    setText(since, sayLength(stateSince, now));
    setText(age, startedAt === null ? "" : `Call ${sayLength(startedAt, now)}`);
    setText(score, sayFreshness(this.#call, now));
  }

  #describe() {
    const told = inWords(this.#call.timeline).slice(-3).join("; ");
    const text = `Last 3 minutes: ${told || "nothing yet"}`;
    if (this.#parts.strip.getAttribute("aria-label") !== text) this.#parts.strip.setAttribute("aria-label", text);
  }
}

function build(onOpen) {
  const [name, since] = [make("span", { className: "tone-name" }), make("span", { className: "since" })];
  const who = make("span", { className: "who-name", dir: "auto" });
  const open = make("button", { type: "button", className: "who" }, who);
  const why = make("p", { className: "why" });
  const strip = make("canvas", { className: "strip" });
  strip.setAttribute("role", "img");
  const [age, score] = [make("span"), make("span")];
  const sign = drawing();
  const root = make("li", { className: "tile" },
    make("p", { className: "tone" }, sign, name, since),
    make("h3", {}, open), why, strip,
    make("p", { className: "ages" }, age, score));
  root.dataset.testid = "call";
  open.addEventListener("click", onOpen);
  return { root, sign, name, since, who, why, strip, age, score };
}
