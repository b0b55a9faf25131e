/** What the server said, newest first, and no more of it than a person can use. */

import { byId, make } from "./dom.js";
import { sayEvent, sayWhen } from "./event-words.js";

const SHOWN = 200;

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
    const line = make("li", {},
      make("span", { className: "when" }, sayWhen(event)),
      make("span", { className: "type" }, event.type),
      make("span", { className: "what" }, sayEvent(event)));
    line.dataset.type = event.type;
    this.#list.prepend(line);
    if (this.#list.children.length > SHOWN) this.#list.lastElementChild.remove();
  }
}
