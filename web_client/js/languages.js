// @ts-check
/** The languages there are, each fetched when it is first spoken; touches no page. */

import { lookUp } from "./look-up.js";
import { ENGLISH, Words } from "./words.js";

/** @typedef {import("./words.js").Texts} Texts */
/** A page's own words, where it has others: any part of a language. @typedef {import("../element.js").OwnTexts} OwnTexts */

/** @type {Readonly<Record<string, () => Promise<{default: Texts}>>>} */
const SOURCES = Object.freeze({
  de: () => import("./languages/de.js"),
  es: () => import("./languages/es.js"),
  fr: () => import("./languages/fr.js"),
});

const fetched = /** @type {Map<string, Words>} */ (new Map([["en", ENGLISH]]));

/** What can be spoken without words of the page's own. */
export const LANGUAGES = Object.freeze(["en", ...Object.keys(SOURCES)]);

/** @param {string} tag BCP 47, such as "de-AT" @returns {string} the nearest that there is, else English */
export function nearestLanguage(tag) {
  const primary = tag.toLowerCase().split("-")[0];
  return LANGUAGES.includes(primary) ? primary : "en";
}

/** @param {string} language one of {@link LANGUAGES} @returns {Words | null} null where it was not fetched yet */
export const wordsAtHand = (language) => fetched.get(language) ?? null;

/** Fetches a language; where that fails its words are the English ones. @param {string} language one of {@link LANGUAGES} @returns {Promise<Words>} */
export async function fetchWords(language) {
  const known = fetched.get(language);
  if (known) return known;
  try {
    const { default: texts } = await SOURCES[language]();
    fetched.set(language, new Words(texts));
  } catch (error) {
    console.warn(`stream-verifier: the language ${language} could not be fetched, so that English is spoken:`, error);
    return ENGLISH;
  }
  return /** @type {Words} */ (fetched.get(language));
}

/**
 * A language with a page's own words in it. Names that no language has are told in the console.
 * @param {Words} words @param {OwnTexts | null} own
 * @returns {Words} the same where there are none of its own
 */
export function withOwn(words, own) {
  if (!own) return words;
  const strange = unknown(ENGLISH.texts, own, []);
  if (strange.length) console.warn(`stream-verifier: nothing says ${strange.join(", ")}: see js/languages/en.js for the names`);
  return new Words(merged(words.texts, own));
}

/** @param {any} base @param {any} over @returns {any} */
function merged(base, over) {
  if (!isTable(over)) return over ?? base;
  const names = new Set([...Object.keys(base ?? {}), ...Object.keys(over)]);
  return Object.fromEntries([...names].map((name) => [name, merged(part(base, name), part(over, name))]));
}

/** @param {any} known @param {any} given @param {string[]} path @returns {string[]} */
function unknown(known, given, path) {
  // Codes of a server, and forms of a number, are as many as there are.
  if (!isTable(given) || path[0] === "advice" || part(known, "other")) return [];
  return Object.keys(given).flatMap((name) => {
    const there = part(known, name);
    return there === undefined ? [[...path, name].join(".")] : unknown(there, given[name], [...path, name]);
  });
}

/** @param {unknown} value */
const isTable = (value) => Boolean(value) && typeof value === "object";

/** @param {any} table @param {string} name @returns {any} */
const part = (table, name) => (isTable(table) ? lookUp(/** @type {Record<string, any>} */ (table), name) : undefined);
