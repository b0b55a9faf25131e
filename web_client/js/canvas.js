/** What every drawing on a canvas needs: sharp pixels, the page's colours, stripes. */

import { lookUp } from "./look-up.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const known = new Map();
dark.addEventListener("change", () => known.clear());

/** States that a person must notice are striped, each another way: they differ without colour too. */
const SLANTS = Object.freeze({ uncertain: 0, absent: -1, rejected: 1 });

/** @param {() => void} draw called whenever the page changes between light and dark */
export function onNewColours(draw) {
  dark.addEventListener("change", draw);
}

/** @param {string} name of a custom property of the page, without dashes @returns {string} */
export function colour(name) {
  if (!known.has(name)) {
    known.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  }
  return known.get(name);
}

/**
 * Clears a canvas and fits its pixels to the screen's.
 * @param {HTMLCanvasElement} canvas sized by CSS
 * @returns {CanvasRenderingContext2D | null} null while it has no size
 */
export function prepare(canvas) {
  const { clientWidth, clientHeight } = canvas;
  const pen = canvas.getContext("2d");
  if (!pen || !clientWidth) return null;
  const ratio = globalThis.devicePixelRatio || 1;
  const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, clientWidth, clientHeight);
  return pen;
}

/** @typedef {CanvasRenderingContext2D} Pen */
/** @typedef {readonly [left: number, top: number, width: number, height: number]} Box */

/** The stripes of a state that has some. @param {Pen} pen @param {Box} box @param {string} ink @param {string} state */
export function stripe(pen, box, ink, state) {
  const slant = lookUp(SLANTS, state);
  if (slant !== undefined) hatch(pen, box, ink, slant);
}

/**
 * Stripes that rise to the right; with a slant of 0 they stand upright, with -1 they fall.
 * @param {Pen} pen @param {Box} box @param {string} ink @param {number} [slant]
 */
export function hatch(pen, [left, top, width, height], ink, slant = 1) {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
  pen.strokeStyle = ink;
  pen.lineWidth = 1.5;
  pen.setLineDash([]);
  for (let at = left - height; at < left + width + height; at += 7) {
    stroke(pen, [[at, top + height], [at + slant * height, top]]);
  }
  pen.restore();
}

/** A filled box. @param {Pen} pen @param {Box} box @param {string} ink */
export function plate(pen, box, ink) {
  pen.fillStyle = ink;
  pen.fillRect(...box);
}

/** A line through points, in the pen's stroke style. @param {Pen} pen @param {number[][]} path of [x, y] */
export function stroke(pen, path) {
  pen.beginPath();
  const [start, ...rest] = path;
  if (start) pen.moveTo(start[0], start[1]);
  for (const [x, y] of rest) pen.lineTo(x, y);
  pen.stroke();
}

/** A filled dot, in the pen's fill style. @param {Pen} pen @param {number} x @param {number} y @param {number} radius */
export function disc(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}
