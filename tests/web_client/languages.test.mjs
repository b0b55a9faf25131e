import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { say } from "../../web_client/js/element/words.js";
import { AT_REST } from "../../web_client/js/element/model.js";
import { doneText, partOf } from "../../web_client/js/enrol-guide.js";
import { fetchWords, LANGUAGES, nearestLanguage, withOwn, wordsAtHand } from "../../web_client/js/languages.js";
import { CLIENT_ERRORS } from "../../web_client/js/sdk/errors.js";
import { ENGLISH } from "../../web_client/js/words.js";

const EVEN = { face: null, voice: null };
const OTHERS = LANGUAGES.filter((language) => language !== "en");
const MEDIA = ["insecure_page", "camera_denied", "camera_missing", "microphone_missing", "camera_busy", "camera_failed"];
/** Signs, units and words that are the same in several languages. */
const ALIKE = new Set(["{part} s", "{have} of {needed}"]);

/** Every text of a language by its path, but those that a language has more or fewer of. */
function paths(texts, path = []) {
  if (typeof texts === "string") return [[path.join("."), texts]];
  return Object.entries(texts).filter(([name]) => !["advice", "tag", "dir"].includes(name)).flatMap(([name, text]) => paths(text, [...path, name]));
}

const isForm = (path) => path.startsWith("challenges.left.");
const placeholders = (text) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

test("there are as many languages as there are files of them", () => {
  const files = readdirSync(new URL("../../web_client/js/languages/", import.meta.url));
  assert.deepEqual(files.map((name) => name.replace(".js", "")).sort(), [...LANGUAGES].sort());
  assert.ok(OTHERS.length >= 3);
});

test("every language says all that English does, with the same names filled in", async () => {
  const english = new Map(paths(ENGLISH.texts));
  for (const language of OTHERS) {
    const { texts } = await fetchWords(language);
    assert.equal(texts.tag, language);
    assert.match(texts.dir, /^(ltr|rtl)$/);
    const own = new Map(paths(texts));
    assert.deepEqual([...own.keys()].filter((path) => !isForm(path)).sort(), [...english.keys()].filter((path) => !isForm(path)).sort(), language);
    for (const [path, text] of own) {
      if (isForm(path)) continue;
      assert.deepEqual(placeholders(text), placeholders(english.get(path)), `${language}: ${path}`);
      assert.notEqual(text.trim(), "", `${language}: ${path}`);
    }
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    assert.deepEqual(Object.keys(texts.challenges.left).sort(), [...categories].sort(), language);
  }
});

test("nothing that is more than a word is left in English", async () => {
  const english = new Map(paths(ENGLISH.texts));
  for (const language of OTHERS) {
    const left = paths((await fetchWords(language)).texts).filter(([path, text]) => text === english.get(path) && text.includes(" ") && !ALIKE.has(text));
    assert.deepEqual(left, [], language);
  }
});

test("what the SDK and the camera say in English has its words, and so has what a server refuses a person for", async () => {
  for (const language of OTHERS) {
    const { advice } = (await fetchWords(language)).texts;
    for (const code of [...Object.keys(CLIENT_ERRORS), ...MEDIA]) assert.ok(advice[code], `${language}: ${code}`);
    assert.deepEqual(Object.keys(advice).sort(), Object.keys((await fetchWords(OTHERS[0])).texts.advice).sort(), language);
  }
});

test("the nearest language is taken, and English where there is none", () => {
  assert.deepEqual(["de", "de-AT", "FR-ca", "es-419", "en-GB", "tlh", ""].map(nearestLanguage), ["de", "de", "fr", "es", "en", "en", "en"]);
});

test("a language is fetched once, when it is spoken first", async () => {
  assert.equal(wordsAtHand("en"), ENGLISH);
  const words = await fetchWords("de");
  assert.equal(wordsAtHand("de"), words);
  assert.equal(await fetchWords("de"), words);
});

