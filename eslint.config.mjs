/** How the browser code is written. `make lint` runs it; the tools come by scripts/install_node_tools.sh. */

import { createRequire } from "node:module";

const fromTools = createRequire(new URL(".cache/node/package.json", import.meta.url));
const js = fromTools("@eslint/js");
const globals = fromTools("globals");
const { parser: typescript } = fromTools("typescript-eslint");

/** What turns text into markup or code: whatever anybody typed must stay text. */
const MARKUP = ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "srcdoc", "createContextualFragment"];
const TEXT = "Text is never markup: use textContent, append() or the make() of dom.js.";
const markupProperties = [
  ...MARKUP.map((property) => ({ property, message: TEXT })),
  { object: "document", property: "write", message: TEXT },
  { object: "document", property: "writeln", message: TEXT },
];
/** The same where no property is read: make("div", { innerHTML: … }), element["innerHTML"], <p dangerouslySetInnerHTML>. */
const markupNames = [...MARKUP, "dangerouslySetInnerHTML"].join("|");
const markupSyntax = [
  { selector: `Property[key.name=/^(${markupNames})$/]`, message: TEXT },
  { selector: `Literal[value=/^(${markupNames})$/]`, message: TEXT },
  { selector: `JSXAttribute[name.name=/^(${markupNames})$/]`, message: TEXT },
  { selector: "NewExpression[callee.name='DOMParser']", message: TEXT },
];

/** A word of somebody else's, in a table of ours: "constructor" is in every object. */
const tables = { selector: "BinaryExpression[operator='in'][right.name=/^[A-Z][A-Z_]*$/]", message: "Use lookUp() or hasOwn() of look-up.js." };
/** Listening by attribute would be code in a string. */
const handlers = { selector: "CallExpression[callee.property.name='setAttribute'][arguments.0.value=/^on/i]", message: "Listen with addEventListener()." };

const strict = {
  "array-callback-return": "error",
  complexity: ["error", 10],
  "consistent-return": "error",
  "default-case-last": "error",
  "dot-notation": "error",
  eqeqeq: "error",
  "max-depth": ["error", 3],
  "max-lines": ["error", { max: 350 }],
  "max-lines-per-function": ["error", { max: 50 }],
  "max-params": ["error", 6],
  "no-console": ["error", { allow: ["warn"] }],
  "no-else-return": "error",
  "no-eval": "error",
  "no-extend-native": "error",
  "no-implicit-coercion": ["error", { boolean: false }],
  "no-implicit-globals": "error",
  "no-implied-eval": "error",
  "no-lonely-if": "error",
  "no-new-func": "error",
  "no-param-reassign": "error",
  "no-promise-executor-return": "error",
  "no-restricted-properties": ["error", ...markupProperties],
  "no-restricted-syntax": ["error", ...markupSyntax, handlers, tables],
  "no-return-assign": "error",
  "no-script-url": "error",
  "no-self-compare": "error",
  "no-sequences": "error",
  "no-shadow": "error",
  "no-template-curly-in-string": "error",
  "no-throw-literal": "error",
  "no-unmodified-loop-condition": "error",
  "no-unneeded-ternary": "error",
  "no-unreachable-loop": "error",
  "no-unused-expressions": "error",
  "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
  "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
  "no-useless-concat": "error",
  "no-useless-rename": "error",
  "no-useless-return": "error",
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-arrow-callback": "error",
  "prefer-const": "error",
  "prefer-object-spread": "error",
  "prefer-promise-reject-errors": "error",
  "prefer-rest-params": "error",
  "prefer-spread": "error",
  "prefer-template": "error",
  radix: "error",
  "require-atomic-updates": "error",
  "symbol-description": "error",
  yoda: "error",
};

export default [
  { ignores: [".cache/", ".venv/", "build/", "dist/", "**/node_modules/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error", reportUnusedInlineConfigs: "error" } },
  { files: ["**/*.{js,mjs}"], ...js.configs.recommended },
  { files: ["**/*.{js,mjs,ts,tsx}"], rules: strict },
  { files: ["web_client/js/**"], languageOptions: { globals: globals.browser } },
  { files: ["**/*.mjs", "examples/**/vite.config.js"], languageOptions: { globals: globals.nodeBuiltin } },
  { files: ["tests/web_client/**"], rules: { "max-lines-per-function": "off" } },
  { files: ["tests/browser/types/**"], rules: { "no-console": "off" } },
  // The compiler knows better which names of a declaration are used.
  { files: ["**/*.{ts,tsx}"], languageOptions: { parser: typescript }, rules: { "no-unused-vars": "off" } },
  { files: ["eslint.config.mjs"], rules: { "no-restricted-syntax": "off" } },
];
