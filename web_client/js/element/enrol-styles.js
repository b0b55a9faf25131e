// @ts-check
/** What the enrolment element wears beside the badge's style sheet. */

import { Style } from "../style.js";

const CSS = `
.panel[data-status="enrolled"] { --tone: var(--verified); }
.head { cursor: default; }
.head:hover { background: color-mix(in srgb, var(--tone) 11%, var(--surface)); }
.head .name { margin: 0; outline: none; }
.consent, .call, .done { padding: 0.75em 0.95em; display: grid; gap: 0.7em; }
.problem { padding-block: 0.6em; color: var(--rejected); }
dl { margin: 0; display: grid; gap: 0.35em; font-size: 0.92em; }
dl > div { display: grid; grid-template-columns: 5.5em 1fr; gap: 0.6em; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
.consent-text { padding: 0.6em 0.75em; max-height: 16em; overflow: auto; white-space: pre-line; overflow-wrap: anywhere;
  background: color-mix(in srgb, var(--ink) 5%, var(--surface)); border-radius: calc(var(--radius) * 0.6); font-size: 0.92em; }
.existing { display: grid; gap: 0.5em; }
.existing p { margin: 0; font-size: 0.95em; }
.check { display: flex; gap: 0.6em; align-items: start; font-size: 0.95em; }
.check input { flex: none; width: 1.2em; height: 1.2em; margin: 0.12em 0 0; accent-color: var(--accent); }
.check input:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.consent .foot, .call .foot { padding: 0.2em 0; }
.consent .control { background: var(--accent); color: var(--surface); border-color: var(--accent); }
.advice { font-weight: 600; }
.preview { width: 100%; aspect-ratio: 4 / 3; max-height: 20em; object-fit: cover; transform: scaleX(-1);
  background: color-mix(in srgb, var(--ink) 12%, var(--surface)); border-radius: calc(var(--radius) * 0.6); }
.call .reasons { padding: 0; }
.parts { display: grid; gap: 0.35em; font-size: 0.9em; }
.parts .meter { grid-template-columns: 3.5em 1fr 7em; }
progress { width: 100%; height: 0.75em; accent-color: var(--verified); }
figure { margin: 0; display: grid; gap: 0.3em; }
blockquote { margin: 0; padding-inline-start: 0.8em; border-inline-start: 3px solid var(--line); }
`;

/** Beside the badge's. */
export const enrolStyle = new Style(CSS);
