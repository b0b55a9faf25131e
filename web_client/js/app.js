/** The page: choose, call, see. All that is known about a call lives in its StreamVerifier. */

import { byId, make, setText } from "./dom.js";
import { EnrolView } from "./enrol-view.js";
import { EventLog } from "./event-log.js";
import { Identities } from "./identities.js";
import { openCamera } from "./media.js";
import { FaceOverlay } from "./overlay.js";
import { nowMs, StreamVerifier } from "./stream-verifier.js";
import { VerifyView } from "./verify-view.js";
import { consentFor, sayEnding, sayError } from "./words.js";

const KEPT_EVENTS = 500;
const TICK_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 250;
const SERVER_EVENTS = ["session_started", "media_started", "score", "state_changed", "enrolment_progress", "enrolled", "gap", "error", "session_ended"];

const form = byId("start-form");
const identities = new Identities();
const verifyView = new VerifyView();
const enrolView = new EnrolView();
const overlay = new FaceOverlay(byId("boxes"));
const log = new EventLog();

/** The call that is open. @type {{verifier: StreamVerifier, stream: MediaStream, mode: string, began: boolean, ticker: number} | null} */
let call = null;

/** For measurements: received events, and when the milestones of the last call were passed. */
const received = (globalThis.streamVerifierEvents = []);
globalThis.streamVerifierMarks = {};

// ---- choosing

const mode = () => form.elements.mode.value;
const identity = () => byId("identity-name").value.trim();

function showForm() {
  const enrolling = mode() === "enrol";
  const known = identities.names.includes(identity());
  const consent = consentFor(identity() || "…");
  byId("consent-box").hidden = !enrolling;
  byId("replace-row").hidden = !known;
  setText(byId("consent-subject"), consent.subject);
  setText(byId("consent-purpose"), consent.purpose);
  setText(byId("consent-text"), consent.text);
  setText(byId("start"), enrolling ? "Start enrolling" : "Start verifying");
  setText(byId("name-help"), enrolling ? "The name to enrol under." : "Who should be in the call?");
}

function onNameChanged() {
  byId("consent").checked = false; // What was agreed to named somebody else.
  byId("replace").checked = false;
  showForm();
}

/** Reads the form; null (and the complaint shown) where something is missing. */
function chosen() {
  const enrolling = mode() === "enrol";
  if (!identity()) return complain("Name is missing", "Type a name, or choose somebody enrolled.", byId("identity-name"));
  if (enrolling && !byId("consent").checked) {
    return complain("Consent is missing", "Read the consent and tick the box below it. Without it nobody is enrolled.", byId("consent"));
  }
  const consent = enrolling
    ? {
        subject: byId("consent-subject").textContent,
        purpose: byId("consent-purpose").textContent,
        text: byId("consent-text").textContent,
      }
    : null;
  return { mode: mode(), identity: identity(), consent, replace: enrolling && byId("replace").checked };
}

function complain(title, message, field) {
  showError({ code: "form", title, message });
  field.focus();
  return null;
}

function showError({ code, message, title = sayError(code) }) {
  byId("error").dataset.code = code;
  byId("error").replaceChildren(make("strong", {}, title), make("span", {}, message));
}

function clearError() {
  byId("error").replaceChildren();
  delete byId("error").dataset.code;
}

// ---- calling

async function startCall() {
  const clickedAt = nowMs();
  clearError();
  const options = chosen();
  if (!options) return;
  byId("start").disabled = true;
  try {
    const stream = await openCamera();
    open(options, stream, { clickedAt, mediaAt: nowMs() });
  } catch (error) {
    showError({ code: error.code ?? "page_failed", message: error.message });
  } finally {
    byId("start").disabled = false;
  }
}

function open(options, stream, marks) {
  const verifier = new StreamVerifier(options).attach(stream);
  globalThis.streamVerifierMarks = Object.assign(verifier.marks, marks);
  call = { verifier, stream, mode: options.mode, began: false, ticker: setInterval(() => verifyView.tick(), TICK_MS) };
  listen(verifier);
  showCall(options, stream);
  verifier.start();
}

