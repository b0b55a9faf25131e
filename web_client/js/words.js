// @ts-check
/** Every machine-readable word of the wire contract, said in plain language; touches no page. */

import EN from "./languages/en.js";
import { lookUp } from "./look-up.js";
import { clock } from "./timeline.js";

/** All that is said to a person, in one language; see `languages/en.js`. @typedef {typeof EN} Texts */
/** @typedef {{face: number | null, voice: number | null}} Sides log-odds */

/** @param {string} text @param {Record<string, string | number>} values for its names in braces @returns {string} */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));

/** @param {string} word */
const spelt = (word) => word.replaceAll("_", " ");

/** @param {string} word */
const spoken = (word) => `${word.charAt(0).toUpperCase()}${spelt(word.slice(1))}.`;

/** What is said of states, reasons, errors and challenges in one language. What a newer server says is said as it is spelt. */
export class Words {
  /** @param {Texts} texts */
  constructor(texts) {
    this.texts = texts;
    this.tag = texts.tag;
  }

  /** Has what is in an element read, and laid out, as this language is, whatever the page around it is in. @param {HTMLElement} element */
  mark = (element) => Object.assign(element, { lang: this.tag, dir: this.texts.dir });

  /** @param {string} hint of an enrolment */
  sayHint = (hint) => lookUp(this.texts.hints, hint) ?? spoken(hint);

  /** @param {string} reason */
  sayReason = (reason) => lookUp(this.texts.reasons, reason) ?? spoken(reason);

  /** @param {readonly string[]} reasons @returns {string} in few words */
  sayShortly = (reasons) => reasons.map((reason) => lookUp(this.texts.shortReasons, reason) ?? spelt(reason)).join(", ");

  /** @param {string} code @returns {string} as a title */
  sayError = (code) => lookUp(this.texts.errors, code) ?? this.texts.error;

  /** @param {{code: string, message: string}} error @returns {string} what to do */
  sayAdvice = ({ code, message }) => lookUp(this.texts.advice, code) ?? message;

  /** @param {string} reason */
  sayEnding = (reason) => lookUp(this.texts.endings, reason) ?? this.texts.ending;

  /** @param {string} state @param {string} who @returns {{name: string, text: string}} */
  sayState = (state, who) => ({
    name: lookUp(this.texts.states, state) ?? state,
    text: fill(lookUp(this.texts.stateTexts, state) ?? "", { who }),
  });

  /** @param {import("./timeline.js").Span} span @returns {string} such as "0:04 to 0:31 Rejected: wrong voice" */
  saySpan = ({ startS, endS, state, reasons }) => {
    const words = [this.sayState(state, "").name, this.sayShortly(reasons)].filter(Boolean).join(": ");
    return fill(this.texts.details.span, { from: clock(startS), to: clock(endS), words });
  };

  /**
   * @param {import("./languages/en.js").Forms} forms @param {number} count
   * @param {Record<string, string | number>} values
   */
  sayCounted = (forms, count, values) => fill(forms[new Intl.PluralRules(this.tag).select(count)] ?? forms.other, values);

