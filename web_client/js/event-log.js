/** What the server said, newest first, and no more of it than a person can use. */

import { byId, make } from "./dom.js";
import { sayLlr } from "./words.js";

const SHOWN = 200;
const UNTOLD = new Set(["v", "seq", "session", "type", "media_s", "wall", "receivedAt", "sdp", "boxes"]);

export class EventLog {
  #list = byId("event-list");
  #count = 0;

  clear() {
    this.#count = 0;
    this.#list.replaceChildren();
    byId("event-count").textContent = "0";
  }

  /** @param {any} event */
  add(event) {
    this.#count += 1;
    byId("event-count").textContent = String(this.#count);
    const when = event.media_s === undefined || event.media_s === null ? "" : `${event.media_s.toFixed(1)} s`;
    const line = make("li", {},
      make("span", { className: "when" }, when),
      make("span", { className: "type" }, event.type),
      make("span", { className: "what" }, summary(event)));
    line.dataset.type = event.type;
    this.#list.prepend(line);
    if (this.#list.children.length > SHOWN) this.#list.lastElementChild.remove();
  }
}

function summary(event) {
  if (event.type === "score") {
    const notes = event.notes?.length ? ` · ${event.notes.join(", ")}` : "";
    return `face ${sayLlr(event.face?.llr)} · voice ${sayLlr(event.voice?.llr)} · ${event.fused?.of.length === 1 ? `${event.fused.of[0]} alone` : "together"} ${sayLlr(event.fused?.llr)} · so far ${sayLlr(event.evidence?.both)}${notes}`;
  }
  if (event.type === "state_changed") {
    return `${event.previous ?? "start"} → ${event.state}${event.reasons?.length ? `: ${event.reasons.join(", ")}` : ""}`;
  }
  if (event.type === "error") return `${event.code}: ${event.message}`;
  return Object.entries(event)
    .filter(([key, value]) => !UNTOLD.has(key) && value !== null)
    .map(([key, value]) => `${key} ${tell(value)}`)
    .join(" · ");
}

function tell(value) {
  if (value?.accept !== undefined) return `${value.name} (verified from ${sayLlr(value.accept)} up, rejected from ${sayLlr(value.reject)} down)`;
  if (typeof value === "number") return Number(value.toFixed(2));
  return typeof value === "object" ? JSON.stringify(value) : value;
}