test("a verdict is said in the language with its reasons", async () => {
  const de = await fetchWords("de");
  const rejected = { ...AT_REST, status: "rejected", verdict: "rejected", reasons: ["voice_mismatch", "no_face", "too_many_hats"], evidence: { face: 2, voice: -3, both: -3 } };
  const { name, text, reasons } = say(rejected, "ada", de);
  assert.deepEqual([name, text], ["Abgelehnt", "Das ist nicht ada."]);
  assert.deepEqual(reasons, ["Das Gesicht passt, die Stimme nicht.", "Es ist kein Gesicht zu sehen.", "Too many hats."]);
});

test("an error has the language's advice, and the server's own words where it has none", async () => {
  const fr = await fetchWords("fr");
  assert.match(fr.sayAdvice({ code: "server_full", message: "Try again in 30 s." }), /^Le serveur/);
  assert.equal(fr.sayAdvice({ code: "hat_missing", message: "Put on a hat." }), "Put on a hat.");
  assert.equal(ENGLISH.sayAdvice({ code: "server_full", message: "Try again in 30 s." }), "Try again in 30 s.");
});

test("numbers are written and counted as the language does", async () => {
  const [de, fr] = [await fetchWords("de"), await fetchWords("fr")];
  assert.equal(partOf(7.25, 15, "seconds", de).text, "7,3 von 15 s");
  assert.equal(partOf(2, 3, "views", fr).text, "2 sur 3 vues");
  const left = (words, count) => words.sayCounted(words.texts.challenges.left, count, { seconds: count });
  assert.deepEqual([left(de, 1), left(de, 5)], ["noch 1 Sekunde", "noch 5 Sekunden"]);
  assert.deepEqual([left(fr, 0), left(fr, 2)], ["encore 0 seconde", "encore 2 secondes"]);
  assert.match(doneText({ speech_s: 9.4, faces: 3 }, de), /^Gelernt aus 9 s Sprache und 3 Ansichten/);
});

test("a challenge is asked in the language, with its turns in their order", async () => {
  const es = await fetchWords("es");
  assert.equal(es.sayChallenge({ kind: "turn_head", turns: ["left", "right", "left"], digits: null }).task, "a la izquierda, luego a la derecha, luego a la izquierda");
  const screen = { colours: ["#eee", "#fee", "#efe"], from_s: 4.2, each_s: 1 };
  assert.equal(es.sayChallenge({ kind: "watch_colours", turns: [], digits: null, screen }).task, "Colores pálidos la llenan durante 3 segundos");
  assert.equal(es.sayOtherWay("hop"), "De otra manera");
});

test("a name is filled in as it is, braces and all", () => {
  assert.equal(ENGLISH.sayState("verified", "{server} $& <b>").text, "This is {server} $& <b>.");
});

test("a page's own words take the place of the language's, one by one", () => {
  const words = withOwn(ENGLISH, { states: { verified: "Confirmed" }, badge: { label: "Identity" } });
  assert.equal(words.sayState("verified", "ada").name, "Confirmed");
  assert.equal(words.sayState("rejected", "ada").name, "Rejected");
  assert.equal(words.texts.badge.label, "Identity");
  assert.equal(ENGLISH.texts.badge.label, "Verification");
  assert.equal(withOwn(ENGLISH, null), ENGLISH);
});

test("a page may bring a language of its own, with more forms and advice than English has", (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  const words = withOwn(ENGLISH, {
    tag: "pl", states: { verified: "Potwierdzono" }, advice: { server_full: "Spróbuj za pół minuty." },
    challenges: { left: { one: "{seconds} sekunda", few: "{seconds} sekundy", many: "{seconds} sekund" } },
  });
  assert.equal(words.tag, "pl");
  assert.equal(words.sayCounted(words.texts.challenges.left, 3, { seconds: 3 }), "3 sekundy");
  assert.equal(words.sayAdvice({ code: "server_full", message: "Later." }), "Spróbuj za pół minuty.");
  assert.equal(words.sayReasons("uncertain", ["no_face"], EVEN)[0], "No face is seen.");
  assert.equal(warn.mock.callCount(), 0);
});

test("words that nothing says are told in the console", (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  withOwn(ENGLISH, { badge: { lable: "Identity" }, toString: "x" });
  assert.equal(warn.mock.callCount(), 1);
  assert.match(warn.mock.calls[0].arguments[0], /badge\.lable, toString/);
});
