// @ts-check
/** Every machine-readable word of the wire contract, said in plain language. */

import { lookUp } from "./look-up.js";
import { stateName } from "./timeline.js";

/** @type {Record<string, (who: string) => string>} */
const STATE_TEXTS = {
  waiting: () => "Look at the camera and say a few words.",
  verified: (who) => `This is ${who}.`,
  uncertain: (who) => `It is not clear whether this is ${who}.`,
  rejected: (who) => `This is not ${who}.`,
  absent: () => "Nobody has been seen or heard for a while.",
};

const REASONS = {
  face_mismatch: "The face does not match.",
  voice_mismatch: "The voice does not match.",
  multiple_faces: "More than one person is in the picture.",
  no_face: "No face is seen.",
  no_speech: "No speech is heard.",
  poor_face_quality: "The face is too small, dark, blurred or turned away.",
  face_too_small: "The face is too far away.",
  face_dark: "The face is too dark.",
  face_flat: "The face has too little light and shade.",
  face_blurred: "The face is blurred.",
  face_turned: "The face is turned away.",
  noisy_audio: "There is too much noise around the voice.",
  speaker_not_on_camera: "The person speaking is not the one on camera.",
  presentation_suspected: "The picture looks like a screen or paper.",
  lips_do_not_match: "The lips say something else than what is heard.",
  no_sign_of_life: "The same sound was heard before, as from a recording.",
  challenge_not_passed: "What was asked for was not done, or could not be measured.",
  presence_not_shown: "Nobody has been seen speaking yet.",
  media_gap: "Picture or sound was interrupted.",
  overloaded: "The server is too busy to check everything.",
  media_time_implausible: "Picture or sound runs faster or slower than a clock can.",
  picture_not_scored: "Too little of the picture could be checked.",
  speech_not_scored: "Too little of what was said could be checked.",
  tried_too_often: "Too many other people were tried in this name lately: only a verified call is told apart.",
};

const OF_PRESENCE = new Set([
  "speaker_not_on_camera", "presentation_suspected", "lips_do_not_match", "no_sign_of_life", "challenge_not_passed",
]);

const PRESENCE = new Map([
  [1, "The mouth moves with the speech."],
  [0, "Not known yet: it takes a few seconds of speech."],
  [-1, "In doubt."],
]);

const RESULTS = {
  passed: "Thank you, that is done.",
  failed: "That was not what was asked for.",
  unanswered: "There was no answer.",
  not_measurable: "It could not be measured.",
};

const WHYS = {
  other_side: "The head turned to another side.",
  too_few_turns: "Some turns were missing. Turn further to each side, and back.",
  too_soon: "It began before it was asked for.",
  flat: "It looked like a picture that is turned.",
  not_continuous: "The face was not seen all the way.",
  no_turn: "No turn was seen. Turn further to each side, and back.",
  no_speech: "No speech was heard.",
  not_digits: "It was too long or too short for four digits.",
  no_reflection: "No light of the screen was seen on the face. Make the room darker or the screen brighter, and come nearer.",
  whole_picture: "The whole picture took on the colours, and not the face alone.",
  background_follows: "The screen lights what is behind you as much as your face. Put on a lamp, or sit further from the wall.",
  background_moves: "What is behind you moves or changes too much to tell.",
  dark_background: "It is too dark behind you. Put on a lamp.",
  no_background: "Too little is seen beside the face. Sit further from the camera.",
  too_bright: "The picture is too bright.",
  other_colours: "The light on the face followed other colours.",
  late: "The colours were seen too late.",
  lips: "The mouth did not move with the speech.",
  voice: "The voice does not match.",
  too_dark: "It is too dark.",
  no_face: "The face was not seen well enough.",
  too_few_pictures: "Too few pictures came.",
  pictures_missing: "Some pictures were missing.",
  never_at_rest: "The head was not still at first. Look straight into the camera before you begin.",
  no_lips: "The mouth was not seen well enough.",
  lips_unclear: "The mouth was not seen well enough.",
  skipped: "It was skipped.",
  another_way: "Another way was chosen.",
  connection: "The connection was lost.",
  no_media: "Neither picture nor sound came.",
  call_ended: "The call ended.",
};

