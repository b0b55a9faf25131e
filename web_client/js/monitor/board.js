/** The cards of all running calls, kept in order by moving only those that are out of place. */

import { onNewColours } from "../canvas.js";
import { Card } from "./card.js";
import { placeAfter, sizeFor } from "./layout.js";

export class Board {
  #list;
  #cards = /** @type {Map<string, Card>} */ (new Map());
  #dirty = /** @type {Set<string>} */ (new Set());
  #onOpen;
  #onSight;
  #sight;

  /**
   * @param {HTMLElement} list
   * @param {object} hooks
   * @param {(session: string) => void} hooks.onOpen   a call is to be shown in full
   * @param {(session: string) => void} hooks.onSight  a card came into view
   */
  constructor(list, { onOpen, onSight }) {
    this.#list = list;
    this.#onOpen = onOpen;
    this.#onSight = onSight;
    this.#sight = new IntersectionObserver((seen) => {
      const come = [];
      for (const { target, isIntersecting } of seen) {
        const { session = "" } = /** @type {HTMLElement} */ (target).dataset;
        const card = this.#cards.get(session);
        if (!card) continue;
        card.visible = isIntersecting;
        if (!isIntersecting) continue;
        this.#onSight(session);
        come.push(card);
      }
      // The page may have changed its colours or its size meanwhile, and nothing ticks while it is not live.
      for (const card of come) card.draw();
    }, { rootMargin: "200px" });
    list.addEventListener("keydown", (event) => this.#onKey(event));
    addEventListener("resize", () => this.#fit());
    onNewColours(() => this.#redraw());
  }

  /** Says that a call's card is to be looked at again. @param {string} session */
  touch(session) {
    this.#dirty.add(session);
  }

  /**
   * @param {import("./call.js").Call[]} calls all that are to be seen, in order
   * @param {number} now the server's wall time in ms
   */
  show(calls, now) {
    const shown = new Set(calls.map(({ session }) => session));
    const before = this.#cards.size;
    for (const session of [...this.#cards.keys()]) if (!shown.has(session)) this.#drop(session);
    const changed = calls.filter((call) => this.#keep(call, now));
    this.#dirty.clear();
    this.#arrange(calls);
    if (this.#cards.size !== before) this.#fit();
    for (const { session } of changed) this.#cards.get(session)?.draw();
  }

  /** @param {number} now */
  tick(now) {
    for (const card of this.#cards.values()) card.tick(now);
    for (const card of this.#cards.values()) card.redraw();
  }

  #redraw() {
    for (const card of this.#cards.values()) card.draw();
  }

  /** Tells once more which cards are in view. */
  resight() {
    for (const [session, { visible }] of this.#cards) if (visible) this.#onSight(session);
  }

  /** @returns {boolean} whether anything may look different */
  #keep(call, now) {
    const known = this.#cards.get(call.session);
    if (known && !this.#dirty.has(call.session)) return false;
    const card = known ?? this.#add(call);
    card.update(now);
    return true;
  }

  #add(call) {
    const card = new Card(call, () => this.#onOpen(call.session));
    this.#cards.set(call.session, card);
    this.#list.append(card.element);
    this.#sight.observe(card.element);
    return card;
  }

  #drop(session) {
    const { element } = /** @type {Card} */ (this.#cards.get(session));
    const next = element.nextElementSibling ?? element.previousElementSibling;
    const focused = element.contains(document.activeElement);
    this.#sight.unobserve(element);
    element.remove();
    this.#cards.delete(session);
    if (focused) next?.querySelector("button")?.focus();
  }

  /** A moved element loses the focus, so that it is given back. */
  #arrange(calls) {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    let place = this.#list.firstElementChild;
    for (const { session } of calls) {
      const { element } = /** @type {Card} */ (this.#cards.get(session));
      if (element === place) place = place.nextElementSibling;
      else this.#list.insertBefore(element, place);
    }
    if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
  }

  /** On a screen with room for all, the cards are as large as they can be. */
  #fit() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const [width, height] = [this.#list.clientWidth / rem, (innerHeight - this.#list.offsetTop) / rem];
    this.#list.dataset.size = sizeFor(this.#cards.size, width, height);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const buttons = [...this.#list.querySelectorAll("button")];
    const columns = getComputedStyle(this.#list).gridTemplateColumns.split(" ").length;
    const at = buttons.indexOf(/** @type {any} */ (document.activeElement));
    const place = placeAfter(event.key, { at, count: buttons.length, columns });
    if (place === null) return;
    event.preventDefault();
    buttons[place].focus();
  }
}
