/** A few shorthands for the page. */

/** @param {string} id @returns {any} the element, which must exist */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element #${id}`);
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children strings become text, never markup
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * Listens to what an object of ours dispatches.
 * @param {EventTarget} target @param {string} type @param {(detail: any) => void} handler
 */
export function whenever(target, type, handler) {
  target.addEventListener(type, (event) => handler(/** @type {CustomEvent} */ (event).detail));
}

/** Sets text only where it changed, so that a live region does not speak twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {HTMLElement} list @param {string[]} lines */
export function setLines(list, lines) {
  if ([...list.children].map((line) => line.textContent).join("\n") === lines.join("\n")) return;
  list.replaceChildren(...lines.map((line) => make("li", {}, line)));
}

const showings = new WeakMap();

/**
 * Shows a dialog until it is closed. The event of a close comes late: one that is shown again at once
 * would take the last one's for its own.
 * @param {any} dialog
 * @returns {Promise<string>} its return value; "" where it was shown anew before that was told
 */
export function shown(dialog) {
  const showing = {};
  showings.set(dialog, showing);
  dialog.showModal();
  return new Promise((resolve) => {
    const tell = () => {
      const newest = showings.get(dialog) === showing;
      if (newest && dialog.open) return;
      dialog.removeEventListener("close", tell);
      resolve(newest ? dialog.returnValue : "");
    };
    dialog.addEventListener("close", tell);
  });
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * One of icons.svg, for the eye only.
 * @param {string} [name] @param {string} [className] @returns {SVGElement}
 */
export function drawing(name = "", className = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  if (className) svg.setAttribute("class", className);
  svg.append(document.createElementNS(SVG, "use"));
  if (name) redraw(svg, name);
  return svg;
}

/** @param {SVGElement} svg made by {@link drawing} or spelt out in the page @param {string} name */
export function redraw(svg, name) {
  svg.firstElementChild?.setAttribute("href", `icons.svg#${name}`);
}
