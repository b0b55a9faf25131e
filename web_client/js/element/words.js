// @ts-check
/** What the badge says of a model, in plain language. */

import { lookUp } from "../look-up.js";
import { sayEnding, sayError, sayReasons, sayState } from "../words.js";

/** @type {Record<string, (who: string) => [string, string]>} */
const STATUSES = {
  idle: (who) => ["Not started", who ? `Checks by face and voice that this is ${who}.` : "Checks face and voice."],
  asking: () => ["Camera needed", "Allow camera and microphone in the question that your browser asks."],
  connecting: () => ["Connecting", "Nothing is checked yet."],
};

/** @type {Record<string, string>} */
const ERRORS = {
  missing_token: "A token is needed",
  invalid_token: "The token is not valid",
  expired_token: "The token has expired",
  forbidden: "The token does not allow this",
  rate_limited: "Too many attempts",
  token_failed: "No token",
  no_identity: "No identity",
  bad_server: "The server's address is wrong",
};

/** @typedef {{name: string, text: string, reasons: string[], problem: {title: string, message: string} | null}} Words */

/** @param {import("./model.js").Model} model @param {string} who @returns {Words} */
export function say(model, who) {
  const { status, reasons, evidence } = model;
  const [name, text] = head(model, who);
  const isVerdict = status === model.verdict;
  return { name, text, reasons: isVerdict ? sayReasons(status, [...reasons], evidence) : [], problem: sayProblem(model) };
}

/** @param {import("./model.js").Model} model @param {string} who @returns {[string, string]} */
function head({ status, verdict, problem, ending }, who) {
  const outside = lookUp(STATUSES, status);
  if (outside) return outside(who);
  if (status === "failed") return [problem ? titleOf(problem.code) : "Failed", verdict ? `Nothing is checked any more.${last(verdict, who)}` : "Nothing is checked."];
  if (status === "ended") return ["Call ended", `${sayEnding(ending ?? "")}${last(verdict, who)}`];
  if (status === "reconnecting") return ["Reconnecting", `Nothing is checked until the connection is back.${last(verdict, who)}`];
  const { name, text } = sayState(status, who);
  return [name, text];
}

/** An old verdict must not look like one that still holds. @param {string | null} verdict @param {string} who */
const last = (verdict, who) => (verdict ? ` The last result was: ${sayState(verdict, who).name}.` : "");

/** @param {import("./model.js").Model} model @returns {Words["problem"]} */
function sayProblem({ status, problem }) {
  return problem && { title: status === "failed" ? "" : titleOf(problem.code), message: problem.message };
}

/** @param {string} code @returns {string} */
const titleOf = (code) => lookUp(ERRORS, code) ?? sayError(code);
