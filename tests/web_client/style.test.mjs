import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { plain } from "../../web_client/js/style.js";

const ROOT = new URL("../../web_client/js/", import.meta.url);
const read = (name) => readFileSync(new URL(name, ROOT), "utf8");
const STYLES = ["challenge-dialog.js", "colour-screen.js", "element/styles.js", "element/enrol-styles.js"];

test("what an old browser lacks is said in colours that it knows", () => {
  assert.equal(plain("--ink: var(--sv-ink, light-dark(#17202c, #e7ecf3));"), "--ink: var(--sv-ink, #17202c);");
  assert.equal(plain("color-mix(in srgb, var(--tone) 11%, var(--surface))"), "var(--surface)");
  assert.equal(plain("1px solid color-mix(in srgb, var(--ink) 45%, transparent)"), "1px solid var(--ink)");
});

test("every such colour of ours is found", () => {
  for (const name of STYLES) assert.doesNotMatch(plain(read(name).replace(/\/\*[\s\S]*?\*\//g, "")), /light-dark\(|color-mix\(/, name);
});

test("nothing of what the elements need is younger than the browsers they are for", () => {
  const young = /\bObject\.hasOwn\(|\.at\(-|\bAbortSignal\.(timeout|any)\(|\bstructuredClone\(|:popover-open|\.(findLast|toSorted|toReversed|toSpliced|with)\(|\bstatic \{/;
  const modules = readdirSync(ROOT, { recursive: true }).filter((name) => name.endsWith(".js"));
  assert.ok(modules.length > 60);
  for (const name of modules) assert.doesNotMatch(read(name).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ""), young, name);
});
