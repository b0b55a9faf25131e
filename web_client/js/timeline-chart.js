/** A timeline on a canvas: evidence with its thresholds, the states as a band, what was compared. */

import { last } from "./look-up.js";
import { colour, disc, hatch, onNewColours, plate, prepare, stripe, stroke } from "./canvas.js";
import { clamp, linear, meterOf } from "./scale.js";
import { fitting, rangeOf, signed, ticksOf } from "./timeline-axes.js";
import { COARSE_LLR, runs, SERIES, stateName, stretches, sayAsked } from "./timeline.js";
import { inWords, sayLlr, sayShortly } from "./words.js";

/** @typedef {import("./timeline.js").Timeline} Timeline */
/** @typedef {{timeline: Timeline, fromS: number, toS: number, live: boolean}} View */

/** Together comes first and broad: it runs along the weaker of the other two. */
const LINES = {
  both: { dash: [], width: 6 },
  face: { dash: [], width: 1.75 },
  voice: { dash: [5, 4], width: 1.75 },
};
const MANY_POINTS = 600;
const LEFT = 52;
const RIGHT = 12;
const BAND = 22;
const LANES = /** @type {const} */ ([["face", "video"], ["voice", "audio"]]);
const LANE = 16;
const BELOW = 6 + BAND + 6 + LANES.length * LANE + 20;
const SPANS_TOLD = 5;
const SIDES = ["against", "unclear", "for"];

export class TimelineChart {
  #canvas;
  #shown = /** @type {View | null} */ (null);

  /** @param {HTMLCanvasElement} canvas sized by CSS */
  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#draw()).observe(canvas);
    onNewColours(() => this.#draw());
  }

  /**
   * @param {Timeline} timeline
   * @param {object} view
   * @param {number} view.fromS  media time at the left edge, in seconds
   * @param {number} view.toS    at the right edge
   * @param {boolean} view.live  whether the right edge is now
   */
  show(timeline, { fromS, toS, live }) {
    this.#shown = { timeline, fromS, toS, live };
    this.#draw();
    this.#describe(timeline);
  }

  #draw() {
    const pen = prepare(this.#canvas);
    if (!pen || !this.#shown) return;
    const frame = this.#frame(pen, this.#shown);
    drawGrid(frame);
    pen.save();
    pen.beginPath();
    pen.rect(frame.left, 0, frame.right - frame.left, frame.height);
    pen.clip();
    drawHoles(frame);
    for (const name of Object.keys(LINES)) drawSeries(frame, name);
    drawChallenges(frame);
    if (!frame.coarse) drawBounds(frame);
    drawBand(frame);
    LANES.forEach(([side, kind], row) => drawLane(frame, side, kind, row));
    pen.restore();
    drawTime(frame);
  }

  /** Where everything goes, and what is drawn. @param {CanvasRenderingContext2D} pen @param {View} view */
  #frame(pen, { timeline, fromS, toS, live }) {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const style = getComputedStyle(this.#canvas);
    const [left, right, top, bottom] = [LEFT, width - RIGHT, 6, height - BELOW];
    const range = rangeOf(timeline, fromS);
    const seen = timeline.points.filter(({ atS, both }) => atS >= fromS && both !== null);
    const coarse = seen.length > 0 && seen.every((point) => point.coarse);
    const level = linear([range, -range], [top, bottom]);
    pen.font = `12px ${style.fontFamily}`;
    return {
      pen, timeline, fromS, toS, live, left, right, top, bottom, height, range, coarse,
      x: linear([fromS, Math.max(fromS + 1, toS)], [left, right]),
      y: (llr) => level(clamp(llr, range)),
    };
  }

  #describe(timeline) {
    const newest = last(timeline.points);
    const say = (level) => meterOf(newest?.coarse && level !== null ? level / COARSE_LLR : level, Boolean(newest?.coarse)).text;
    const evidence = newest
      ? Object.entries(SERIES).map(([name, word]) => `${word.toLowerCase()} ${say(newest[name])}`).join(", ")
      : "none yet";
    const bounds = timeline.accept === null || newest?.coarse
      ? ""
      : ` Verified from ${sayLlr(timeline.accept)} up, rejected from ${sayLlr(timeline.reject)} down.`;
    const spans = inWords(timeline).slice(-SPANS_TOLD).join("; ");
    const text = `Evidence: ${evidence}.${bounds} ${spans}`.trim();
    if (this.#canvas.getAttribute("aria-label") !== text) this.#canvas.setAttribute("aria-label", text);
  }
}

function drawGrid({ pen, timeline, left, right, top, bottom, range, coarse, y }) {
  const { accept, reject } = timeline;
  const zone = (from, to, name) => {
    pen.fillStyle = colour(`${name}-faint`);
    pen.fillRect(left, from, right - left, to - from);
  };
  zone(top, y(coarse ? 1 : accept ?? 0), "verified");
  zone(y(coarse ? -1 : reject ?? 0), bottom, "rejected");
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  const levels = coarse ? [COARSE_LLR, 0, -COARSE_LLR] : [range, range / 2, 0, -range / 2, -range];
  for (const llr of levels) {
    pen.strokeStyle = colour(llr === 0 ? "zero" : "line");
    pen.lineWidth = llr === 0 ? 1.5 : 1;
    stroke(pen, [[left, y(llr)], [right, y(llr)]]);
    pen.fillStyle = colour("muted");
    pen.fillText(coarse ? SIDES[Math.sign(llr) + 1] : signed(llr), left - 6, y(llr));
  }
}

