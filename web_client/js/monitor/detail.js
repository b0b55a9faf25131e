/** One call in full: its facts, its whole timeline, its events, and the way to end it. */

import { showError } from "../alert.js";
import { eventsOf, remove } from "../api.js";
import { confirmed } from "../confirm.js";
import { byId, make, redraw, setLines, setText } from "../dom.js";
import { EventLog } from "../event-log.js";
import { TimelineChart } from "../timeline-chart.js";
import { readTimeline } from "../timeline.js";
import { sayReason } from "../words.js";
import { factsOf } from "./facts.js";
import { Past } from "./past.js";
import { sayTone } from "./words.js";

/** What the chart shows is not listed: changes would drown in it. */
const DRAWN_ONLY = new Set(["score", "enrolment_progress"]);

export class Detail {
  #calls;
  #dialog = byId("detail");
  #chart = new TimelineChart(byId("chart"));
  #log = new EventLog();
  #session = "";
  #past = new Past();

  /** @param {import("./calls.js").Calls} calls */
  constructor(calls) {
    this.#calls = calls;
    byId("detail-close").addEventListener("click", () => this.#dialog.close());
    byId("detail-end").addEventListener("click", () => this.#end());
    this.#dialog.addEventListener("close", () => { this.#session = ""; });
  }

  /** @param {string} session of a known call */
  async open(session) {
    this.#session = session;
    this.#past = new Past();
    this.#log.clear();
    setText(byId("detail-note"), "Loading what happened before…");
    this.show();
    if (!this.#dialog.open) this.#dialog.showModal();
    try {
      this.#load(session, await eventsOf(session));
    } catch (error) {
      if (session === this.#session) setText(byId("detail-note"), `What happened before could not be loaded (${error.message}).`);
    }
  }

  /** Takes in a live event of any call. @param {any} event */
  take(event) {
    if (event.session !== this.#session) return;
    if (this.#past.add(event)) this.#list(event);
    this.show();
  }

  /** Shows what is known now, and how old it is. */
  show() {
    const call = this.#calls.get(this.#session);
    if (!call) return;
    const timeline = readTimeline(this.#past.events);
    const toS = call.running ? Math.max(timeline.endS, call.mediaNowS(this.#calls.now)) : timeline.endS;
    setText(byId("detail-title"), call.identity ?? "A call");
    this.#dialog.dataset.state = call.tone;
    redraw(byId("detail-icon"), call.tone);
    setText(byId("detail-tone"), call.running ? sayTone(call.tone) : `Ended, last ${sayTone(call.tone).toLowerCase()}`);
    setLines(byId("detail-reasons"), call.reasons.map(sayReason));
    byId("detail-end").hidden = !call.running;
    showFacts(factsOf(call, this.#calls.now, timeline.operatingPoint));
    this.#chart.show(timeline, { fromS: 0, toS, live: false });
  }

  #load(session, events) {
    if (session !== this.#session) return;
    this.#past.fill(events);
    this.#log.clear();
    for (const event of this.#past.events) this.#list(event);
    setText(byId("detail-note"), "");
    this.#calls.get(session)?.take(events);
    this.show();
  }

  #list(event) {
    if (!DRAWN_ONLY.has(event.type)) this.#log.add(event);
  }

  async #end() {
    const session = this.#session;
    const who = this.#calls.get(session)?.identity ?? "this person";
    if (!(await confirmed(endingOf(who)))) return;
    try {
      await remove("calls", session);
      this.#dialog.close();
    } catch (error) {
      this.#dialog.close();
      showError({ code: error.code, title: "The call was not ended", message: refusal(error) });
    }
  }
}

const endingOf = (who) => ({
  title: `End the call of ${who}?`,
  text: "Verification stops at once, for good, and the caller is told so. The video call itself is not touched.",
  yes: "End call",
  no: "Let it run",
});

const refusal = ({ status, message }) =>
  (status === 403 ? "Your token may watch but not end calls: that takes one with the scope admin." : `It still runs (${message}). Try again.`);

/** @param {[name: string, value: string][]} facts */
function showFacts(facts) {
  const list = byId("detail-facts");
  const shown = [...list.querySelectorAll("dt")].map((term) => term.textContent).join();
  if (shown !== facts.map(([name]) => name).join()) {
    list.replaceChildren(...facts.map(([name]) => make("div", {}, make("dt", {}, name), make("dd"))));
  }
  list.querySelectorAll("dd").forEach((value, i) => setText(value, facts[i][1]));
}
