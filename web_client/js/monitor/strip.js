/** The last minutes of a call, small: what face and voice say together, and the states below it. */

import { colour, hatch, plate, prepare, stripe, stroke } from "../canvas.js";
import { clamp, linear } from "../scale.js";
import { runs } from "../timeline.js";
import { STRIP_S } from "./call.js";

const RANGE = 6;
const BAND = 12;
const SPACE = 5;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("../timeline.js").Timeline} timeline
 * @param {number} nowS media time at the right edge
 */
export function drawStrip(canvas, timeline, nowS) {
  const pen = prepare(canvas);
  if (!pen) return;
  const { clientWidth: width, clientHeight: height } = canvas;
  const bottom = height - BAND - SPACE;
  const level = linear([RANGE, -RANGE], [0, bottom]);
  const frame = {
    pen, timeline, width, bottom, nowS,
    x: linear([nowS - STRIP_S, nowS], [0, width]),
    y: (llr) => level(clamp(llr, RANGE)),
  };
  drawScale(frame);
  drawEvidence(frame);
  drawStates(frame);
}

function drawScale({ pen, timeline, width, bottom, y }) {
  const { accept, reject } = timeline;
  plate(pen, [0, 0, width, y(accept ?? RANGE)], colour("verified-faint"));
  plate(pen, [0, y(reject ?? -RANGE), width, bottom - y(reject ?? -RANGE)], colour("rejected-faint"));
  pen.lineWidth = 1;
  pen.strokeStyle = colour("line");
  stroke(pen, [[0, y(0)], [width, y(0)]]);
}

function drawEvidence({ pen, timeline, x, y, bottom }) {
  for (const { startS, endS } of timeline.holes) hatch(pen, [x(startS), 0, x(endS) - x(startS), bottom], colour("line"));
  pen.strokeStyle = colour("ink");
  pen.lineWidth = 1.75;
  pen.lineJoin = "round";
  for (const line of runs(timeline.points, "both")) stroke(pen, line.map(([s, llr]) => [x(s), y(llr)]));
}

function drawStates({ pen, timeline, width, bottom, nowS, x }) {
  const top = bottom + SPACE;
  timeline.spans.forEach(({ startS, endS, state }, i) => {
    const until = i === timeline.spans.length - 1 ? nowS : endS;
    const [from, to] = [Math.max(0, x(startS)), Math.min(width, x(until))];
    if (to <= from) return;
    const box = /** @type {const} */ ([from, top, to - from, BAND]);
    plate(pen, box, colour(`${state}-band`));
    stripe(pen, box, colour("card"), state);
  });
}
