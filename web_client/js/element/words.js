// @ts-check
/** What the badge says of a model, in plain language. */

import { lookUp } from "../look-up.js";
import { fill } from "../words.js";

/** @typedef {import("../words.js").Words} Language */
/** @typedef {import("./model.js").Model} Model */
/** @typedef {{name: string, text: string, reasons: string[], problem: {title: string, message: string} | null}} Words */

/** @param {Model} model @param {string} who @param {Language} words @returns {Words} */
export function say(model, who, words) {
  const { status, reasons, evidence } = model;
  const isVerdict = status === model.verdict;
  return { ...head(model, who, words), reasons: isVerdict ? words.sayReasons(status, [...reasons], evidence) : [], problem: sayProblem(model, words) };
}

/** What is said where there is no verdict, or none any more. @type {Record<string, (model: Model, who: string, words: Language) => [string, string]>} */
const HEADS = {
  idle: (_, who, { texts: { badge } }) => [badge.idle, who ? fill(badge.idleNamed, { who }) : badge.idleUnnamed],
  asking: (_, __, { texts: { badge } }) => [badge.asking, badge.allow],
  connecting: (_, __, { texts: { badge } }) => [badge.connecting, badge.nothingYet],
  reconnecting: (model, _, words) => [words.texts.badge.reconnecting, words.texts.badge.nothingMeanwhile + last(model, words)],
  ended: (model, _, words) => [words.texts.badge.ended, words.sayEnding(model.ending ?? "") + last(model, words)],
  failed: (model, _, words) => {
    const { badge } = words.texts;
    const name = model.problem ? words.sayError(model.problem.code) : badge.failed;
    return [name, model.verdict ? badge.nothingMore + last(model, words) : badge.nothingNow];
  },
};

/** @param {Model} model @param {string} who @param {Language} words @returns {{name: string, text: string}} */
function head(model, who, words) {
  const outside = lookUp(HEADS, model.status);
  if (!outside) return words.sayState(model.status, who);
  const [name, text] = outside(model, who, words);
  return { name, text };
}

/** An old verdict must not look like one that still holds. @param {Model} model @param {Language} words */
const last = ({ verdict }, words) => (verdict ? ` ${fill(words.texts.badge.last, { state: words.sayState(verdict, "").name })}` : "");

/** @param {Model} model @param {Language} words @returns {Words["problem"]} */
function sayProblem({ status, problem }, words) {
  return problem && { title: status === "failed" ? "" : words.sayError(problem.code), message: sayMessage(problem, words) };
}

/** @param {import("./model.js").Problem} problem @param {Language} words @returns {string} what happened, and what to do */
export function sayMessage({ code, message, device }, words) {
  return device ? words.texts.devices[device] : words.sayAdvice({ code, message });
}
