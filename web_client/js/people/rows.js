/** The rows of the list of people. */

import { drawing, make } from "../dom.js";
import { serverNow } from "../server-clock.js";
import { day, sayConsent, sayMoved, sayUntil } from "./words.js";

const ID_CHARS = 12;

/**
 * @param {any[]} people @param {(person: any) => void} onDelete @returns {HTMLTableRowElement[]}
 */
export function rowsOf(people, onDelete) {
  const now = serverNow();
  return people.map((person) => row(person, now, onDelete));
}

function row(person, now, onDelete) {
  const bin = make("button", { type: "button", ariaLabel: `Delete ${person.name}…` }, "Delete…");
  bin.dataset.testid = "delete";
  bin.addEventListener("click", () => onDelete(person));
  const line = make("tr", { role: "row" },
    make("th", { scope: "row", role: "rowheader", dir: "auto" }, person.name),
    cell("standing", consentOf(person.consent, now)),
    until(person.consent, now),
    enrolled(person),
    cell("id", make("span", { className: "mono", title: person.id }, person.id.slice(0, ID_CHARS))),
    cell("bin", bin));
  line.dataset.testid = "person";
  return line;
}

/** With its role: on a phone rows are laid out as cards, and some browsers then forget that it is a table. */
const cell = (className, ...content) => make("td", { className, role: "cell" }, ...content);

function consentOf(consent, now) {
  const { tone, word } = sayConsent(consent, now);
  const shown = make("span", { className: "consent" }, drawing(tone), word);
  shown.dataset.state = tone;
  return shown;
}

/** When, and by which older model where the reference was moved from there. */
function enrolled({ created_at: at, adapted_from: models = [] }) {
  const moved = sayMoved(models);
  const line = make("small", { className: "moved", title: models.join(" → ") }, moved);
  line.dataset.testid = "moved";
  return cell("when enrolled", day(at), ...(moved ? [line] : []));
}

function until(consent, now) {
  const { day: on, left } = sayUntil(consent, now);
  const shown = cell("when until", on, make("small", {}, left));
  if (consent.withdrawn_at !== null || consent.expires_at === null) shown.dataset.open = "";
  return shown;
}
