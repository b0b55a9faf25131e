/** Calls that are over, the last first. */

import { drawing, make } from "../dom.js";
import { sayShortly } from "../words.js";
import { sayEndShortly, sayLength, sayTone, timeOfDay } from "./words.js";

export class EndedList {
  #list;
  #rows = /** @type {Map<string, HTMLElement>} */ (new Map());
  #onOpen;

  /** @param {HTMLElement} list @param {(session: string) => void} onOpen a call is to be shown in full */
  constructor(list, onOpen) {
    this.#list = list;
    this.#onOpen = onOpen;
  }

  /** @param {import("./call.js").Call[]} calls all that are to be seen, in order */
  show(calls) {
    const shown = new Set(calls.map(({ session }) => session));
    for (const [session, row] of this.#rows) {
      if (shown.has(session)) continue;
      row.remove();
      this.#rows.delete(session);
    }
    let place = this.#list.firstElementChild;
    for (const call of calls) {
      const row = this.#rows.get(call.session) ?? this.#add(call);
      if (row === place) place = place.nextElementSibling;
      else this.#list.insertBefore(row, place);
    }
  }

  /** What an ended call was does not change any more. */
  #add(call) {
    const lasted = sayLength(call.startedAt, call.endedAt);
    const who = make("button", { type: "button", className: "who" },
      make("span", { className: "who-name", dir: "auto" }, call.identity ?? call.session));
    who.addEventListener("click", () => this.#onOpen(call.session));
    const row = make("li", { className: "row-call" },
      make("h3", {}, who),
      make("p", { className: "tone" }, drawing(call.tone), make("span", { className: "tone-name" }, sayTone(call.tone))),
      make("p", { className: "why" }, sayShortly(call.reasons)),
      make("p", { className: "how" }, sayEndShortly(call.ending ?? "unknown")),
      make("p", { className: "when-ended" }, timeOfDay(call.endedAt)),
      make("p", { className: "lasted" }, lasted && `${lasted} long`));
    row.dataset.state = call.tone;
    row.dataset.testid = "ended-call";
    this.#rows.set(call.session, row);
    return row;
  }
}
