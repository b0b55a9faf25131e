/** Says whether the page is live, and makes it plain when what it shows is old. */

import { byId, setText } from "../dom.js";
import { clock } from "../timeline.js";
import { counted } from "./words.js";

const WORDS = {
  connecting: "Connecting…",
  live: "Live",
  waiting: "No connection",
  refused: "No access",
  closed: "Not connected",
};

export class Connection {
  #feed;
  #events = 0;
  #unknown = false;
  #scores = 0;

  /** @param {import("../event-feed.js").EventFeed} feed */
  constructor(feed) {
    this.#feed = feed;
    feed.addEventListener("status", () => this.tick());
    feed.addEventListener("lost", ({ detail }) => this.#onLost(detail));
    byId("lost-ok").addEventListener("click", () => this.#forget());
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

  #onLost({ what, count }) {
    if (what === "scores") this.#scores += count;
    else {
      this.#events += count ?? 0;
      this.#unknown ||= count === null;
    }
    this.#tell();
  }

  #forget() {
    [this.#events, this.#scores, this.#unknown] = [0, 0, false];
    this.#tell();
  }

  #tell() {
    const events = this.#unknown ? "Some events" : this.#events ? counted(this.#events, "event") : "";
    const said = [
      events && `${events} did not reach this page; the list was loaded again.`,
      this.#scores && `${counted(this.#scores, "score")} were skipped because this page was too slow; states are complete.`,
    ].filter(Boolean);
    byId("lost").hidden = said.length === 0;
    setText(byId("lost-text"), said.join(" "));
  }
}
