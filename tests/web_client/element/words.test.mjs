import assert from "node:assert/strict";
import { test } from "node:test";
import { AT_REST } from "../../../web_client/js/element/model.js";
import { ENGLISH } from "../../../web_client/js/words.js";
import { say } from "../../../web_client/js/element/words.js";

const saying = (change, who = "ada") => say({ ...AT_REST, ...change }, who, ENGLISH);
const EVIDENCE = { face: 2, voice: 3, both: 4 };

test("at rest it says what would be checked", () => {
  assert.equal(saying({}).text, "Checks by face and voice that this is ada.");
  assert.equal(saying({}, "").text, "Checks face and voice.");
});

test("a verdict is said with its reasons", () => {
  assert.deepEqual(saying({ status: "verified", verdict: "verified", evidence: EVIDENCE }), {
    name: "Verified", text: "This is ada.", reasons: ["Face and voice match."], problem: null,
  });
});

test("reasons of an old verdict are not said of what holds now", () => {
  const away = saying({ status: "reconnecting", verdict: "rejected", reasons: ["voice_mismatch"] });
  assert.deepEqual(away.reasons, []);
  assert.equal(away.text, "Nothing is checked until the connection is back. The last result was: Rejected.");
});

test("an end says why, and what the last result was", () => {
  const over = saying({ status: "ended", verdict: "verified", ending: "stopped" });
  assert.deepEqual([over.name, over.text], ["Call ended", "The call was stopped. The last result was: Verified."]);
  assert.equal(saying({ status: "ended", ending: "stopped" }).text, "The call was stopped.");
});

test("a failure is the badge's own title, so that it is not told twice", () => {
  const problem = { code: "expired_token", message: "Sign in again." };
  const failed = saying({ status: "failed", problem });
  assert.deepEqual([failed.name, failed.text], ["The token has expired", "Nothing is checked."]);
  assert.deepEqual(failed.problem, { title: "", message: "Sign in again." });
});

test("a problem beside a verdict has a title of its own", () => {
  const { name, problem } = saying({ status: "verified", verdict: "verified", problem: { code: "track_muted", message: "", device: "audioMuted" } });
  assert.deepEqual([name, problem.title], ["Verified", "Camera or microphone is muted"]);
  assert.match(problem.message, /^The microphone sends nothing/);
});

test("a name is text, whatever it looks like", () => {
  assert.ok(saying({ status: "verified", verdict: "verified" }, "<b>ada</b>").text.includes("<b>ada</b>"));
});
