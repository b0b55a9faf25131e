/** The last minute of evidence as curves, with the states as a band below. */

import { sayLlr, sayState } from "./words.js";

/** @typedef {{t: number, face: number | null, voice: number | null, fused: number | null}} Point */

const SERIES = /** @type {const} */ (["face", "voice", "fused"]);
const LOOKS = {
  face: { dash: [], width: 1.75, dot: 2.5 },
  voice: { dash: [5, 4], width: 1.75, dot: 2.5 },
  fused: { dash: [], width: 3, dot: 4 },
};
const MARGIN = { top: 10, right: 12, bottom: 46, left: 34 };
const BAND_PX = 18;
const SMALLEST_RANGE = 4;
const LARGEST_RANGE = 20;

export class ScoreChart {
  #canvas;
  #windowS;
  #points = /** @type {Point[]} */ ([]);
  #states = /** @type {{t: number, state: string}[]} */ ([]);
  #now = 0;

  /**
   * @param {HTMLCanvasElement} canvas sized by CSS
   * @param {{windowS?: number}} [options] seconds shown
   */
  constructor(canvas, { windowS = 60 } = {}) {
    this.#canvas = canvas;
    this.#windowS = windowS;
    new ResizeObserver(() => this.draw(this.#now)).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw(this.#now));
  }

  clear() {
    this.#points = [];
    this.#states = [];
    this.draw(0);
  }

  /** @param {Point} point t in seconds on the clock that draw() is given */
  addScore(point) {
    this.#points.push(point);
    this.#prune(point.t);
  }

  /** @param {string} state @param {number} t */
  setState(state, t) {
    if (this.#states.at(-1)?.state !== state) this.#states.push({ t, state });
    this.#prune(t);
  }

  /** One point and one state older than the window are kept: lines enter from the edge. */
  #prune(now) {
    const start = now - this.#windowS;
    while (this.#points.length > 1 && this.#points[1].t < start) this.#points.shift();
    while (this.#states.length > 1 && this.#states[1].t < start) this.#states.shift();
  }

  /** @param {number} now seconds; the right edge */
  draw(now) {
    this.#now = now;
    const pen = this.#prepare();
    if (!pen) return;
    const frame = this.#frame(now);
    drawGrid(pen, frame);
    pen.save();
    pen.beginPath();
    pen.rect(frame.left, 0, frame.width - frame.left, frame.height);
    pen.clip();
    this.#drawBand(pen, frame, now);
    for (const name of SERIES) drawSeries(pen, frame, this.#points, name);
    pen.restore();
    this.#describe();
  }

  #prepare() {
    const { clientWidth, clientHeight } = this.#canvas;
    const pen = this.#canvas.getContext("2d");
    if (!pen || !clientWidth) return null;
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, clientWidth, clientHeight);
    return pen;
  }

  #frame(now) {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const style = getComputedStyle(this.#canvas);
    const left = MARGIN.left;
    const right = width - MARGIN.right;
    const bottom = height - MARGIN.bottom;
    const range = this.#range();
    return {
      width, height, left, right, top: MARGIN.top, bottom, range,
      windowS: this.#windowS,
      x: (t) => right - ((now - t) / this.#windowS) * (right - left),
      y: (llr) => MARGIN.top + ((range - clamp(llr, range)) / (2 * range)) * (bottom - MARGIN.top),
      colour: (name) => style.getPropertyValue(`--${name}`).trim(),
      font: `12px ${style.fontFamily}`,
    };
  }

  #range() {
    const all = this.#points.flatMap((point) => SERIES.map((name) => Math.abs(point[name] ?? 0)));
    const largest = Math.min(LARGEST_RANGE, Math.max(SMALLEST_RANGE, ...all));
    return Math.ceil(largest / 2) * 2;
  }

  #drawBand(pen, frame, now) {
    const top = frame.bottom + 6;
    this.#states.forEach(({ t, state }, i) => {
      const from = Math.max(frame.left, frame.x(t));
      const to = Math.min(frame.right, frame.x(this.#states[i + 1]?.t ?? now));
      if (to - from < 1) return;
      pen.fillStyle = frame.colour(`${state}-soft`);
      pen.fillRect(from, top, to - from, BAND_PX);
      pen.fillStyle = frame.colour(state);
      pen.fillRect(from, top, 2, BAND_PX);
      const label = sayState(state, "").name;
      if (pen.measureText(label).width + 12 < to - from) {
        pen.textAlign = "left";
        pen.textBaseline = "middle";
        pen.fillText(label, from + 7, top + BAND_PX / 2 + 0.5);
      }
    });
  }

  #describe() {
    const last = this.#points.at(-1);
    const state = this.#states.at(-1)?.state;
    const scores = last
      ? `Last score: face ${sayLlr(last.face)}, voice ${sayLlr(last.voice)}, together ${sayLlr(last.fused)}. Above zero speaks for the same person.`
      : "No scores yet.";
    const text = state ? `${scores} State: ${sayState(state, "").name}.` : scores;
    if (this.#canvas.getAttribute("aria-label") !== text) this.#canvas.setAttribute("aria-label", text);
  }
}

function drawGrid(pen, frame) {
  const { left, right, top, bottom, range, y, colour } = frame;
  pen.fillStyle = colour("verified-faint");
  pen.fillRect(left, top, right - left, y(0) - top);
  pen.fillStyle = colour("rejected-faint");
  pen.fillRect(left, y(0), right - left, bottom - y(0));
  pen.font = frame.font;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const llr of [range, range / 2, 0, -range / 2, -range]) {
    pen.strokeStyle = colour(llr === 0 ? "zero" : "line");
    pen.lineWidth = llr === 0 ? 1.5 : 1;
    stroke(pen, [[left, y(llr)], [right, y(llr)]]);
    pen.fillStyle = colour("muted");
    pen.fillText(llr > 0 ? `+${llr}` : `${llr}`, left - 6, y(llr));
  }
  pen.fillStyle = colour("muted");
  pen.textAlign = "left";
  pen.fillText("same person", left + 8, top + 12);
  pen.fillText("someone else", left + 8, bottom - 11);
  pen.textAlign = "right";
  pen.textBaseline = "alphabetic";
  pen.fillText("now", right, frame.height - 4);
  pen.textAlign = "center";
  pen.fillText(`${frame.windowS / 2} s ago`, (left + right) / 2, frame.height - 4);
  pen.textAlign = "left";
  pen.fillText(`${frame.windowS} s ago`, left, frame.height - 4);
}

function drawSeries(pen, frame, points, name) {
  const { dash, width, dot } = LOOKS[name];
  pen.strokeStyle = pen.fillStyle = frame.colour(name);
  pen.lineWidth = width;
  pen.lineJoin = "round";
  pen.setLineDash(dash);
  for (const run of runs(points, name)) stroke(pen, run.map((p) => [frame.x(p.t), frame.y(p[name])]));
  pen.setLineDash([]);
  for (const run of runs(points, name)) {
    const lonely = run.length === 1 || run.at(-1) === points.at(-1);
    if (lonely) disc(pen, frame.x(run.at(-1).t), frame.y(run.at(-1)[name]), dot);
  }
}

/** Stretches without a missing value. */
function runs(points, name) {
  const all = [[]];
  for (const point of points) {
    if (point[name] === null) all.push([]);
    else all.at(-1).push(point);
  }
  return all.filter((run) => run.length > 0);
}

function stroke(pen, path) {
  pen.beginPath();
  path.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
}

function disc(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}

const clamp = (value, limit) => Math.max(-limit, Math.min(limit, value));
