// @ts-check
/**
 * The element's own style sheet. light-dark() follows the page's color-scheme, so that a light page never gets a dark badge.
 */

import { Style } from "../style.js";

const CSS = `
:host {
  display: block; max-width: 30rem;
  --ink: var(--sv-ink, light-dark(#17202c, #e7ecf3));
  --muted: var(--sv-muted, light-dark(#56637a, #9aa8bb));
  --surface: var(--sv-surface, light-dark(#ffffff, #161d27));
  --line: var(--sv-line, light-dark(#d3dae4, #323d4d));
  --accent: var(--sv-accent, light-dark(#2b5fcf, #82aaff));
  --radius: var(--sv-radius, 12px);
  --waiting: var(--sv-waiting, light-dark(#4a5f80, #a4b8d8));
  --verified: var(--sv-verified, light-dark(#12724a, #5fd39b));
  --uncertain: var(--sv-uncertain, light-dark(#8a5a00, #efc05a));
  --rejected: var(--sv-rejected, light-dark(#b52a25, #ff8b82));
  --absent: var(--sv-absent, light-dark(#645a78, #bcb0d6));
  font: var(--sv-font, 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif);
  /* Not as the bar, table or headline around it is set. */
  white-space: normal; text-transform: none; text-indent: 0; letter-spacing: normal; word-spacing: normal;
}
:host([hidden]) { display: none; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
h2, p, ul, ol { margin: 0; padding: 0; }
ul, ol { list-style: none; }

.panel {
  --tone: var(--waiting);
  position: relative; container-type: inline-size;
  color: var(--ink); background: var(--surface); text-align: start;
  border: 1px solid var(--line); border-inline-start: 5px solid var(--tone);
  border-radius: var(--radius); overflow: hidden;
}
.panel[data-status="verified"] { --tone: var(--verified); }
.panel[data-status="uncertain"], .panel[data-status="reconnecting"] { --tone: var(--uncertain); }
.panel[data-status="rejected"], .panel[data-status="failed"] { --tone: var(--rejected); }
.panel[data-status="absent"], .panel[data-status="ended"] { --tone: var(--absent); }

button { font: inherit; color: inherit; cursor: pointer; }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: -3px; border-radius: calc(var(--radius) - 4px); }
.badge {
  width: 100%; display: flex; align-items: center; gap: 0.75em; padding: 0.75em 0.95em;
  border: 0; background: color-mix(in srgb, var(--tone) 11%, var(--surface)); text-align: start;
}
svg { display: block; width: 100%; height: 100%; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.icon { flex: none; width: 2em; height: 2em; color: var(--tone); }
.words { flex: 1; min-width: 0; display: grid; }
.name { font-weight: 650; font-size: 1.1em; line-height: 1.25; color: var(--tone); overflow-wrap: anywhere; }
.text { font-size: 0.9em; line-height: 1.35; overflow-wrap: anywhere; }
.chevron { flex: none; width: 1.15em; height: 1.15em; color: var(--muted); transition: transform 0.15s; }
[aria-expanded="true"] > .chevron { transform: rotate(180deg); }
.badge:hover { background: color-mix(in srgb, var(--tone) 18%, var(--surface)); }
.reasons, .problem { padding: 0.55em 0.95em 0; font-size: 0.9em; overflow-wrap: anywhere; }
.reasons:empty { display: none; }
.reasons li { padding-inline-start: 1.1em; position: relative; }
.reasons li::before { content: "•"; position: absolute; inset-inline-start: 0.2em; color: var(--tone); }
.foot { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5em 0.8em; padding: 0.6em 0.95em; }
.foot:has(> .note:empty):has(> .control[hidden]) { padding-block: 0.3em; }
.note:empty { display: none; }
.note { flex: 1 1 12em; overflow-wrap: anywhere; }
.control {
  flex: none; margin-inline-start: auto; min-height: 2.4em; min-width: 5em; padding: 0.25em 0.9em; font-size: 0.95em; font-weight: 600; color: var(--ink);
  background: var(--surface); border: 1px solid color-mix(in srgb, var(--ink) 45%, transparent); border-radius: calc(var(--radius) * 0.7);
}
.control:hover { border-color: var(--accent); }
@container (max-width: 17rem) { .control { flex: 1; } }
.quiet { color: var(--muted); font-size: 0.8em; }

.details { padding: 0.8em 0.95em 0.9em; border-block-start: 1px solid var(--line); }
h2 { font-size: 0.85em; font-weight: 650; }
.meters { display: grid; gap: 0.35em; margin-block: 0.45em 0.35em; font-size: 0.88em; }
.meter { display: grid; grid-template-columns: 5em 1fr 4.4em; align-items: center; gap: 0.6em; }
.llr { text-align: end; font-variant-numeric: tabular-nums; }
.track {
  position: relative; height: 0.75em; border-radius: 3px; border: 1px solid var(--line); overflow: hidden;
  background: linear-gradient(to right, transparent calc(50% - 1px), var(--muted) calc(50% - 1px) calc(50% + 1px), transparent calc(50% + 1px));
}
.fill { position: absolute; inset-block: 0; background: var(--verified); }
.fill[data-sign="against"] { background: repeating-linear-gradient(-45deg, var(--rejected) 0 4px, color-mix(in srgb, var(--rejected) 55%, var(--surface)) 4px 6px); }
.fill[data-sign="unclear"] { background: var(--muted); }
.details h2:not(:first-child) { margin-block-start: 0.9em; }
.bar { display: flex; height: 1.15em; margin-block: 0.45em 0.15em; border: 1px solid var(--line); border-radius: 4px; overflow: hidden; background: var(--surface); }
.segment { flex-basis: 0; min-width: 2px; --c: var(--waiting); background: color-mix(in srgb, var(--c) 30%, var(--surface)); }
.segment + .segment { border-inline-start: 1px solid var(--surface); }
.segment[data-state="waiting"] { background: repeating-linear-gradient(90deg, var(--waiting) 0 1.5px, color-mix(in srgb, var(--waiting) 18%, var(--surface)) 1.5px 6px); }
.segment[data-state="verified"] { background: var(--verified); }
.segment[data-state="uncertain"] { background: repeating-linear-gradient(-45deg, var(--uncertain) 0 3px, color-mix(in srgb, var(--uncertain) 22%, var(--surface)) 3px 7px); }
.segment[data-state="rejected"] { background: repeating-linear-gradient(45deg, #0000 0 3px, color-mix(in srgb, var(--surface) 45%, #0000) 3px 4px), repeating-linear-gradient(-45deg, var(--rejected) 0 3px, color-mix(in srgb, var(--rejected) 70%, var(--surface)) 3px 4px); }
.segment[data-state="absent"] { background: repeating-linear-gradient(0deg, var(--absent) 0 1px, color-mix(in srgb, var(--absent) 12%, var(--surface)) 1px 4px); }
.scale { display: flex; justify-content: space-between; color: var(--muted); font-size: 0.75em; }
.history { margin-block-start: 0.5em; font-size: 0.85em; font-variant-numeric: tabular-nums; }
.history li { padding-block: 0.1em; overflow-wrap: anywhere; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

@media (prefers-reduced-motion: no-preference) {
  .panel[data-status="reconnecting"] .icon svg, .panel[data-status="connecting"] .icon svg { animation: breathe 1.4s ease-in-out infinite; }
}
@media (prefers-reduced-motion: reduce) { .chevron { transition: none; } }
@keyframes breathe { 50% { opacity: 0.35; } }
`;

/** Of all badges of a page. */
export const badgeStyle = new Style(CSS);