const HINTS = {
  keep_talking: "Keep reading aloud.",
  show_face: "Look straight into the camera.",
  whole_face: "Move so that your whole face is in the picture.",
  come_closer: "Come closer to the camera.",
  more_light: "More light on your face, please: face a window or a lamp.",
  hold_still: "Hold still for a moment.",
  keep_looking: "Stay in view a moment longer.",
  turn_a_little: "Turn your head a little, left and right.",
  one_person_only: "Only one person may be in the picture.",
  voice_changed: "This sounds like a second person. Only one person may speak.",
  face_changed: "This looks like a second person. The same person must stay in the picture.",
  quieter_place: "It is noisy. Go to a quieter place or come closer to the microphone.",
};

const ERRORS = {
  unknown_identity: "Nobody of that name is enrolled",
  identity_exists: "That name is enrolled already",
  reference_of_another_model: "Please enrol again",
  enrolment_incomplete: "Nothing was stored",
  another_person: "Nothing was added",
  already_added: "That was added before",
  consent_missing: "Consent is missing",
  consent_not_in_force: "The consent was withdrawn or has expired",
  server_full: "The server is full",
  identity_locked: "Too many other people were tried in that name",
  unknown_version: "This page is out of date",
  bad_sdp: "The call could not be set up",
  no_connection: "Picture and sound do not arrive",
  bad_settings: "The server cannot do that",
  bad_media: "Picture or sound could not be read",
  wrong_key: "The stored reference cannot be opened",
  store_failed: "The server cannot reach its store",
  audit_failed: "The server cannot keep its records",
  unreachable: "No connection",
  no_answer: "No answer",
  connection_lost: "Connection lost",
  reconnecting: "Connection lost",
  media_failed: "No picture, no sound",
  camera_denied: "Camera and microphone are blocked",
  camera_missing: "No camera",
  microphone_missing: "No microphone",
  camera_busy: "Camera or microphone is busy",
  track_ended: "Camera or microphone stopped",
  track_muted: "Camera or microphone is muted",
};

const ENDINGS = {
  stopped: "The call was stopped.",
  complete: "Enrolment is complete.",
  not_stored: "Nothing was stored: the server could not keep up. Please enrol again.",
  peer_closed: "The call was closed.",
  client_gone: "The call was closed.",
  server_stopping: "The server is shutting down.",
  server_lost: "The server failed, and nobody came back to the call.",
  ended_by_admin: "The call was ended by those who watch it.",
  no_media: "Neither picture nor sound came, so the call was ended.",
  too_long: "The call lasted as long as a call may.",
  superseded: "The call goes on in another window.",
  identity_deleted: "The enrolment was deleted, so the call was ended.",
  too_many_people: "Too many different people were tried, so the call was ended.",
  consent_withdrawn: "The consent was withdrawn, so the call was ended.",
  consent_expired: "The consent has expired, so the call was ended. Please enrol again.",
  identity_replaced: "The person was enrolled anew, so the call was ended. Start another.",
  error: "The call ended early.",
};

/** @param {string} word */
const spoken = (word) => `${word.charAt(0).toUpperCase()}${word.slice(1).replaceAll("_", " ")}.`;

/** @param {string} hint @returns {string} */
export const sayHint = (hint) => lookUp(HINTS, hint) ?? spoken(hint);

/** @param {string} reason @returns {string} */
export const sayReason = (reason) => lookUp(REASONS, reason) ?? spoken(reason);

/** @param {string} code @returns {string} */
export const sayError = (code) => lookUp(ERRORS, code) ?? "Something went wrong";

/** @param {string} reason @returns {string} */
export const sayEnding = (reason) => lookUp(ENDINGS, reason) ?? "The call has ended.";

/** @param {string} state @param {string} who @returns {{name: string, text: string}} */
export function sayState(state, who) {
  return { name: stateName(state), text: lookUp(STATE_TEXTS, state)?.(who) ?? "" };
}

/**
 * What the person is asked for, to be read to the end before it is begun.
 * @param {{kind: string, turns: string[], digits: string | null, screen?: import("./colour-screen.js").ScreenColours | null | undefined}} asked @returns {{title: string, task: string, how: string}}
 */
