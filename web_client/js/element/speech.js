// @ts-check
/** Which language an element speaks: the page's where it stands, with the page's own words in it. */

import { fetchWords, nearestLanguage, withOwn, wordsAtHand } from "../languages.js";
import { ENGLISH } from "../words.js";

/** @typedef {import("../../element.js").OwnTexts} OwnTexts */

export class Speech {
  words = ENGLISH;
  #element;
  #onWords;
  #language = "en";
  #own = /** @type {OwnTexts | null} */ (null);
  #page = new MutationObserver(() => this.tune());

  /** @param {HTMLElement} element @param {() => void} onWords others are to be said from now on */
  constructor(element, onWords) {
    this.#element = element;
    this.#onWords = onWords;
  }

  /** The page's own words. */
  get own() {
    return this.#own;
  }

  set own(own) {
    this.#own = own ?? null;
    this.#use(wordsAtHand(this.#language) ?? ENGLISH);
  }

  /** What the page says that its own words are in, BCP 47; "" where it does not. */
  get around() {
    return languageAt(this.#element);
  }

  /** Follows the page's language, until `rest`. */
  follow() {
    this.#page.observe(document.documentElement, { attributes: true, attributeFilter: ["lang"] });
    this.tune();
  }

  rest() {
    this.#page.disconnect();
  }

  /** Finds the language anew. What is not fetched yet is said in English until it has come. */
  tune() {
    const language = nearestLanguage(this.around);
    if (language === this.#language) return;
    this.#language = language;
    const words = wordsAtHand(language);
    if (words) this.#use(words);
    else this.#fetch(language);
  }

  /** @param {string} language */
  async #fetch(language) {
    const words = await fetchWords(language);
    if (language === this.#language) this.#use(words);
  }

  /** @param {import("../words.js").Words} words */
  #use(words) {
    this.words = withOwn(words, this.#own);
    this.#onWords();
  }
}

/** The language of the text around an element, shadow trees or not. @param {Element} element @returns {string} BCP 47, "" where none is told */
function languageAt(element) {
  const told = element.closest("[lang]");
  if (told) return told.getAttribute("lang") ?? "";
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? languageAt(root.host) : "";
}
