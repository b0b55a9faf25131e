// @ts-check
/** Style sheets of ours, for pages and shadow trees, in browsers of some years ago as well. */

const COLOUR = String.raw`(?:var\(--[\w-]+\)|#[0-9a-fA-F]+|transparent|currentColor)`;
const LIGHT_DARK = new RegExp(String.raw`light-dark\((${COLOUR}), ${COLOUR}\)`, "g");
const MIX = new RegExp(String.raw`color-mix\(in srgb, (${COLOUR}) (\d+)%, (${COLOUR})\)`, "g");

/**
 * The same with colours that every browser knows: the light ones, and of two that are mixed the one that
 * there is more of. A property whose value asks for what a browser lacks would have no value at all.
 * @param {string} css @returns {string}
 */
export const plain = (css) =>
  css.replace(LIGHT_DARK, "$1").replace(MIX, (_, one, share, other) => (Number(share) >= 45 ? one : other));

/** Whether this browser knows those colours. */
const mixes = () => CSS.supports("color", "light-dark(#000, #fff)") && CSS.supports("color", "color-mix(in srgb, #000 10%, #fff)");

/** One for all elements of a page that wear it. */
export class Style {
  #css;
  #sheet = /** @type {CSSStyleSheet | null} */ (null);

  /** @param {string} css */
  constructor(css) {
    this.#css = css;
  }

  /**
   * Dresses a document or a shadow tree. A constructed sheet needs no `style-src` of the page; a browser that
   * has none (Safari before 16.4) gets an element, which a strict policy keeps from being applied.
   * @param {Document | ShadowRoot} root
   */
  wear(root) {
    const css = mixes() ? this.#css : plain(this.#css);
    if ("adoptedStyleSheets" in root) {
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, this.#constructed(css)];
      return;
    }
    const element = document.createElement("style");
    element.textContent = css;
    (/** @type {Document} */ (root).head ?? root).append(element);
  }

  /** @param {string} css */
  #constructed(css) {
    if (!this.#sheet) {
      this.#sheet = new CSSStyleSheet();
      this.#sheet.replaceSync(css);
    }
    return this.#sheet;
  }
}
