// @ts-check
/** The part that opens: how the states went, and the evidence behind the last one. */

import { METER_LLR, meterOf } from "../scale.js";
import { clock, sayPart, SERIES } from "../timeline.js";
import { make, setLines, setText } from "./dom.js";

const WINDOW_S = 60;
const LINES = 6;

/** @typedef {import("../timeline.js").Span} Span */
/** @typedef {import("../timeline.js").Series} Series */

export class Details {
  root;
  #bar = make("div", { part: "timeline", class: "bar", role: "img" });
  #from = make("span");
  #to = make("span");
  #scale = make("div", { class: "scale", "aria-hidden": "true" }, this.#from, this.#to);
  #list = make("ol", { part: "history", class: "history" });
  #meters = /** @type {Record<Series, Meter>} */ ({ face: new Meter("face"), voice: new Meter("voice"), both: new Meter("both") });

  constructor() {
    const meters = Object.values(this.#meters).map(({ root }) => root);
    this.root = make("div", { id: "details", part: "details", class: "details", hidden: "" },
      make("h2", {}, "Evidence"),
      make("div", { part: "evidence", class: "meters" }, ...meters),
      make("p", { class: "quiet" }, "To the right speaks for the person, to the left against."),
      make("h2", {}, "States"), this.#bar, this.#scale, this.#list);
  }

  /**
   * @param {{spans: Span[], endS: number}} timeline @param {import("./model.js").Evidence} evidence
   * @param {boolean} live whether its end is now
   */
  show({ spans, endS }, evidence, live) {
    const fromS = Math.max(0, endS - WINDOW_S);
    const seen = spans.filter((span) => span.endS > fromS);
    this.#bar.replaceChildren(...seen.map((span) => segment(span, fromS, endS)));
    this.#bar.hidden = this.#scale.hidden = seen.length === 0;
    this.#bar.setAttribute("aria-label", seen.map(sayPart).join("; "));
    setText(this.#from, live ? `${Math.round(endS - fromS)} s ago` : clock(fromS));
    setText(this.#to, live ? "now" : clock(endS));
    const told = spans.slice(-LINES).reverse().map(sayPart);
    setLines(this.#list, told.length ? told : ["Nothing was checked yet."]);
    for (const [name, meter] of Object.entries(this.#meters)) meter.show(evidence[/** @type {Series} */ (name)], evidence.coarse, evidence.believed?.[/** @type {Series} */ (name)]);
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
  #value = make("span", { class: "llr" }, "–");

  /** @param {Series} name */
  constructor(name) {
    this.#track = make("span", {
      class: "track", role: "meter", "aria-label": SERIES[name],
      "aria-valuemin": String(-METER_LLR), "aria-valuemax": String(METER_LLR), "aria-valuenow": "0",
    }, this.#fill);
    this.root = make("div", { class: "meter", "data-series": name }, make("span", {}, SERIES[name]), this.#track, this.#value);
    this.show(null, false);
  }

  /** @param {number | null} llr @param {boolean} coarse whether it only tells the direction @param {number} [believed] calibrated log-odds */
  show(llr, coarse, believed) {
    const { left, width, sign, value, text } = meterOf(llr, coarse, believed);
    this.#fill.style.left = `${left}%`;
    this.#fill.style.width = `${width}%`;
    this.#fill.dataset.sign = sign;
    this.#track.setAttribute("aria-valuenow", value.toFixed(1));
    this.#track.setAttribute("aria-valuetext", llr === null ? "no evidence" : text);
    setText(this.#value, text);
  }
}