function listen(verifier) {
  const on = (type, handler) => verifier.addEventListener(type, ({ detail }) => handler(detail));
  for (const type of SERVER_EVENTS) on(type, keep);
  on("session_started", () => { call.began = true; });
  on("score", ({ faces }) => overlay.show(faces ?? []));
  on("state_changed", ({ state }) => { overlay.tone = state; });
  on("enrolment_progress", (progress) => { enrolView.showProgress(progress); overlay.show(progress.boxes ?? []); });
  on("enrolled", onEnrolled);
  on("error", showError);
  on("track_ended", onTrackEnded);
  on("track_muted", onTrackMuted);
  on("track_unmuted", onTrackUnmuted);
  on("ending", onEnding);
  on("closed", onClosed);
}

function keep(event) {
  received.push(event);
  if (received.length > KEPT_EVENTS) received.shift();
  log.add(event);
  if (call?.mode === "verify") verifyView.take(event);
}

const device = (kind) => (kind === "video" ? "camera" : "microphone");

function onTrackEnded({ kind }) {
  showError({
    code: "track_ended",
    message: `The ${device(kind)} was switched off or unplugged. Connect it again and start a new call.`,
  });
}

function onTrackMuted({ kind }) {
  showError({ code: "track_muted", message: `The ${device(kind)} sends nothing. Switch it on again to go on.` });
}

function onTrackUnmuted() {
  if (byId("error").dataset.code === "track_muted") clearError();
}

function onEnrolled(enrolled) {
  enrolView.showDone(enrolled);
  identities.refresh();
}

/** Nothing is checked any more: camera and microphone go off at once, and so does the sign. */
function onEnding() {
  call.stream.getTracks().forEach((track) => track.stop());
  byId("video").srcObject = null;
  byId("monitoring").hidden = true;
  overlay.show([]);
}

function onClosed({ reason }) {
  onEnding();
  clearInterval(call.ticker);
  const { began } = call;
  call = null;
  if (!began && reason !== "complete") return showSetup();
  verifyView.end();
  setText(byId("ended-text"), sayEnding(reason));
  byId("ended").hidden = false;
  byId("call").classList.add("over");
  const enrolled = !byId("enrol-done").hidden;
  byId("again").classList.toggle("primary", !enrolled);
  byId(enrolled ? "verify-now" : "again").focus();
}

// ---- views

function showCall({ mode, identity }, stream) {
  const enrolling = mode === "enrol";
  log.clear();
  verifyView.start(identity);
  enrolView.start();
  overlay.tone = enrolling ? "enrol" : "waiting";
  byId("call").classList.remove("over");
  byId("verify-panel").hidden = byId("chart-figure").hidden = enrolling;
  byId("enrol-panel").hidden = !enrolling;
  byId("ended").hidden = true;
  byId("monitoring").hidden = false;
  document.body.classList.add("calling");
  byId("setup").hidden = true;
  byId("call").hidden = false;
  setText(byId("call-title"), `${enrolling ? "Enrolling" : "Verifying"} ${identity}`);
  byId("call-title").focus();
  byId("video").srcObject = stream;
}

function showSetup() {
  document.body.classList.remove("calling");
  byId("call").hidden = true;
  byId("setup").hidden = false;
  showForm();
  byId("setup-title").focus();
  identities.refresh();
}

function choose(name) {
  form.elements.mode.value = "verify";
  byId("identity-name").value = name;
  onNameChanged();
}

/** The boxes are fractions of the picture, so the layer must have exactly its shape. */
function fitPreview() {
  const { videoWidth: width, videoHeight: height } = byId("video");
  if (width && height) byId("preview").style.aspectRatio = `${width} / ${height}`;
}

form.addEventListener("submit", (event) => { event.preventDefault(); startCall(); });
form.addEventListener("change", showForm);
byId("identity-name").addEventListener("input", onNameChanged);
byId("stop").addEventListener("click", () => call?.verifier.stop());
byId("again").addEventListener("click", () => { clearError(); showSetup(); });
byId("verify-now").addEventListener("click", () => { clearError(); choose(identity()); showSetup(); byId("start").focus(); });
byId("video").addEventListener("resize", fitPreview);
addEventListener("pagehide", () => call?.verifier.stop());
identities.addEventListener("chosen", ({ detail }) => { choose(detail); byId("start").focus(); });
identities.addEventListener("changed", showForm);
identities.addEventListener("failed", ({ detail }) => showError({ code: "identities", message: detail }));

showForm();
identities.refresh();
