// @ts-check
/** What the badge knows of a call, as one immutable object after another. */

import { lookUp } from "../look-up.js";
import { readEvidence } from "../timeline.js";

/** @typedef {import("../../element.js").BadgeState} BadgeState */
/** @typedef {import("../../stream-verifier.js").State} State */
/** @typedef {"audioEnded" | "videoEnded" | "audioMuted" | "videoMuted"} DeviceTrouble */
/** @typedef {{code: string, message: string, device?: DeviceTrouble}} Problem what is said of a device is in the words of the language */
/** @typedef {Problem & {device: DeviceTrouble}} Trouble */
/** @typedef {{face: number | null, voice: number | null, both: number | null, coarse: boolean, believed: import("../../stream-verifier.js").Evidence | null}} Evidence */
/**
 * @typedef {object} Model
 * @property {BadgeState} status     a verdict's state, or what keeps there from being one
 * @property {State | null} verdict  the last state that the server told
 * @property {readonly string[]} reasons
 * @property {Evidence} evidence     log-odds; where coarse, which way they point
 * @property {Problem | null} problem
 * @property {readonly Trouble[]} troubles  of devices, at most one each; the newest is told
 * @property {string | null} ending  why the call is over
 */

/** @type {Evidence} */
const NO_EVIDENCE = Object.freeze({ face: null, voice: null, both: null, coarse: false, believed: null });

/** @type {Model} */
export const AT_REST = Object.freeze({
  status: "idle", verdict: null, reasons: [], evidence: NO_EVIDENCE, problem: null, troubles: [], ending: null,
});

/** Whether media may be on its way to the server. @param {Model} model */
export const isOn = ({ status }) => !["idle", "asking", "ended", "failed"].includes(status);

/**
 * What a device's event makes of what is told: its trouble, or the next one that is left.
 * @param {{problem: Problem | null, troubles: readonly Trouble[]}} model
 * @param {"audio" | "video"} kind @param {"track_ended" | "track_muted" | null} code null: it is back
 * @returns {{problem: Problem | null, troubles: readonly Trouble[]}}
 */
export function withDevice({ problem, troubles }, kind, code) {
  const others = troubles.filter(({ device }) => !device.startsWith(kind));
  if (code) others.push({ code, message: "", device: `${kind}${code === "track_ended" ? "Ended" : "Muted"}` });
  return { troubles: others, problem: newest(others) ?? (problem?.device ? null : problem) };
}

/** @param {readonly Trouble[]} troubles */
export const newest = (troubles) => troubles[troubles.length - 1] ?? null;

/** @type {Record<string, (model: any, detail: any) => any>} */
export const DEVICE_STEPS = {
  track_ended: (model, { kind }) => withDevice(model, kind, "track_ended"),
  track_muted: (model, { kind }) => withDevice(model, kind, "track_muted"),
  track_unmuted: (model, { kind }) => withDevice(model, kind, null),
  track_replaced: (model, { kind }) => withDevice(model, kind, null),
};

/** @type {Record<string, (model: Model, detail: any) => Partial<Model>>} */
const STEPS = {
  asking: () => ({ ...AT_REST, status: "asking" }),
  connecting: () => ({ ...AT_REST, status: "connecting" }),
  session_started: (model) => ({ status: settled(model, "waiting") }),
  state_changed: (model, { state, reasons = [] }) => ({ verdict: state, reasons, status: settled(model, state) }),
  score: (_, score) => ({ evidence: readEvidence(score) }),
  reconnecting: () => ({ status: "reconnecting" }),
  resumed: ({ verdict }) => ({ status: verdict ?? "waiting" }),
  restarted: () => ({ verdict: null, reasons: [], evidence: NO_EVIDENCE }),
  ...DEVICE_STEPS,
  error: (_, { code, message }) => ({ status: "failed", problem: { code, message } }),
  ending: over,
  closed: over,
};

/** @param {Model} model @param {{reason: string}} detail @returns {Partial<Model>} */
function over({ status, ending }, { reason }) {
  return { ending: ending ?? reason, status: status === "failed" ? "failed" : "ended" };
}

/**
 * @param {Model} model @param {string} type of an event of the SDK, or of the element's own
 * @param {any} detail
 * @returns {Model} the same one where the event changes nothing
 */
export function next(model, type, detail) {
  const step = lookUp(STEPS, type);
  return step ? Object.freeze({ ...model, ...step(model, detail) }) : model;
}

/** While the connection is away, and once all is over, what still comes is old news. @param {Model} model @param {BadgeState} status @returns {BadgeState} */
const settled = (model, status) => (["reconnecting", "failed", "ended"].includes(model.status) ? model.status : status);