  /**
   * What the person is asked for, to be read to the end before it is begun.
   * @param {{kind: string, turns: string[], digits: string | null, screen?: import("./colour-screen.js").ScreenColours | null | undefined}} asked @returns {{title: string, task: string, how: string}}
   */
  sayChallenge = ({ kind, turns, digits, screen }) => {
    const { challenges } = this.texts;
    if (screen) {
      const task = fill(challenges.colours, { seconds: Math.round(screen.colours.length * screen.each_s) });
      return { title: challenges.watchColours, task, how: fill(challenges.howToWatch, { seconds: Math.round(screen.from_s) }) };
    }
    if (kind === "turn_head") return { title: challenges.turnHead, task: this.#sayTurns(turns), how: challenges.howToTurn };
    if (kind === "say_digits") return { title: challenges.sayDigits, task: [...(digits ?? "")].join(" "), how: challenges.howToSay };
    return { title: challenges.answer, task: spoken(kind), how: "" };
  };

  /** How a challenge ended. @param {{outcome: string, why: string | null}} result @returns {string} */
  sayChallengeResult = ({ outcome, why }) => {
    const said = [lookUp(this.texts.results, outcome) ?? spoken(outcome), why && (lookUp(this.texts.whys, why) ?? spoken(why))];
    return said.filter(Boolean).join(" ");
  };

  /** @param {string} kind @returns {string} the button that chooses it */
  sayOtherWay = (kind) => lookUp(this.texts.challenges.otherWays, kind) ?? this.texts.challenges.otherWay;

  /**
   * The reasons of a verdict as sentences. The two mismatches are told in one sentence, with what
   * the other half of the evidence says beside them.
   * @param {string} state @param {string[]} reasons @param {Sides} evidence
   * @returns {string[]}
   */
  sayReasons = (state, reasons, evidence) => {
    const rest = reasons.filter((reason) => !reason.endsWith("_mismatch")).map(this.sayReason);
    return [this.#sayMatch(state, reasons, evidence), ...rest].filter(Boolean);
  };

  /**
   * What a person agrees to when they enrol.
   * @param {string} who
   * @returns {import("./stream-verifier.js").Consent}
   */
  consentFor = (who) => ({
    subject: who,
    purpose: fill(this.texts.enrol.purpose, { who }),
    text: fill(this.texts.enrol.consent, { who }),
  });

  /** @param {string[]} turns */
  #sayTurns(turns) {
    const { turns: names, then } = this.texts.challenges;
    const said = turns.map((turn) => lookUp(names, turn) ?? turn);
    return said.length ? said.reduce((first, next) => fill(then, { first, next })) : "";
  }

  /** @param {string} state @param {string[]} reasons @param {Sides} evidence */
  #sayMatch(state, reasons, evidence) {
    const { matches } = this.texts;
    const fits = (/** @type {"face" | "voice"} */ side) => (evidence[side] ?? 0) > 0;
    const wrong = (/** @type {"face" | "voice"} */ side) => reasons.includes(`${side}_mismatch`);
    if (wrong("face") && wrong("voice")) return matches.neither;
    if (wrong("voice")) return this.#sayMismatch("voice", evidence.face, state);
    if (wrong("face")) return this.#sayMismatch("face", evidence.voice, state);
    return state === "verified" && fits("face") && fits("voice") ? matches.both : "";
  }

  /**
   * While a call is rejected nobody is told what is for the person, only what is against.
   * @param {"face" | "voice"} side the one that does not match
   * @param {number | null} beside of the other
   * @param {string} state
   */
  #sayMismatch(side, beside, state) {
    const { matches } = this.texts;
    if ((beside ?? -1) > 0) return side === "voice" ? matches.faceOnly : matches.voiceOnly;
    if (beside === 0 && state === "rejected") return side === "voice" ? matches.notVoice : matches.notFace;
    return this.sayReason(`${side}_mismatch`);
  }
}

export const ENGLISH = new Words(EN);

/** What the server's own pages say, which know English alone. */
export const { sayReason, sayShortly, sayError, sayEnding, sayState, sayReasons, consentFor } = ENGLISH;

/** @param {Pick<import("./timeline.js").Timeline, "spans">} timeline @returns {string[]} every span, such as "0:04 to 0:31 Rejected: wrong voice" */
export const inWords = ({ spans }) => spans.map(ENGLISH.saySpan);

/**
 * What the sign beside the picture says is checked now.
 * @param {{connected: boolean, away: ReadonlySet<string>}} now  away: "audio" and "video" that send nothing
 * @returns {{on: boolean, what: string}}
 */
export function sayWatch({ connected, away }) {
  if (!connected) return { on: false, what: "nothing is checked until the connection is back" };
  if (away.has("audio") && away.has("video")) return { on: false, what: "camera and microphone send nothing" };
  if (away.has("video")) return { on: true, what: "the microphone alone is being checked" };
  if (away.has("audio")) return { on: true, what: "the camera alone is being checked" };
  return { on: true, what: "camera and microphone are being checked" };
}

const OF_PRESENCE = new Set([
  "speaker_not_on_camera", "presentation_suspected", "lips_do_not_match", "no_sign_of_life", "challenge_not_passed",
]);

const PRESENCE = new Map([
  [1, "The mouth moves with the speech."],
  [0, "Not known yet: it takes a few seconds of speech."],
  [-1, "In doubt."],
]);

/** Whether somebody is there, as a score tells it; nothing where nobody asks. @param {number | null | undefined} presence */
export const sayPresence = (presence) => PRESENCE.get(presence ?? NaN) ?? "";

/** Whether a reason doubts that somebody is there. @param {string} reason */
export const doubtsPresence = (reason) => OF_PRESENCE.has(reason);

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
