// @ts-check
/** One drawing for each status, so that colour is never the only sign. */

import { lookUp } from "../look-up.js";

const SVG = "http://www.w3.org/2000/svg";
const RING = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z";
const SHIELD = "M12 2.8 20 6v6c0 4.6-3.2 7.9-8 9.4C7.2 19.9 4 16.6 4 12V6z";

/** @type {Record<string, string>} */
const PATHS = {
  idle: SHIELD,
  asking: "M3.5 7.5h11v9h-11zM14.5 11l6-3v8l-6-3",
  connecting: `${RING}M8 12h.01M12 12h.01M16 12h.01`,
  waiting: `${RING}M12 7v5l3 2`,
  verified: `${SHIELD}M8.5 12l2.5 2.5 4.7-5`,
  uncertain: `${RING}M9.4 9.3a2.7 2.7 0 1 1 3.9 2.4c-.9.5-1.3 1-1.3 2M12 16.8v.1`,
  rejected: "M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3zM9 9l6 6M15 9l-6 6",
  absent: "M12 4.7a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6zM4.8 20c.6-3.8 3.4-5.8 7.2-5.8s6.6 2 7.2 5.8M3.5 3.5l17 17",
  reconnecting: "M20 11a8 8 0 0 0-14.3-4L4 9M4 4v5h5M4 13a8 8 0 0 0 14.3 4l1.7-2M20 20v-5h-5",
  ended: `${RING}M9 9h6v6H9z`,
  failed: "M12 3.5 21.5 20h-19zM12 10v4.5M12 17.2v.1",
  chevron: "M6 9l6 6 6-6",
};

/** @param {string} name of a status, or "chevron" @returns {SVGElement} */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", lookUp(PATHS, name) ?? PATHS.waiting);
  svg.append(path);
  return svg;
}
