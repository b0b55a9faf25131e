/** How the modules hang together: no circles, and walls between the SDK, the element and the pages. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../web_client/js", import.meta.url));
const IMPORT = /^(?:import|export)\b[^"';]*?["'](?<path>\.[^"']+)["'];/gm;

const files = readdirSync(ROOT, { recursive: true }).filter((name) => name.endsWith(".js"));
const sources = new Map(files.map((name) => [name, readFileSync(join(ROOT, name), "utf8")]));
const imports = new Map([...sources].map(([name, source]) => [
  name,
  [...source.matchAll(IMPORT)].map(({ groups }) => relative(ROOT, join(ROOT, dirname(name), groups.path))),
]));

/** @returns {string[] | null} the first circle that is found from a module on */
function circleFrom(name, path = []) {
  if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
  for (const next of imports.get(name)) {
    const circle = circleFrom(next, [...path, name]);
    if (circle) return circle;
  }
  return null;
}

test("every import leads to a module", () => {
  assert.ok(files.length > 40);
  for (const [name, wanted] of imports) for (const one of wanted) assert.ok(imports.has(one), `${name} imports ${one}`);
});

test("no modules import each other in a circle", () => {
  for (const name of files) assert.equal(circleFrom(name), null);
});

test("the SDK imports nothing but itself", () => {
  for (const name of ["stream-verifier.js", ...files.filter((one) => one.startsWith("sdk/"))]) {
    assert.deepEqual(imports.get(name).filter((one) => !one.startsWith("sdk/")), [], name);
  }
});

test("the pages import nothing of the element, and the element nothing of the pages", () => {
  const shared = new Set(["stream-verifier.js", "challenge-dialog.js", "colour-screen.js", "enrol-guide.js", "languages.js", "look-up.js", "media.js", "scale.js", "style.js", "timeline.js", "words.js"]);
  const isElement = (name) => ["element.js", "enrol-element.js"].includes(name) || name.startsWith("element/");
  for (const [name, wanted] of imports) {
    for (const one of wanted) {
      if (isElement(name)) assert.ok(isElement(one) || one.startsWith("sdk/") || shared.has(one), `${name} imports ${one}`);
      else assert.ok(!isElement(one), `${name} imports ${one}`);
    }
  }
});

test("what says that it touches no page loads where there is none", async () => {
  const pure = [...sources].filter(([, source]) => /touches (?:no|the) page/i.test(source.slice(0, 600))).map(([name]) => name);
  assert.ok(pure.length >= 12, pure.join());
  for (const name of pure) {
    await import(join(ROOT, name));
    const code = sources.get(name).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    assert.doesNotMatch(code, /\b(document|window|localStorage|sessionStorage|navigator|location)\b/, name);
  }
});
