/** One call in full: its facts, its whole timeline, its events, and the way to end it. */

import { showError } from "../alert.js";
import { remove } from "../api.js";
import { confirmed } from "../confirm.js";
import { byId, make, redraw, setLines, setText } from "../dom.js";
import { EventLog } from "../event-log.js";
import { TimelineChart } from "../timeline-chart.js";
import { clock, readTimeline } from "../timeline.js";
import { sayEnding, sayReason } from "../words.js";
import { eventsOf } from "./histories.js";
import { sayTone, timeOfDay } from "./words.js";

/** A call of hours is drawn and listed by its last so many events. */
const MOST_EVENTS = 5000;
/** What the chart shows is not listed: changes would drown in it. */
const DRAWN_ONLY = new Set(["score", "enrolment_progress"]);

export class Detail {
  #calls;
  #dialog = byId("detail");
  #chart = new TimelineChart(byId("chart"));
  #log = new EventLog();
  #session = "";
  #events = /** @type {any[]} */ ([]);

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
    this.#events = [];
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
    this.#add(event);
    this.show();
  }

  /** Shows what is known now, and how old it is. */
  show() {
    const call = this.#calls.get(this.#session);
    if (!call) return;
    const timeline = readTimeline(this.#events);
    const toS = call.running ? Math.max(timeline.endS, call.mediaNowS(this.#calls.now)) : timeline.endS;
    setText(byId("detail-title"), call.identity ?? "A call");
    this.#dialog.dataset.state = call.tone;
    redraw(byId("detail-icon"), call.tone);
    setText(byId("detail-tone"), call.running ? sayTone(call.tone) : `Ended, last ${sayTone(call.tone).toLowerCase()}`);
    setLines(byId("detail-reasons"), call.reasons.map(sayReason));
    byId("detail-end").hidden = !call.running;
    showFacts(call, this.#calls.now, timeline.operatingPoint);
    this.#chart.show(timeline, { fromS: 0, toS, live: false });
  }

  #load(session, events) {
    if (session !== this.#session) return;
    const live = this.#events;
    const all = new Map([...events, ...live].map((event) => [event.seq, event]));
    this.#events = [];
    this.#log.clear();
    for (const event of [...all.values()].sort((a, b) => a.seq - b.seq)) this.#add(event);
    setText(byId("detail-note"), "");
    this.#calls.get(session)?.take(events);
    this.show();
  }

  #add(event) {
    if (event.seq <= (this.#events.at(-1)?.seq ?? 0)) return;
    this.#events.push(event);
    if (this.#events.length > MOST_EVENTS) this.#events.splice(1, 1); // The first holds the thresholds.
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

function showFacts(call, now, point) {
  const facts = {
    Session: call.session,
    Started: timeOfDay(call.startedAt),
    [call.running ? "Running for" : "Lasted"]: call.startedAt === null ? "" : clock(((call.endedAt ?? now) - call.startedAt) / 1000),
    "In this state for": call.running && call.stateSince !== null ? clock(Math.max(0, now - call.stateSince) / 1000) : "",
    Ended: timeOfDay(call.endedAt),
    How: call.ending === null ? "" : sayEnding(call.ending),
    "Operating point": point,
    "Windows compared": call.totals?.windows ?? "",
  };
  const told = Object.entries(facts).filter(([, value]) => value !== "");
  const list = byId("detail-facts");
  const shown = [...list.querySelectorAll("dt")].map((term) => term.textContent).join();
  if (shown !== told.map(([name]) => name).join()) {
    list.replaceChildren(...told.map(([name]) => make("div", {}, make("dt", {}, name), make("dd"))));
  }
  list.querySelectorAll("dd").forEach((value, i) => setText(value, String(told[i][1])));
}
