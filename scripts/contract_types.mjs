/**
 * Prints the events of the wire contract as TypeScript types, by their `type`, so that the compiler
 * can hold the SDK's declarations to it. Usage: node contract_types.mjs events.schema.json
 */

import { readFileSync } from "node:fs";
import { argv, stdout } from "node:process";

const { $defs: defs } = JSON.parse(readFileSync(argv[2], "utf8"));
const nameOf = (ref) => ref.split("/").at(-1);

/** @param {any} schema @returns {string} */
function typeOf(schema) {
  if (schema.$ref) return typeOf(defs[nameOf(schema.$ref)]);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.prefixItems) return `[${schema.prefixItems.map(typeOf).join(", ")}]`;
  if (schema.type === "array") return `(${typeOf(schema.items)})[]`;
  if (schema.type === "object") return objectOf(schema);
  const plain = { integer: "number", number: "number", string: "string", boolean: "boolean", null: "null" }[schema.type];
  if (!plain) throw new Error(`no type is known for ${JSON.stringify(schema)}`);
  return plain;
}

/** @param {any} schema */
function objectOf({ properties = {}, required = [] }) {
  const fields = Object.entries(properties).map(([name, schema]) => `${name}${required.includes(name) ? "" : "?"}: ${typeOf(schema)}`);
  return `{ ${fields.join("; ")} }`;
}

const events = defs.Event.oneOf.map(({ $ref }) => defs[nameOf($ref)]);
const members = events.map((event) => `  ${event.properties.type.const}: ${typeOf(event)};\n`);
stdout.write(`export interface Wire {\n${members.join("")}}\n`);
