/** What the monitor calls things, beyond what all pages say. */

import { STATES } from "../timeline.js";

const ENDINGS = {
  stopped: "stopped",
  complete: "enrolled",
  peer_closed: "caller left",
  client_gone: "caller lost",
  server_stopping: "server stopped",
  ended_by_admin: "ended here",
  no_media: "no media",
  too_long: "too long",
  superseded: "opened anew",
  identity_deleted: "identity deleted",
  identity_replaced: "enrolled anew",
  error: "failed",
  unknown: "end not seen",
};

const CALM = {
  waiting: "collecting evidence",
  verified: "face and voice match",
  enrolling: "learning face and voice",
};

/** @param {string} tone @returns {string} what there is to say where no reason is given */
export const sayCalm = (tone) => CALM[tone] ?? "";

/** @param {string} tone a state, or "enrolling" @returns {string} */
export const sayTone = (tone) => (tone === "enrolling" ? "Enrolling" : STATES[tone] ?? tone);

/** @param {string} reason @returns {string} why a call ended, in few words */
export const sayEndShortly = (reason) => ENDINGS[reason] ?? reason.replaceAll("_", " ");

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
