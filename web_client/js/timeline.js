// @ts-check
/**
 * A call over time, as its events tell it: states, evidence, and what was missing.
 *
 * `verify --plot` reads the same events the same way (stream_verifier/console/timeline.py); a test
 * compares the two. Nothing here touches the page.
 */

import { last, lookUp } from "./look-up.js";

/** @typedef {{startS: number, endS: number, state: string, reasons: string[]}} Span */
/**
 * What was known after one window: log-odds that face, voice and both are the enrolled person's.
 * @typedef {object} Point
 * @property {number} startS         where the window began, or the one before it ended, whichever is later
 * @property {number} atS            where it ended
 * @property {number | null} face    null without evidence
 * @property {number | null} voice
 * @property {number | null} both
 * @property {string[]} missing      modalities that the window could not score
 * @property {boolean} coarse        only the direction of the evidence was told; it is drawn in three steps
 */
/**
 * A challenge, from when it was asked until its result or the timeline's end; outcome is null where it is not known.
 * @typedef {{startS: number, endS: number, kind: string, outcome: string | null}} Asked
 */
/** @typedef {"face" | "voice" | "both"} Series */
/** @typedef {{startS: number, endS: number, kind: "audio" | "video"}} Hole */
/**
 * @typedef {object} Timeline
 * @property {string} identity        who it should be
 * @property {string} operatingPoint  name of the thresholds
 * @property {number} endS            seconds of media time from its start
 * @property {Span[]} spans           without holes, from 0 to endS
 * @property {Point[]} points         one a window
 * @property {Hole[]} holes           where media was missing
 * @property {number | null} accept   log-odds of both from which on it is verified
 * @property {number | null} reject   log-odds of both down from which it is rejected
 * @property {Asked[]} challenges    what the person was asked for
 * @property {string | null} failure  the message with which it broke off
 */

/** What there is evidence of, as people read it. */
export const SERIES = Object.freeze({ face: "Face", voice: "Voice", both: "Together" });

/** The states as people read them, from good to bad. */
export const STATES = Object.freeze({
  verified: "Verified",
  uncertain: "Uncertain",
  waiting: "Waiting",
  absent: "Absent",
  rejected: "Rejected",
});

/** The reasons in few words, so that they fit beside what they explain. */
export const REASONS = Object.freeze({
  face_mismatch: "wrong face",
  voice_mismatch: "wrong voice",
  multiple_faces: "several faces",
  no_face: "no face",
  no_speech: "no speech",
  poor_face_quality: "poor picture",
  noisy_audio: "noise",
  speaker_not_on_camera: "speaker off camera",
  presentation_suspected: "screen or paper",
  lips_do_not_match: "lips say something else",
  no_sign_of_life: "heard before",
  challenge_not_passed: "challenge not passed",
  presence_not_shown: "not seen speaking yet",
  media_gap: "media gap",
  overloaded: "server overloaded",
  media_time_implausible: "implausible media time",
  picture_not_scored: "picture not checked",
  speech_not_scored: "speech not checked",
  tried_too_often: "others were tried",
});

/** @param {string} state @returns {string} as people read it; one not known yet as it is spelt */
export const stateName = (state) => lookUp(STATES, state) ?? state;

/** A line of evidence has a hole where no window was scored for longer. */
const BREAK_S = 4;
/** Where evidence is drawn of which only the direction is told, in log-odds. */
export const COARSE_LLR = 2;

/**
 * @param {readonly any[]} events of one session, whole or cut off; a missing field counts as null, and an
 *   event without media time as one of the beginning
 * @returns {Timeline}
 */
export function readTimeline(events) {
  const ofType = (/** @type {string} */ type) => events.filter((event) => event.type === type);
  const endS = events.reduce((latest, event) => Math.max(latest, event.media_s ?? 0), 0);
  const [started = {}] = ofType("session_started");
  const thresholds = started.operating_point ?? {};
  return {
    identity: started.identity ?? "",
    operatingPoint: thresholds.name ?? "",
    endS,
    spans: readSpans(ofType("state_changed"), endS),
    points: readPoints(ofType("score")),
    holes: ofType("gap").map((gap) => ({ startS: gap.start_s, endS: gap.end_s, kind: gap.kind })),
    accept: thresholds.accept ?? null,
    reject: thresholds.reject ?? null,
    failure: ofType("error")[0]?.message ?? null,
    challenges: readChallenges(events, endS),
  };
}

