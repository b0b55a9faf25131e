/** Says whether the page is live, and makes it plain when what it shows is old. */

import { byId, setText, whenever } from "../dom.js";
import { clock } from "../timeline.js";
import { sayLost } from "./words.js";

const WORDS = {
  connecting: "Connecting…",
  live: "Live",
  waiting: "No connection",
  refused: "No access",
  closed: "Not connected",
};

const NOTHING_LOST = Object.freeze({ events: 0, unknown: false, scores: 0 });

export class Connection {
  #feed;
  #lost = NOTHING_LOST;

  /** @param {import("../event-feed.js").EventFeed} feed */
  constructor(feed) {
    this.#feed = feed;
    feed.addEventListener("status", () => this.tick());
    whenever(feed, "lost", (loss) => this.#onLost(loss));
    byId("lost-ok").addEventListener("click", () => this.#tell(NOTHING_LOST));
    this.tick();
  }

  /** Moves on how old what is shown is. */
  tick() {
    const { status, lastHeardAt } = this.#feed;
    byId("connection").dataset.status = status;
    setText(byId("connection-word"), WORDS[status]);
    const stale = status !== "live" && lastHeardAt !== null;
    document.body.classList.toggle("stale", stale);
    byId("stale").hidden = !stale;
    if (stale) setText(byId("stale-age"), clock((Date.now() - lastHeardAt) / 1000));
  }

  /** @param {{what: "events" | "scores", count: number | null}} loss */
  #onLost({ what, count }) {
    const { events, unknown, scores } = this.#lost;
    this.#tell(what === "scores"
      ? { events, unknown, scores: scores + (count ?? 0) }
      : { events: events + (count ?? 0), unknown: unknown || count === null, scores });
  }

  #tell(lost) {
    this.#lost = lost;
    const said = sayLost(lost);
    byId("lost").hidden = said === "";
    setText(byId("lost-text"), said);
  }
}
