/** What the monitor calls things, beyond what all pages say. */

import { lookUp } from "../look-up.js";
import { clock, stateName } from "../timeline.js";

/** A running call of which nothing is heard for so long is worth a remark. */
const QUIET_MS = 15_000;

/** Why calls end. */
export const ENDINGS = Object.freeze({
  stopped: "stopped",
  complete: "enrolled",
  peer_closed: "caller left",
  client_gone: "caller lost",
  server_stopping: "server stopped",
  server_lost: "server lost",
  ended_by_admin: "ended here",
  no_media: "nothing was sent",
  too_long: "time was up",
  superseded: "opened anew",
  identity_deleted: "enrolment deleted",
  too_many_people: "too many people tried",
  identity_replaced: "enrolled anew",
  consent_withdrawn: "consent withdrawn",
  consent_expired: "consent expired",
  error: "failed",
  unknown: "end not seen",
});

const CALM = {
  waiting: "collecting evidence",
  verified: "face and voice match",
  enrolling: "learning face and voice",
};

/** @param {string} tone @returns {string} what there is to say where no reason is given */
export const sayCalm = (tone) => lookUp(CALM, tone) ?? "";

/** @param {string} tone a state, or "enrolling" @returns {string} */
export const sayTone = (tone) => (tone === "enrolling" ? "Enrolling" : stateName(tone));

/** @param {string} reason @returns {string} why a call ended, in few words */
export const sayEndShortly = (reason) => lookUp(ENDINGS, reason) ?? reason.replaceAll("_", " ");

/** @param {number} count @param {string} one @param {string} [many] @returns {string} */
export const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** @param {number | null} at milliseconds since the epoch @returns {string} time of day, and the day where it is not today */
export function timeOfDay(at) {
  if (at === null) return "";
  const date = new Date(at);
  const time = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  if (date.toDateString() === new Date().toDateString()) return time;
  return `${date.toLocaleDateString(undefined, { day: "numeric", month: "short" })}, ${time}`;
}

/** @param {number | null} from @param {number | null} to in milliseconds @returns {string} how long it was, if that is known */
export function sayLength(from, to) {
  return from === null || to === null ? "" : clock(Math.max(0, to - from) / 1000);
}

/**
 * How full the server is, and whether it keeps up.
 * @param {{calls: number, max_calls: number, lag_s: number, overloaded: boolean}} health
 * @returns {string}
 */
export function sayLoad({ calls, max_calls: most, lag_s: lag, overloaded }) {
  const full = `${calls} of at most ${counted(most, "call")}`;
  if (overloaded) return `${full}. The server is too busy to check everything.`;
  return lag > 0 && calls > 0 ? `${full}, scored within ${lag.toFixed(1)} s` : full;
}

/**
 * How old what is shown of a call is.
 * @param {{scoredAt: number | null, heardAt: number}} call @param {number} now the server's wall time in ms
 * @returns {string}
 */
export function sayFreshness({ scoredAt, heardAt }, now) {
  if (heardAt && now - heardAt > QUIET_MS) return `No news for ${sayLength(heardAt, now)}`;
  if (scoredAt === null) return "No score yet";
  return `Score ${Math.max(0, Math.round((now - scoredAt) / 1000))} s ago`;
}

/**
 * @param {object} lost what did not reach the page
 * @param {number} lost.events @param {boolean} lost.unknown whether nobody knows how many events
 * @param {number} lost.scores
 * @returns {string} nothing where nothing was lost
 */
export function sayLost({ events, unknown, scores }) {
  const told = unknown ? "Some events" : events ? counted(events, "event") : "";
  return [
    told && `${told} did not reach this page; the list was loaded again.`,
    scores && `${counted(scores, "score")} were skipped because this page was too slow; states are complete.`,
  ].filter(Boolean).join(" ");
}
