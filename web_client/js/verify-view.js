/** State, reasons, meters and curves of a call that is being verified. */

import { ScoreChart } from "./charts.js";
import { byId, setLines, setText } from "./dom.js";
import { sayLlr, sayReason, sayReasons, sayState } from "./words.js";

const SERIES = ["face", "voice", "fused"];
const METER_LLR = 10;
const NO_LLR = { face: null, voice: null, fused: null };

const seconds = () => performance.now() / 1000;

export class VerifyView {
  #chart = new ScoreChart(byId("chart"));
  #who = "";
  #llr = { ...NO_LLR };
  #scoredAt = /** @type {number | null} */ (null);

  /** @param {string} who */
  start(who) {
    this.#who = who;
    this.#scoredAt = null;
    this.#chart.clear();
    this.#showLlr({ ...NO_LLR });
    this.showState({ state: "waiting", reasons: [] }, { record: false });
    setText(byId("notes"), "");
    this.tick();
  }

  /** @param {any} score */
  showScore(score) {
    const llr = Object.fromEntries(SERIES.map((name) => [name, score[name]?.llr ?? null]));
    this.#scoredAt = seconds();
    this.#chart.addScore({ t: this.#scoredAt, ...llr });
    this.#showLlr(llr);
    setText(byId("notes"), (score.notes ?? []).map(sayReason).join(" "));
    this.tick();
  }

  /** @param {any} change a state_changed event */
  showState({ state, reasons = [] }, { record = true } = {}) {
    const words = sayState(state, this.#who);
    const badge = byId("state");
    badge.dataset.state = state;
    byId("state-icon").setAttribute("href", `#icon-${state}`);
    setText(byId("state-name"), words.name);
    setText(byId("state-text"), words.text);
    byId("reasons").dataset.reasons = reasons.join(",");
    setLines(byId("reasons"), sayReasons(state, reasons, this.#llr));
    if (record) this.#chart.setState(state, seconds());
  }

  /** An old verdict must not look like one that still holds. */
  end() {
    const { name } = sayState(byId("state").dataset.state, this.#who);
    byId("state-icon").setAttribute("href", "#icon-waiting");
    setText(byId("state-name"), "Call ended");
    setText(byId("state-text"), `Nothing is checked any more. The last result was: ${name}.`);
  }

  /** Moves the chart on and says how old the last score is. */
  tick() {
    this.#chart.draw(seconds());
    const age = this.#scoredAt === null ? null : seconds() - this.#scoredAt;
    setText(byId("age"), age === null ? "No score yet" : `Last score ${age.toFixed(0)} s ago`);
  }

  #showLlr(llr) {
    this.#llr = llr;
    for (const name of SERIES) showMeter(name, llr[name]);
  }
}

function showMeter(name, llr) {
  const meter = document.querySelector(`.meter[data-series="${name}"]`);
  const bar = meter.querySelector(".track");
  const fill = meter.querySelector(".fill");
  const share = Math.min(1, Math.abs(llr ?? 0) / METER_LLR);
  fill.style.width = `${50 * share}%`;
  fill.style.left = `${llr < 0 ? 50 - 50 * share : 50}%`;
  fill.dataset.sign = llr < 0 ? "against" : "for";
  bar.setAttribute("aria-valuenow", String(Math.max(-METER_LLR, Math.min(METER_LLR, llr ?? 0))));
  bar.setAttribute("aria-valuetext", llr === null ? "nothing to compare" : sayLlr(llr));
  setText(meter.querySelector(".llr"), sayLlr(llr));
}
