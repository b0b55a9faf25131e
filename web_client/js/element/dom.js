// @ts-check
/** A few shorthands for the element's own tree. */

/** Whatever the page's own language is, ours is English. */
export const OURS = Object.freeze({ lang: "en", dir: "ltr" });

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, string>} [attributes] @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Sets text only where it changed. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} list @param {readonly string[]} lines */
export function setLines(list, lines) {
  const now = [...list.children].map((line) => line.textContent);
  if (now.length === lines.length && now.every((line, i) => line === lines[i])) return;
  list.replaceChildren(...lines.map((line) => make("li", {}, line)));
}