/** The thresholds, named last so that their words can be read over the lines. */
function drawBounds({ pen, timeline, left, right, y }) {
  const { accept, reject } = timeline;
  pen.textAlign = "left";
  pen.lineWidth = 1.5;
  for (const [bound, state, way, aside] of [[accept, "verified", "up", -10], [reject, "rejected", "down", 11]]) {
    if (bound === null) continue;
    const text = `${state} from ${signed(bound)} ${way}`;
    pen.strokeStyle = colour(state);
    pen.setLineDash([2, 3]);
    stroke(pen, [[left, y(bound)], [right, y(bound)]]);
    pen.setLineDash([]);
    pen.globalAlpha = 0.8;
    plate(pen, [left + 4, y(bound) + aside - 8, pen.measureText(text).width + 8, 15], colour(`${state}-faint`));
    pen.globalAlpha = 1;
    pen.fillStyle = colour(state);
    pen.fillText(text, left + 8, y(bound) + aside);
  }
}

function drawHoles({ pen, timeline, top, bottom, x }) {
  for (const { startS, endS } of timeline.holes) hatch(pen, [x(startS), top, x(endS) - x(startS), bottom - top], colour("line"));
}

/** A bracket at the top, from the question to its result, with what it was and how it ended. */
function drawChallenges({ pen, timeline, right, top, x }) {
  pen.textAlign = "left";
  pen.strokeStyle = pen.fillStyle = colour("ink");
  pen.lineWidth = 1.5;
  for (const asked of timeline.challenges) {
    const [from, to] = [x(asked.startS), Math.min(right, x(asked.endS))];
    stroke(pen, [[from, top + 8], [from, top + 3], [to, top + 3], [to, top + 8]]);
    pen.fillText(sayAsked(asked), from + 3, top + 13);
  }
}

function drawSeries({ pen, timeline, x, y }, name) {
  const { dash, width } = LINES[name];
  pen.strokeStyle = pen.fillStyle = colour(name);
  pen.lineWidth = timeline.points.length > MANY_POINTS ? width / 2 : width;
  pen.lineJoin = "round";
  pen.setLineDash(dash);
  for (const line of runs(timeline.points, name)) {
    if (line.length === 1) disc(pen, x(line[0][0]), y(line[0][1]), 1.5 + width / 2);
    else stroke(pen, line.map(([s, llr]) => [x(s), y(llr)]));
  }
  pen.setLineDash([]);
}

/** The state that holds goes on to the right edge. */
function drawBand({ pen, timeline, toS, live, left, right, bottom, x }) {
  const top = bottom + 6;
  pen.textAlign = "left";
  timeline.spans.forEach(({ startS, endS, state, reasons }, i) => {
    const until = live && i === timeline.spans.length - 1 ? toS : endS;
    const [from, to] = [Math.max(left, x(startS)), Math.min(right, x(until))];
    if (to - from < 1) return;
    const box = /** @type {const} */ ([from, top, to - from, BAND]);
    plate(pen, box, colour(`${state}-soft`));
    stripe(pen, box, colour(`${state}-line`), state);
    plate(pen, [from, top, 2, BAND], colour(state));
    const text = fitting(namesOf(state, reasons), (name) => pen.measureText(name).width, to - from - 10);
    if (text) plate(pen, [from + 4, top + 3, pen.measureText(text).width + 6, BAND - 6], colour(`${state}-soft`));
    pen.fillStyle = colour(state);
    pen.fillText(text, from + 7, top + BAND / 2 + 0.5);
  });
}

/** From full to short: state and reasons, the state alone, its initial. @param {string} state @param {string[]} reasons */
function namesOf(state, reasons) {
  const name = stateName(state);
  return [`${name}: ${sayShortly(reasons)}`, name, name.charAt(0)].slice(reasons.length ? 0 : 1);
}

function drawLane({ pen, timeline, bottom, left, right, x }, side, kind, row) {
  const top = bottom + 6 + BAND + 6 + row * LANE;
  pen.fillStyle = colour("line");
  pen.fillRect(left, top + LANE / 2 - 0.5, right - left, 1);
  pen.fillStyle = colour(side);
  for (const [from, to] of stretches(timeline.points, side)) pen.fillRect(x(from), top + 4, x(to) - x(from), LANE - 8);
  for (const hole of timeline.holes.filter((one) => one.kind === kind)) {
    const box = /** @type {const} */ ([x(hole.startS), top + 2, x(hole.endS) - x(hole.startS), LANE - 4]);
    plate(pen, box, colour("card"));
    hatch(pen, box, colour("muted"));
  }
}

function drawTime({ pen, fromS, toS, live, left, right, bottom, height, x }) {
  pen.fillStyle = colour("muted");
  pen.textAlign = "right";
  LANES.forEach(([side], row) => pen.fillText(SERIES[side], left - 6, bottom + 12 + BAND + (row + 0.5) * LANE));
  pen.textAlign = "center";
  for (const { atS, text } of ticksOf({ fromS, toS, live }, right - left)) {
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, Math.min(right - half, Math.max(left - 6, x(atS))), height - 8);
  }
}
