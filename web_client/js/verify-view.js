/** State, reasons, meters and timeline of a call that is being verified. */

import { CallRecord } from "./call-record.js";
import { byId, setLines, setText } from "./dom.js";
import { meterOf, meterPlace } from "./scale.js";
import { nowMs } from "./stream-verifier.js";
import { TimelineChart } from "./timeline-chart.js";
import { readEvidence, SERIES } from "./timeline.js";
import { doubtsPresence, sayPresence, sayReason, sayReasons, sayState } from "./words.js";

const WINDOW_S = 60;
const NO_EVIDENCE = readEvidence({});
/** What tells how far the media has come. */
const DATED = new Set(["media_started", "score", "state_changed", "gap"]);

const seconds = () => nowMs() / 1000;

export class VerifyView {
  #chart = new TimelineChart(byId("chart"));
  #who = "";
  #record = new CallRecord(WINDOW_S);
  #timeline = this.#record.readRecent();
  #evidence = { ...NO_EVIDENCE };
  #told = { state: "waiting", reasons: /** @type {string[]} */ ([]) };
  #scoredAt = /** @type {number | null} */ (null);
  #mediaBeganAt = Infinity;

  /** @param {string} who */
  start(who) {
    this.#who = who;
    this.#scoredAt = null;
    this.#mediaBeganAt = Infinity;
    this.#record.clear();
    this.#timeline = this.#record.readRecent();
    this.#showEvidence(NO_EVIDENCE);
    this.#showBounds();
    this.#showPresence(null);
    this.#showState({ state: "waiting" });
    setText(byId("chart-title"), `Last ${WINDOW_S} seconds`);
    setText(byId("notes"), "");
    this.tick();
  }

  /** @param {any} event of the server, with receivedAt */
  take(event) {
    this.#record.take(event);
    this.#timeline = this.#record.readRecent();
    if (DATED.has(event.type)) {
      this.#mediaBeganAt = Math.min(this.#mediaBeganAt, event.receivedAt / 1000 - event.media_s);
    }
    if (event.type === "session_started") this.#showBounds();
    if (event.type === "score") this.#showScore(event);
    if (event.type === "state_changed") this.#showState(event);
    this.tick();
  }

  /** An old verdict must not look like one that still holds. */
  end() {
    const { name } = sayState((this.#record.state ?? { state: "waiting" }).state, this.#who);
    byId("state-icon").setAttribute("href", "icons.svg#ended");
    setText(byId("state-name"), "Call ended");
    setText(byId("state-text"), `Nothing is checked any more. The last result was: ${name}.`);
    setText(byId("chart-title"), "The whole call");
    const whole = this.#record.readWhole();
    this.#chart.show(whole, { fromS: 0, toS: whole.endS, live: false });
  }

  /** Nothing is checked while the connection is away, so no verdict holds. */
  lose() {
    byId("state").dataset.state = "waiting";
    byId("state-icon").setAttribute("href", "icons.svg#ended");
    setText(byId("state-name"), "Connection lost");
    setText(byId("state-text"), "Nothing is checked until it is back; it comes back by itself.");
    this.#told = { state: "waiting", reasons: [] };
    this.#showReasons();
  }

  /** The connection is back; what the state is now, events tell. */
  regain() {
    this.#showState(this.#record.state ?? { state: "waiting" });
  }

  /** Moves the chart on and says how old the last score is. */
  tick() {
    const nowS = Math.max(this.#timeline.endS, seconds() - this.#mediaBeganAt);
    this.#chart.show(this.#timeline, { fromS: nowS - WINDOW_S, toS: nowS, live: true });
    const age = this.#scoredAt === null ? null : seconds() - this.#scoredAt;
    setText(byId("age"), age === null ? "No score yet" : `Last score ${age.toFixed(0)} s ago`);
  }

  #showScore({ evidence, posterior, bar, presence, notes = [], receivedAt }) {
    this.#scoredAt = receivedAt / 1000;
    this.#showEvidence(readEvidence({ evidence, posterior, bar }));
    this.#showPresence(presence);
    this.#showReasons();
    setText(byId("notes"), notes.map(sayReason).join(" "));
  }

  /** @param {number | null | undefined} presence */
  #showPresence(presence) {
    byId("presence").hidden = presence === null || presence === undefined;
    byId("presence").dataset.presence = String(presence ?? "");
    setText(byId("presence-text"), sayPresence(presence));
  }

  #showState({ state, reasons = [] }) {
    const words = sayState(state, this.#who);
    const badge = byId("state");
    badge.dataset.state = state;
    byId("state-icon").setAttribute("href", `icons.svg#${state}`);
    setText(byId("state-name"), words.name);
    setText(byId("state-text"), words.text);
    byId("reasons").dataset.reasons = reasons.join(",");
    this.#told = { state, reasons };
    this.#showReasons();
  }

  /**
   * What is said of a mismatch depends on the evidence, which may come after it. Where doubts that somebody is
   * there are observed only, they stand beside a verdict that they do not change.
   */
  #showReasons() {
    const { state, reasons } = this.#told;
    const observed = state === "verified" && !byId("presence").hidden;
    const beside = observed ? reasons.filter(doubtsPresence) : [];
    const own = reasons.filter((reason) => !beside.includes(reason));
    setLines(byId("reasons"), sayReasons(state, own, this.#evidence));
    setText(byId("presence-why"), beside.map(sayReason).join(" "));
  }

  #showEvidence(evidence) {
    this.#evidence = { ...evidence };
    for (const name of Object.keys(SERIES)) showMeter(name, evidence[name] ?? null, evidence.coarse, evidence.believed?.[name]);
  }

  /** The thresholds as marks below the meter that the state follows. */
  #showBounds() {
    const { accept, reject } = this.#timeline;
    byId("bounds").hidden = accept === null || reject === null;
    byId("bound-accept").style.left = `${meterPlace(accept ?? 0)}%`;
    byId("bound-reject").style.right = `${100 - meterPlace(reject ?? 0)}%`;
  }
}

/**
 * @param {string} name @param {number | null} llr @param {boolean} coarse whether it only tells the direction
 * @param {number} [believed] calibrated log-odds
 */
function showMeter(name, llr, coarse, believed) {
  const part = (inside) => /** @type {HTMLElement} */ (document.querySelector(`.meter[data-series="${name}"] ${inside}`));
  const { left, width, sign, value, text } = meterOf(llr, coarse, believed);
  const [track, fill] = [part(".track"), part(".fill")];
  fill.style.left = `${left}%`;
  fill.style.width = `${width}%`;
  fill.dataset.sign = sign;
  track.setAttribute("aria-valuenow", value.toFixed(1));
  track.setAttribute("aria-valuetext", llr === null ? "no evidence" : text);
  setText(part(".llr"), text);
}
