// @ts-check
/** What the list of people calls things; touches no page. */

import { last } from "../look-up.js";
const DAY_MS = 86_400_000;

/** A consent that ends so soon is worth a remark, as it is in calls. */
export const SOON_DAYS = 30;

/**
 * @typedef {object} Consent
 * @property {boolean} in_force
 * @property {string | null} expires_at
 * @property {string | null} withdrawn_at
 */

/**
 * @param {Consent} consent @param {number} now milliseconds since the epoch
 * @returns {{tone: "verified" | "uncertain" | "rejected", word: string}} a colour with its icon, and what it means
 */
export function sayConsent(consent, now) {
  if (consent.withdrawn_at !== null) return { tone: "rejected", word: "Withdrawn" };
  const left = msLeft(consent, now);
  if (!consent.in_force || left < 0) return { tone: "rejected", word: "Expired" };
  return left <= SOON_DAYS * DAY_MS ? { tone: "uncertain", word: "Ends soon" } : { tone: "verified", word: "In force" };
}

/**
 * @param {Consent} consent @param {number} now
 * @returns {{day: string, left: string}} when it ends or ended, and how far that is
 */
export function sayUntil(consent, now) {
  if (consent.withdrawn_at !== null) return { day: day(consent.withdrawn_at), left: "taken back" };
  if (consent.expires_at === null) return { day: "No end", left: "until it is withdrawn" };
  const left = msLeft(consent, now);
  const days = Math.floor(Math.abs(left) / DAY_MS);
  const words = days < 1 ? "within a day" : left < 0 ? `${inDays(days)} ago` : `in ${inDays(days)}`;
  return { day: day(consent.expires_at), left: words };
}

/** @param {Consent} consent @param {number} now @returns {number} until it ends, below 0 once it has */
const msLeft = ({ expires_at: until }, now) => (until === null ? Infinity : Date.parse(until) - now);

const inDays = (days) => (days === 1 ? "1 day" : `${days.toLocaleString("en")} days`);

/** @param {string} iso @returns {string} a day as people write it */
export const day = (iso) =>
  new Date(iso).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });

/**
 * How many are seen of how many.
 * @param {object} shown
 * @param {number} shown.first number of the first one, from 1 @param {number} shown.count
 * @param {number} shown.enrolled @param {boolean} shown.more @param {boolean} shown.narrowed whether somebody was looked for
 * @returns {string}
 */
export function sayShown({ first, count, enrolled, more, narrowed }) {
  const all = `${enrolled.toLocaleString("en")} ${enrolled === 1 ? "person is" : "people are"} enrolled`;
  if (count === 0) return narrowed ? `Nobody found; ${all}` : all;
  const range = count === 1 ? `${first}` : `${first.toLocaleString("en")} to ${(first + count - 1).toLocaleString("en")}`;
  if (!narrowed) return `${range} of ${all.replace(" is enrolled", "").replace(" are enrolled", "")}`;
  const found = first + count - 1;
  return more ? `${range} of those found; ${all}` : `${found.toLocaleString("en")} found; ${all}`;
}

/** @param {number} page @param {number | null} pages how many there are, where that is known @returns {string} */
export const sayPage = (page, pages) =>
  `Page ${page.toLocaleString("en")}${pages === null ? "" : ` of ${Math.max(page, pages).toLocaleString("en")}`}`;

/** @param {number} count @returns {string} nothing where none is refused */
export const sayRefused = (count) =>
  count === 0
    ? ""
    : `${count === 1 ? "1 record here is" : `${count} records here are`} refused, since ${count === 1 ? "it was" : "they were"} changed or put back from an older copy. Whoever runs the server sees more with: stream-verifier identities refused`;

/** @param {string} name @returns {{title: string, text: string, yes: string, no: string}} */
export const deletionOf = (name) => ({
  title: `Delete ${name}?`,
  text: "The stored reference and the consent are erased for good, and calls in that name end. You get a receipt for the person.",
  yes: "Delete",
  no: "Keep",
});

/**
 * Whether a reference was learnt by an older model and moved since: it may be worth enrolling anew.
 * @param {string[]} models that it came through, the first one first
 */
export const sayMoved = (models) => (models.length ? `moved from ${last(models)}` : "");