/**
 * Cuts one series into lines of [media time, log-odds] that may be drawn through.
 * @param {Point[]} points @param {Series} series @returns {[number, number][][]}
 */
export function runs(points, series) {
  const lines = /** @type {[number, number][][]} */ ([[]]);
  let lastS = -BREAK_S;
  for (const point of points) {
    const value = point[series];
    if (value === null || point.atS - lastS > BREAK_S) lines.push([]);
    if (value !== null) {
      const line = last(lines) ?? [];
      const before = last(line);
      if (point.coarse && before) line.push([point.atS, before[1]]);
      line.push([point.atS, value]);
    }
    lastS = point.atS;
  }
  return lines.filter((line) => line.length > 0);
}

/**
 * Where windows could score one modality, from and to in seconds, neighbours joined.
 * @param {Point[]} points @param {string} side @returns {[number, number][]}
 */
export function stretches(points, side) {
  const joined = /** @type {[number, number][]} */ ([]);
  for (const { startS, atS, missing } of points) {
    if (missing.includes(side)) continue;
    const before = last(joined);
    if (before?.[1] === startS) before[1] = atS;
    else joined.push([startS, atS]);
  }
  return joined;
}

/** @param {number} timeS @returns {string} media time as minutes and seconds */
export function clock(timeS) {
  const whole = Math.trunc(timeS);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Of two changes at one moment the later one holds. @param {any[]} changes @param {number} endS @returns {Span[]} */
function readSpans(changes, endS) {
  const begun = /** @type {Omit<Span, "endS">[]} */ ([{ startS: 0, state: "waiting", reasons: [] }]);
  for (const { media_s: atS, state, reasons } of changes) {
    while ((last(begun)?.startS ?? -Infinity) >= atS) begun.pop();
    begun.push({ startS: atS, state, reasons: [...reasons] });
  }
  return begun
    .map((span, i) => ({ ...span, endS: begun[i + 1]?.startS ?? endS }))
    .filter((span) => span.endS > span.startS);
}

/** @param {readonly any[]} events @param {number} endS @returns {Asked[]} */
function readChallenges(events, endS) {
  const asked = /** @type {Map<string, Asked>} */ (new Map());
  for (const { type, challenge, media_s: atS, kind, outcome } of events) {
    if (type === "challenge_asked") asked.set(challenge, { startS: atS, endS, kind, outcome: null });
    const begun = type === "challenge_result" ? asked.get(challenge) : undefined;
    if (begun) Object.assign(begun, { endS: atS, outcome });
  }
  return [...asked.values()];
}

/** A challenge in few words, such as "turn head: passed". @param {Asked} asked @returns {string} */
export const sayAsked = ({ kind, outcome }) => [kind, outcome].filter(Boolean).join(": ").replaceAll("_", " ");

/** @param {any[]} scores @returns {Point[]} */
function readPoints(scores) {
  const points = /** @type {Point[]} */ ([]);
  for (const score of scores) {
    const atS = score.media_s;
    const { coarse, face, voice, both } = readEvidence(score, COARSE_LLR);
    const beforeS = last(points)?.atS ?? 0;
    // Of neighbouring scores a call's own client is told only one.
    const joined = coarse && atS - beforeS <= BREAK_S;
    points.push({
      startS: Math.min(atS, joined ? beforeS : Math.max(beforeS, score.start_s ?? atS)),
      atS,
      face, voice, both,
      missing: missingIn(score, points),
      coarse,
    });
  }
  return points;
}

/**
 * What a score tells of the evidence so far: log-odds, or which way it points where only that is told.
 * @param {any} score @param {number} [step] what a direction counts as
 * @returns {{face: number | null, voice: number | null, both: number | null, coarse: boolean,
 *   believed: import("../stream-verifier.js").Evidence | null}} believed: calibrated log-odds, where they are told
 */
export function readEvidence({ evidence, posterior, bar }, step = 1) {
  const coarse = !evidence && Boolean(bar);
  const told = evidence ?? bar ?? {};
  const level = (/** @type {Series} */ name) => (coarse ? step * told[name] : told[name] ?? null);
  return { face: level("face"), voice: level("voice"), both: level("both"), coarse, believed: posterior ?? null };
}

/** What could not be scored; a voice that was spared would have been like the one before. @param {any} score @param {Point[]} before */
function missingIn(score, before) {
  const assumed = score.spared && last(before)?.missing.includes("voice") === false;
  return ["face", "voice"].filter(
    (side) => !(score.scored ?? []).includes(side) && !(assumed && side === "voice"),
  );
}
