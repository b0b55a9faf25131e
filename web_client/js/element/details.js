// @ts-check
/** The part that opens: how the states went, and the evidence behind the last one. */

import { lookUp } from "../look-up.js";
import { METER_LLR, meterOf } from "../scale.js";
import { clock } from "../timeline.js";
import { fill } from "../words.js";
import { make, setLines, setText } from "./dom.js";

const WINDOW_S = 60;
const LINES = 6;

/** @typedef {import("../timeline.js").Span} Span */
/** @typedef {import("../timeline.js").Series} Series */
/** @typedef {import("../words.js").Words} Words */

export class Details {
  root;
  #bar = make("div", { part: "timeline", class: "bar", role: "img" });
  #from = make("span");
  #to = make("span");
  #scale = make("div", { class: "scale", "aria-hidden": "true" }, this.#from, this.#to);
  #list = make("ol", { part: "history", class: "history" });
  #evidence = make("h2");
  #legend = make("p", { class: "quiet" });
  #states = make("h2");
  #meters = /** @type {Record<Series, Meter>} */ ({ face: new Meter("face"), voice: new Meter("voice"), both: new Meter("both") });

  constructor() {
    const meters = Object.values(this.#meters).map(({ root }) => root);
    this.root = make("div", { id: "details", part: "details", class: "details", hidden: "" },
      this.#evidence, make("div", { part: "evidence", class: "meters" }, ...meters), this.#legend,
      this.#states, this.#bar, this.#scale, this.#list);
  }

  /** @param {Words} words */
  speak({ texts: { details } }) {
    setText(this.#evidence, details.evidence);
    setText(this.#legend, details.legend);
    setText(this.#states, details.states);
    for (const [name, meter] of Object.entries(this.#meters)) meter.name = details.series[/** @type {Series} */ (name)];
  }

  /**
   * @param {{spans: Span[], endS: number}} timeline @param {import("./model.js").Evidence} evidence
   * @param {boolean} live whether its end is now
   * @param {Words} words
   */
  show({ spans, endS }, evidence, live, words) {
    const { details } = words.texts;
    const fromS = Math.max(0, endS - WINDOW_S);
    const seen = spans.filter((span) => span.endS > fromS);
    this.#bar.replaceChildren(...seen.map((span) => segment(span, fromS, endS)));
    this.#bar.hidden = this.#scale.hidden = seen.length === 0;
    this.#bar.setAttribute("aria-label", seen.map(words.saySpan).join("; "));
    setText(this.#from, live ? fill(details.ago, { seconds: Math.round(endS - fromS) }) : clock(fromS));
    setText(this.#to, live ? details.now : clock(endS));
    const told = spans.slice(-LINES).reverse().map(words.saySpan);
    setLines(this.#list, told.length ? told : [details.nothing]);
    for (const [name, meter] of Object.entries(this.#meters)) meter.show(evidence[/** @type {Series} */ (name)], evidence.coarse, evidence.believed?.[/** @type {Series} */ (name)], words);
  }
}

/** @param {Span} span @param {number} fromS @param {number} endS */
function segment(span, fromS, endS) {
  const part = make("span", { class: "segment", "data-state": span.state });
  const start = Math.max(span.startS, fromS);
  part.style.flexGrow = String((span.endS - start) / Math.max(1e-3, endS - fromS));
  return part;
}

class Meter {
  root;
  #fill = make("span", { class: "fill" });
  #track;
  #name = make("span");
  #value = make("span", { class: "llr" }, "–");

  /** @param {Series} name */
  constructor(name) {
    this.#track = make("span", {
      class: "track", role: "meter",
      "aria-valuemin": String(-METER_LLR), "aria-valuemax": String(METER_LLR), "aria-valuenow": "0",
    }, this.#fill);
    this.root = make("div", { class: "meter", "data-series": name }, this.#name, this.#track, this.#value);
  }

  /** @param {string} name */
  set name(name) {
    setText(this.#name, name);
    this.#track.setAttribute("aria-label", name);
  }

  /** @param {number | null} llr @param {boolean} coarse whether it only tells the direction @param {number | undefined} believed calibrated log-odds @param {Words} words */
  show(llr, coarse, believed, { texts: { details } }) {
    const { left, width, sign, value, text } = meterOf(llr, coarse, believed);
    this.#fill.style.left = `${left}%`;
    this.#fill.style.width = `${width}%`;
    this.#fill.dataset.sign = sign;
    this.#track.setAttribute("aria-valuenow", value.toFixed(1));
    const said = coarse && llr !== null ? lookUp(details.sides, sign) ?? sign : text;
    this.#track.setAttribute("aria-valuetext", llr === null ? details.noEvidence : said);
    setText(this.#value, said);
  }
}
