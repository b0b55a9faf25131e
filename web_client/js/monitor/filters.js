/** Which calls are to be seen: by state, and by what is typed. The counts tell of all. */

import { byId, drawing, make, setText } from "../dom.js";
import { WORRY } from "./call.js";
import { countTones, passing, wordsOf } from "./selection.js";
import { sayTone } from "./words.js";

/** Dispatches "changed". */
export class Filters extends EventTarget {
  #counts = /** @type {Record<string, HTMLElement>} */ ({});
  #boxes = /** @type {HTMLInputElement[]} */ ([]);

  constructor() {
    super();
    const tell = () => this.dispatchEvent(new CustomEvent("changed"));
    byId("filters").append(...WORRY.map((tone) => this.#build(tone)));
    byId("filters").addEventListener("change", tell);
    byId("search").addEventListener("input", tell);
    byId("clear").addEventListener("click", () => { this.clear(); tell(); });
  }

  /** Whether anything is left out. */
  get active() {
    return this.#words.length > 0 || this.#tones.size > 0;
  }

  clear() {
    byId("search").value = "";
    for (const box of this.#boxes) box.checked = false;
  }

  /** @param {import("./call.js").Call[]} calls @returns {import("./call.js").Call[]} those that pass */
  pass(calls) {
    return passing(calls, { words: this.#words, tones: this.#tones });
  }

  /** Shows how many there are of each tone. @param {import("./call.js").Call[]} calls */
  count(calls) {
    const counts = countTones(calls);
    for (const tone of WORRY) {
      setText(this.#counts[tone], String(counts[tone]));
      this.#counts[tone].parentElement?.classList.toggle("none", counts[tone] === 0);
    }
    return counts;
  }

  get #words() {
    return wordsOf(byId("search").value);
  }

  get #tones() {
    return new Set(this.#boxes.filter((box) => box.checked).map((box) => box.value));
  }

  #build(tone) {
    const box = make("input", { type: "checkbox", value: tone });
    box.dataset.testid = `filter-${tone}`;
    this.#boxes.push(box);
    this.#counts[tone] = make("span", { className: "number" }, "0");
    const label = make("label", { className: "chip" }, box, drawing(tone), this.#counts[tone], make("span", { className: "chip-name" }, sayTone(tone)));
    label.dataset.state = tone;
    return label;
  }
}