export function sayChallenge({ kind, turns, digits, screen }) {
  if (screen) {
    const task = `Pale colours fill it for ${Math.round(screen.colours.length * screen.each_s)} seconds`;
    return { title: "Please look at your screen", task, how: `They begin ${Math.round(screen.from_s)} seconds from now and change once a second; nothing flashes. Sit near, with the screen bright, and look at it.` };
  }
  if (kind === "turn_head") {
    return { title: "Please turn your head", task: turns.join(", then "), how: "Turn to your own left or right until you see the screen from the corner of your eye, and look straight ahead again each time." };
  }
  if (kind === "say_digits") return { title: "Please say these digits", task: [...(digits ?? "")].join(" "), how: "Look at the camera and say them one after the other, in any language." };
  return { title: "Please answer", task: spoken(kind), how: "" };
}

/** How a challenge ended. @param {{outcome: string, why: string | null}} result @returns {string} */
export const sayChallengeResult = ({ outcome, why }) => [lookUp(RESULTS, outcome) ?? spoken(outcome), why && (lookUp(WHYS, why) ?? spoken(why))].filter(Boolean).join(" ");

/** @param {string} kind @returns {string} the button that chooses it */
export const sayOtherWay = (kind) => ({ turn_head: "Turn my head instead", say_digits: "Say digits instead", watch_colours: "Look at colours instead" })[kind] ?? "Another way";

/** Whether somebody is there, as a score tells it; nothing where nobody asks. @param {number | null | undefined} presence */
export const sayPresence = (presence) => PRESENCE.get(presence ?? NaN) ?? "";

/** Whether a reason doubts that somebody is there. @param {string} reason */
export const doubtsPresence = (reason) => OF_PRESENCE.has(reason);

/**
 * The reasons of a verdict as sentences. The two mismatches are told in one sentence, with what
 * the other half of the evidence says beside them.
 * @param {string} state
 * @param {string[]} reasons
 * @param {{face: number | null, voice: number | null}} evidence as log-odds
 * @returns {string[]}
 */
export function sayReasons(state, reasons, evidence) {
  const rest = reasons.filter((reason) => !reason.endsWith("_mismatch")).map(sayReason);
  return [sayMatch(state, reasons, evidence), ...rest].filter(Boolean);
}

/** @param {string} state @param {string[]} reasons @param {{face: number | null, voice: number | null}} evidence */
function sayMatch(state, reasons, evidence) {
  const fits = (/** @type {"face" | "voice"} */ side) => (evidence[side] ?? 0) > 0;
  const wrong = (/** @type {"face" | "voice"} */ side) => reasons.includes(`${side}_mismatch`);
  if (wrong("face") && wrong("voice")) return "Neither the face nor the voice matches.";
  if (wrong("voice")) return sayMismatch("voice", "face", state, evidence);
  if (wrong("face")) return sayMismatch("face", "voice", state, evidence);
  return state === "verified" && fits("face") && fits("voice") ? "Face and voice match." : "";
}

/**
 * While a call is rejected nobody is told what is for the person, only what is against.
 * @param {"face" | "voice"} side the one that does not match
 * @param {"face" | "voice"} other
 * @param {string} state
 * @param {{face: number | null, voice: number | null}} evidence
 */
function sayMismatch(side, other, state, evidence) {
  const beside = evidence[other] ?? -1;
  if (beside > 0) return `The ${other} matches, the ${side} does not.`;
  if (beside === 0 && state === "rejected") return `The ${side} does not match; nothing speaks against the ${other}.`;
  return sayReason(`${side}_mismatch`);
}

/** @param {number | null | undefined} llr @returns {string} such as "+3.2", or a dash */
export function sayLlr(llr) {
  if (llr === null || llr === undefined || !Number.isFinite(llr)) return "–";
  return `${llr >= 0 ? "+" : ""}${llr.toFixed(1)}`;
}

/** @param {number} logOdds @returns {string} how likely it is, such as "99 %"; never wholly sure */
export function sayProbability(logOdds) {
  const percent = Math.round(100 / (1 + Math.exp(-logOdds)));
  return percent < 1 ? "under 1 %" : percent > 99 ? "over 99 %" : `${percent} %`;
}

/**
 * What a person agrees to when they enrol.
 * @param {string} who
 * @returns {import("./stream-verifier.js").Consent}
 */
export function consentFor(who) {
  return {
    subject: who,
    purpose: `To check in live video calls that the person in the call is ${who}.`,
    text:
      `I am ${who}. I agree that my face and my voice are measured in this call, and that the ` +
      "numbers computed from them are stored, encrypted, on this server, to check in later " +
      "video calls that it is me. No picture and no sound is kept. I can have the numbers " +
      "deleted at any time, and no reason is needed.",
  };
}
