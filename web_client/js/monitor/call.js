/** What the monitor knows of one call, read from its events; touches no page. */

import { last, lookUp } from "../look-up.js";
import { readTimeline } from "../timeline.js";

/** How much of a call its card shows. */
export const STRIP_S = 180;
/** From bad to good: in this order a person should look at them. */
export const WORRY = Object.freeze(["rejected", "uncertain", "absent", "waiting", "verified", "enrolling"]);
const MOST_RECENT = 600;
const DATED = new Set(["media_started", "score", "state_changed", "gap", "enrolment_progress"]);
const DRAWN = new Set(["session_started", "score", "state_changed", "gap", "challenge_asked", "challenge_result"]);

export class Call {
  identity = /** @type {string | null} */ (null);
  mode = "verify";
  state = "waiting";
  reasons = /** @type {string[]} */ ([]);
  /** Wall times in milliseconds since the epoch, of the server's clock. */
  startedAt = /** @type {number | null} */ (null);
  stateSince = /** @type {number | null} */ (null);
  scoredAt = /** @type {number | null} */ (null);
  endedAt = /** @type {number | null} */ (null);
  heardAt = 0;
  ending = /** @type {string | null} */ (null);
  totals = /** @type {Record<string, number> | null} */ (null);
  /** The room and feed that its media is fetched from; null where its client sends it. */
  origin = /** @type {{ host: string, room: string, feed: string } | null} */ (null);
  /** Whether the caller's connection is lost and may come back. */
  away = false;
  #events = /** @type {any[]} */ ([]);
  #mediaBeganAt = Infinity;

  /** @param {string} session */
  constructor(session) {
    this.session = session;
  }

  get running() {
    return this.ending === null;
  }

  /** What its card is coloured and sorted by. */
  get tone() {
    return this.mode === "enrol" ? "enrolling" : this.state;
  }

  /** The last minutes, for the card's strip. */
  get timeline() {
    return readTimeline(this.#events);
  }

  /** How far the media must have come. @param {number} now the server's wall time in ms */
  mediaNowS(now) {
    return Math.max(0, ((this.endedAt ?? now) - this.#mediaBeganAt) / 1000);
  }

  /**
   * Takes in what a list says of a call; events say it better, so that it fills gaps only.
   * @param {any} row of `GET /calls`
   */
  introduce(row) {
    const { identity = null, totals = null, origin = null } = row;
    this.identity ??= identity;
    this.origin ??= origin;
    this.startedAt ??= wall(row.started_at ?? row.started);
    this.totals ??= totals;
    this.#believeEnd(row);
    if (this.heardAt === 0) this.#believeState(row);
  }

  #believeEnd({ ended_at: endedAt, end_reason: reason }) {
    this.endedAt ??= wall(endedAt);
    if (this.endedAt !== null) this.ending ??= reason ?? "unknown";
  }

  #believeState({ mode, state, reasons, state_since: since }) {
    this.mode = mode ?? this.mode;
    this.state = state ?? this.state;
    this.reasons = reasons ?? [];
    this.stateSince = wall(since) ?? this.startedAt;
  }

  /**
   * @param {any[]} events of this call, in any order; those known already count once
   */
  take(events) {
    const knownTo = last(this.#events)?.seq ?? 0;
    if (events.every(({ seq }) => seq > knownTo)) events.forEach((event) => this.#apply(event));
    else this.#replay(events);
    this.#trim();
  }

  /** Ends a call of which no list speaks any more. @param {number} now */
  giveUp(now) {
    this.ending ??= "unknown";
    this.endedAt ??= now;
  }

  /** Events from before those known: all again, in their order, so that the last word holds. */
  #replay(events) {
    const all = new Map([...this.#events, ...events].map((event) => [event.seq, event]));
    this.#events = [];
    [...all.values()].sort((one, other) => one.seq - other.seq).forEach((event) => this.#apply(event));
  }

  #apply(event) {
    const at = Date.parse(event.wall);
    this.#events.push(event);
    this.heardAt = Math.max(this.heardAt, at);
    if (DATED.has(event.type)) this.#mediaBeganAt = Math.min(this.#mediaBeganAt, at - 1000 * event.media_s);
    lookUp(HANDLERS, event.type)?.(this, event, at);
  }

  /** Keeps what the strip shows: the last minutes, and the state in which they began. */
  #trim() {
    const endS = last(this.#events)?.media_s ?? 0;
    const within = (event) => event.media_s >= endS - STRIP_S;
    const opening = last(this.#events.filter((event) => event.type === "state_changed" && !within(event)));
    const kept = (event) => event.type === "session_started" || event === opening || within(event);
    const newest = last(this.#events);
    this.#events = this.#events
      .filter((event) => event === newest || (DRAWN.has(event.type) && kept(event)))
      .slice(-MOST_RECENT);
  }
}

/** @type {Record<string, (call: Call, event: any, at: number) => void>} */
const HANDLERS = {
  session_started(call, { mode, identity, origin = null }, at) {
    Object.assign(call, { mode, identity, origin, startedAt: at, stateSince: call.stateSince ?? at });
  },
  state_changed(call, { state, previous, reasons }, at) {
    if (state !== previous || call.stateSince === null) call.stateSince = at;
    Object.assign(call, { state, reasons });
  },
  score(call, _event, at) {
    call.scoredAt = at;
  },
  connection_lost(call) {
    call.away = true;
  },
  connection_resumed(call, { origin = null }) {
    Object.assign(call, { away: false, origin });
  },
  session_ended(call, { reason, totals }, at) {
    Object.assign(call, { ending: reason, endedAt: at, totals, away: false });
  },
};

/** @param {string | null | undefined} text @returns {number | null} */
const wall = (text) => (text ? Date.parse(text) : null);
