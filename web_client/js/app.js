/** The call page: choose, call, see. All that is known about a call lives in its StreamVerifier. */

import { askForToken, currentToken, isTokenRefusal, showAccount, takeFragment } from "./access.js";
import { clearError, showError, shownError } from "./alert.js";
import { ChallengeDialog, challengeStyle, shownChallenges } from "./challenge-dialog.js";
import { CallStage } from "./call-stage.js";
import { byId, whenever } from "./dom.js";
import { EventLog } from "./event-log.js";
import { Identities } from "./identities.js";
import { openCamera } from "./media.js";
import { SetupForm } from "./setup-form.js";
import { nowMs, StreamVerifier } from "./stream-verifier.js";

const KEPT_EVENTS = 500;
const TICK_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 250;
const SERVER_EVENTS = [
  "session_started", "media_started", "score", "state_changed", "enrolment_progress", "enrolled", "consent_expiring", "gap",
  "challenge_asked", "challenge_result", "challenge_refused",
  "connection_lost", "connection_resumed", "error", "session_ended",
];

const asked = takeFragment();
showAccount();
const identities = new Identities();
const form = new SetupForm({ known: () => identities.names, onStart: () => begin(form.read()) });
const stage = new CallStage();
const log = new EventLog();
const challenge = new ChallengeDialog((id, choice) => call?.verifier.answerChallenge(id, choice), () => call?.stream ?? null);
challengeStyle.wear(document);
byId("challenge-place").append(challenge.root);

/**
 * The call that is open. `next` says what follows on it: nothing, the same anew on the same
 * camera, or the same with another token.
 * @typedef {object} OpenCall
 * @property {StreamVerifier} verifier
 * @property {MediaStream} stream
 * @property {any} options
 * @property {boolean} began
 * @property {ReturnType<typeof setInterval>} ticker
 * @property {"" | "over" | "token"} next
 * @property {string} refusal
 */
let call = /** @type {OpenCall | null} */ (null);
let lastOptions = /** @type {any} */ (null);

/** For measurements: received events, and when the milestones of the last call were passed. */
const received = (globalThis.streamVerifierEvents = []);
globalThis.streamVerifierMarks = {};

// ---- calling

async function begin(options) {
  const clickedAt = nowMs();
  if (!options) return;
  clearError();
  byId("start").disabled = true;
  try {
    open(options, await openCamera(), { clickedAt, mediaAt: nowMs() });
  } catch (error) {
    showError({ code: error.code ?? "page_failed", message: error.message });
  } finally {
    byId("start").disabled = false;
  }
}

function open(options, stream, marks) {
  const verifier = new StreamVerifier({ ...options, challenges: shownChallenges(), token: currentToken() || undefined }).attach(stream);
  globalThis.streamVerifierMarks = Object.assign(verifier.marks, marks);
  const ticker = setInterval(() => stage.tick(), TICK_MS);
  call = { verifier, stream, options, began: false, ticker, next: "", refusal: "" };
  lastOptions = options;
  listen(verifier);
  log.clear();
  stage.open(options, stream);
  verifier.start();
}

function listen(verifier) {
  const on = (type, handler) => whenever(verifier, type, handler);
  for (const type of SERVER_EVENTS) on(type, keep);
  for (const type of ["challenge_asked", "challenge_result", "ending", "closed", "restarted"]) on(type, (detail) => challenge.take(type, detail));
  on("session_started", () => { if (call) call.began = true; });
  on("enrolled", () => identities.refresh());
  on("error", onError);
  const ended = new Set();
  const muted = new Set();
  on("track_ended", ({ kind }) => { muted.delete(kind); ended.add(kind); tellDevices(ended, muted); });
  on("track_muted", ({ kind }) => { muted.add(kind); tellDevices(ended, muted); });
  on("track_unmuted", ({ kind }) => { muted.delete(kind); tellDevices(ended, muted); });
  on("reconnecting", onReconnecting);
  on("resumed", onBack);
  on("restarted", onBack);
  on("ending", onEnding);
  on("closed", onClosed);
}

function keep(event) {
  received.push(event);
  if (received.length > KEPT_EVENTS) received.shift();
  log.add(event);
  stage.take(event);
}

function onError(error) {
  if (!call || call.next === "over") return; // That nothing was stored is what was wanted.
  if (isTokenRefusal(error.code)) Object.assign(call, { next: "token", refusal: error.code });
  showError(error);
}

const device = (kind) => (kind === "video" ? "camera" : "microphone");

/** Says what is away as long as it is: devices often go and come back together. */
function tellDevices(ended, muted) {
  stage.lack(new Set([...ended, ...muted]));
  const away = ended.size ? ended : muted;
  const which = [...away].map(device).sort().reverse().join(" and the ");
  const [were, them, send] = away.size > 1 ? ["were", "them", "send"] : ["was", "it", "sends"];
  if (ended.size) {
    showError({ code: "track_ended", message: `The ${which} ${were} switched off or unplugged. Connect ${them} again and start a new call.` });
  } else if (muted.size) {
    showError({ code: "track_muted", message: `The ${which} ${send} nothing. Switch ${them} on again to go on.` });
  } else if (shownError() === "track_muted") clearError();
}

function onReconnecting() {
  showError({ code: "reconnecting", message: "Trying to get back to the server. Nothing is checked meanwhile." });
  stage.lose();
}

function onBack() {
  if (shownError() === "reconnecting") clearError();
  stage.regain();
}

/** Nothing is checked any more: camera and microphone go off at once, and so does the sign. */
function onEnding() {
  if (!call || call.next === "over") return;
  call.stream.getTracks().forEach((track) => track.stop());
  stage.blind();
}

function onClosed({ reason }) {
  if (!call) return;
  onEnding();
  clearInterval(call.ticker);
  const { began, next, options, stream, refusal } = call;
  call = null;
  if (next === "over") open(options, stream, { clickedAt: nowMs(), mediaAt: nowMs() });
  else if (!began && reason !== "complete") showSetup();
  else stage.close(reason);
  if (next === "token") retryWithToken(options, refusal);
}

async function retryWithToken(options, refusal) {
  if (await askForToken(refusal)) begin(options);
}

/** Throws away what was learnt so far and begins anew; the consent still holds. */
function startOver() {
  if (!call || call.next) return;
  call.next = "over";
  call.verifier.stop();
}

function showSetup() {
  stage.leave();
  form.show();
  byId("setup-title").focus();
  identities.refresh();
}

function chooseAndStart(name) {
  clearError();
  form.choose(name);
  byId("start").focus();
}

byId("stop").addEventListener("click", () => call?.verifier.stop());
byId("start-over").addEventListener("click", startOver);
byId("again").addEventListener("click", () => { clearError(); showSetup(); });
byId("verify-now").addEventListener("click", () => { showSetup(); chooseAndStart(form.identity); });
byId("retake").addEventListener("click", () => begin({ ...lastOptions, replace: !lastOptions.add }));
addEventListener("pagehide", () => call?.verifier.stop());
whenever(identities, "chosen", chooseAndStart);
identities.addEventListener("changed", () => form.offer());
whenever(identities, "failed", (message) => showError({ code: "identities", message }));

form.choose(asked.get("identity") ?? "", asked.get("mode") === "enrol" ? "enrol" : "verify");
identities.refresh();
