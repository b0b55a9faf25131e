/** The facts of one call, by name; touches no page. */

import { sayEnding } from "../words.js";
import { sayLength, timeOfDay } from "./words.js";

/**
 * @param {import("./call.js").Call} call @param {number} now the server's wall time in ms
 * @param {string} point name of its operating point, or an empty string
 * @returns {[name: string, value: string][]} those that are known, in order
 */
export function factsOf(call, now, point) {
  const { running, startedAt, stateSince, endedAt, ending, totals, origin } = call;
  const facts = {
    Session: call.session,
    Room: origin ? `${origin.host} ${origin.room}` : "",
    Feed: origin?.feed ?? "",
    Started: timeOfDay(startedAt),
    [running ? "Running for" : "Lasted"]: sayLength(startedAt, endedAt ?? now),
    "In this state for": running ? sayLength(stateSince, now) : "",
    Ended: timeOfDay(endedAt),
    How: ending === null ? "" : sayEnding(ending),
    "Operating point": point,
    "Windows compared": String(totals?.windows ?? ""),
  };
  return Object.entries(facts).filter(([, value]) => value !== "");
}
