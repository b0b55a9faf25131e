import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { REASONS, STATES } from "../../web_client/js/timeline.js";
import { consentFor, ENGLISH, sayEnding, sayError, sayLlr, sayReason, sayReasons, sayShortly, sayState, sayWatch } from "../../web_client/js/words.js";

const schema = new URL("../../docs/protocol/events.schema.json", import.meta.url);
const { $defs: contract } = JSON.parse(readFileSync(schema, "utf8"));
const EVEN = { face: null, voice: null };

test("every state and every reason of the wire contract has its words", () => {
  assert.deepEqual(Object.keys(STATES).sort(), [...contract.State.enum].sort());
  assert.deepEqual(Object.keys(REASONS).sort(), [...contract.Reason.enum].sort());
  for (const state of contract.State.enum) assert.notEqual(sayState(state, "ada").text, "");
  for (const reason of contract.Reason.enum) assert.match(sayReason(reason), /^[A-Z].*\.$/);
});

test("every ending of the wire contract has its words", () => {
  const unknown = sayEnding("of_a_newer_server");
  assert.equal(unknown, "The call has ended.");
  for (const reason of contract.SessionEnded.properties.reason.enum) assert.notEqual(sayEnding(reason), unknown);
});

test("a word of a newer server is said as well as can be", () => {
  assert.equal(sayReason("too_many_hats"), "Too many hats.");
  assert.equal(ENGLISH.sayHint("sing_along"), "Sing along.");
  assert.equal(sayShortly(["too_many_hats"]), "too many hats");
  assert.equal(sayError("new_code"), "Something went wrong");
  assert.deepEqual(sayState("dazed", "ada"), { name: "dazed", text: "" });
});

test("a mismatch is told with what the other half of the evidence says", () => {
  const told = (reasons, evidence) => sayReasons("rejected", reasons, { ...EVEN, ...evidence });
  assert.deepEqual(told(["face_mismatch", "voice_mismatch"]), ["Neither the face nor the voice matches."]);
  assert.deepEqual(told(["voice_mismatch"], { face: 2 }), ["The face matches, the voice does not."]);
  assert.deepEqual(told(["voice_mismatch"], { face: -1 }), ["The voice does not match."]);
  assert.deepEqual(told(["face_mismatch"], { voice: 2 }), ["The voice matches, the face does not."]);
  assert.deepEqual(told(["face_mismatch"], { voice: null }), ["The face does not match."]);
  assert.deepEqual(told(["voice_mismatch"], { face: 0 }), ["The voice does not match; nothing speaks against the face."]);
  assert.deepEqual(told(["face_mismatch"], { voice: 0 }), ["The face does not match; nothing speaks against the voice."]);
});

test("reasons that are no mismatch follow in their order", () => {
  assert.deepEqual(sayReasons("uncertain", ["no_face", "face_mismatch", "noisy_audio"], EVEN), [
    "The face does not match.", "No face is seen.", "There is too much noise around the voice.",
  ]);
});

test("that face and voice match is said only where both speak for it", () => {
  const told = (evidence, state = "verified") => sayReasons(state, [], evidence);
  assert.deepEqual(told({ face: 3, voice: 2 }), ["Face and voice match."]);
  assert.deepEqual(told({ face: 3, voice: null }), []);
  assert.deepEqual(told({ face: 3, voice: -0.1 }), []);
  assert.deepEqual(told({ face: 3, voice: 2 }, "uncertain"), []);
});

test("log-odds have a sign, and a dash where there are none", () => {
  assert.deepEqual([3.25, 0, -0.54, null, undefined, NaN, Infinity].map(sayLlr), ["+3.3", "+0.0", "-0.5", "–", "–", "–", "–"]);
});

test("a consent names who gives it, in each of its parts", () => {
  for (const part of Object.values(consentFor("ada"))) assert.ok(part.includes("ada"));
});

test("a word that every object knows is a word like any other", () => {
  for (const word of ["constructor", "toString", "__proto__"]) {
    for (const say of [sayReason, ENGLISH.sayHint]) assert.equal(typeof say(word), "string");
    assert.equal(sayError(word), "Something went wrong");
    assert.equal(sayEnding(word), "The call has ended.");
    assert.equal(sayShortly([word]), word.replaceAll("_", " "));
    assert.deepEqual(sayState(word, "ada"), { name: word, text: "" });
  }
});

test("the sign beside the picture claims no more than is checked", () => {
  const now = (connected, ...away) => sayWatch({ connected, away: new Set(away) });
  assert.deepEqual(now(true), { on: true, what: "camera and microphone are being checked" });
  assert.deepEqual(now(true, "audio"), { on: true, what: "the camera alone is being checked" });
  assert.deepEqual(now(true, "video"), { on: true, what: "the microphone alone is being checked" });
  assert.deepEqual(now(true, "audio", "video"), { on: false, what: "camera and microphone send nothing" });
  for (const away of [[], ["audio"], ["audio", "video"]]) {
    assert.deepEqual(now(false, ...away), { on: false, what: "nothing is checked until the connection is back" });
  }
});
