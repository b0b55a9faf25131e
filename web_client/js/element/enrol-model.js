// @ts-check
/** What the enrolment element knows, as one immutable object after another; touches no page. */

import { lookUp } from "../look-up.js";
import { DEVICE_STEPS, newest } from "./model.js";

/** @typedef {import("../../enrol-element.js").EnrolState} EnrolState */
/** @typedef {import("../../stream-verifier.js").EnrolmentProgress} Progress */
/** @typedef {import("../../stream-verifier.js").Enrolled} Enrolled */
/**
 * @typedef {object} EnrolModel
 * @property {EnrolState} status
 * @property {Pick<Progress, "speech_s" | "speech_needed_s" | "faces" | "faces_needed" | "missing" | "complete"> | null} progress
 * @property {Enrolled | null} enrolled
 * @property {boolean} known  the name is enrolled already
 * @property {import("./model.js").Problem | null} problem
 * @property {readonly import("./model.js").Trouble[]} troubles  of devices
 */

/** @type {EnrolModel} */
export const UNASKED = Object.freeze({ status: "consent", progress: null, enrolled: null, known: false, problem: null, troubles: [] });

/** Whether camera and microphone are on their way to the server. @param {EnrolModel} model */
export const isOn = ({ status }) => ["connecting", "enrolling", "reconnecting"].includes(status);

/** Whether the words are shown, to be agreed to. @param {EnrolModel} model */
export const asks = ({ status }) => status === "consent" || status === "failed";

/** @type {Record<string, (model: EnrolModel, detail: any) => Partial<EnrolModel>>} */
const STEPS = {
  worded: () => UNASKED,
  asking: ({ known }) => ({ ...UNASKED, known, status: "asking" }),
  connecting: () => ({ status: "connecting" }),
  session_started: () => ({ status: "enrolling" }),
  enrolment_progress: ({ troubles }, progress) => ({ status: "enrolling", progress, problem: newest(troubles) }),
  enrolled: (_, enrolled) => ({ status: "enrolled", enrolled, problem: null }),
  reconnecting: () => ({ status: "reconnecting" }),
  resumed: () => ({ status: "enrolling" }),
  restarted: () => ({ status: "enrolling", progress: null }),
  ...DEVICE_STEPS,
  error: ({ status, known }, { code, message }) =>
    status === "enrolled" ? {} : { status: "failed", problem: { code, message }, known: known || code === "identity_exists" },
  closed: ({ status }) => (["enrolled", "failed"].includes(status) ? {} : { status: "consent", progress: null }),
};

/**
 * @param {EnrolModel} model @param {string} type of an event of the SDK, or of the element's own
 * @param {any} detail
 * @returns {EnrolModel} the same one where the event changes nothing
 */
export function next(model, type, detail) {
  const step = lookUp(STEPS, type);
  return step ? Object.freeze({ ...model, ...step(model, detail) }) : model;
}
