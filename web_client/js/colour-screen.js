// @ts-check
/**
 * Fills the screen with pale colours, one after the other, with the person's own picture in the middle.
 *
 * They are of one luminance and change once a second, with a fade, so that nothing flashes (WCAG 2.3.1).
 * It lies in the top layer, whatever the page around it clips or moves.
 */

/** Before the first colour and after the last: of their luminance, so that a dark page does not flash either. */
const GREY = "#cccccc";
const GREY_MS = 1000;
/** Nothing changes faster than this, whatever a server says. */
const LEAST_EACH_MS = 500;

export const COLOUR_CSS = `
.colours {
  position: fixed; inset: 0; width: 100vw; height: 100vh; height: 100dvh; max-width: none; max-height: none; margin: 0; padding: 1em;
  box-sizing: border-box; border: 0; color: #17202c; background: ${GREY}; transition: background-color 0.2s linear;
  forced-color-adjust: none; overflow: auto; text-align: center; font-size: 1.15em;
}
.colours { display: grid; align-content: center; justify-items: center; gap: 0.8em; }
.colours[hidden] { display: none; }
.colours:focus { outline: none; }
.colours:focus-visible { outline: 3px solid #17202c; outline-offset: -6px; }
.colours video { width: min(16em, 50vw); max-height: 40vh; border-radius: 10px; transform: scaleX(-1); object-fit: cover; }
.colours p { margin: 0; }
.colours .look { font-size: 1.3em; font-weight: 700; }
.colours button {
  min-height: 2.75em; padding: 0.3em 1.6em; font: inherit; font-weight: 600; color: inherit; background: transparent;
  border: 2px solid currentColor; border-radius: 8px; cursor: pointer;
}
.colours button:focus-visible { outline: 3px solid #17202c; outline-offset: 2px; }
`;

/** @typedef {{colours: string[], from_s: number, each_s: number}} ScreenColours */

/** A browser without popovers shows none, and is asked for none. @returns {boolean} whether colours can be shown here, to somebody who did not ask for less motion */
export const showsColours = () =>
  typeof HTMLElement.prototype.showPopover === "function" && !prefersLess();

/** @returns {boolean} */
export const prefersLess = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class ColourScreen {
  #timers = /** @type {ReturnType<typeof setTimeout>[]} */ ([]);
  /** In the page only while it is shown: a page that looks for its own picture finds no other. */
  #video = document.createElement("video");
  #look = Object.assign(document.createElement("p"), { className: "look" });
  #how = document.createElement("p");
  #skip = document.createElement("button");
  #picture;
  #over;
  root = document.createElement("div");

  /** @param {() => unknown} skip @param {() => MediaStream | null} picture the person's own, if there is one @param {() => void} over all were shown: hide it */
  constructor(skip, picture, over) {
    this.#over = over;
    this.#picture = picture;
    Object.assign(this.root, { className: "colours", popover: "manual", hidden: true, tabIndex: -1 });
    for (const [name, value] of [["role", "dialog"], ["data-testid", "colours"], ["part", "colours"]]) this.root.setAttribute(name, value);
    Object.assign(this.#video, { autoplay: true, muted: true, playsInline: true });
    this.#skip.type = "button";
    this.#skip.setAttribute("data-testid", "colours-skip");
    this.#skip.addEventListener("click", skip);
    this.root.append(this.#look, this.#how, this.#skip);
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      skip();
    });
  }

  /** @param {import("./words.js").Words} words */
  speak({ texts: { challenges, enrol } }) {
    this.root.setAttribute("aria-label", challenges.colourScreen);
    this.#video.setAttribute("aria-label", enrol.camera);
    this.#look.textContent = challenges.lookHere;
    this.#how.textContent = challenges.coloursFollow;
    this.#skip.textContent = challenges.skip;
  }

  /** Shows them when they are due. @param {ScreenColours} screen @param {number} askedAt of performance.now() */
  plan({ colours, from_s: fromS, each_s: eachS }, askedAt) {
    this.hide();
    const eachMs = Math.max(LEAST_EACH_MS, 1000 * eachS);
    const firstAt = askedAt + 1000 * fromS;
    this.#at(firstAt - GREY_MS, () => this.#open());
    colours.forEach((colour, place) => this.#at(firstAt + place * eachMs, () => this.#fill(colour)));
    this.#at(firstAt + colours.length * eachMs, () => this.#fill(GREY));
    this.#at(firstAt + colours.length * eachMs + GREY_MS, () => this.#over());
  }

  /** Shows nothing any more. */
  hide() {
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
    this.#video.srcObject = null;
    this.#video.remove();
    if (this.root.hidden) return;
    if (this.root.isConnected) this.root.hidePopover();
    this.root.hidden = true;
  }

  /** @param {number} time @param {() => void} then */
  #at(time, then) {
    this.#timers.push(setTimeout(then, Math.max(0, time - performance.now())));
  }

  #open() {
    this.#fill(GREY);
    const stream = this.#picture();
    this.#video.srcObject = stream;
    if (stream) this.#look.after(this.#video);
    this.root.hidden = false;
    this.root.showPopover();
    this.root.focus();
  }

  /** @param {string} colour */
  #fill(colour) {
    this.root.style.backgroundColor = colour;
  }
}
