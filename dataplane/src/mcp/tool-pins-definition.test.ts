import { expect, test } from "vitest";
import type { ServerTool } from "./tool-list.ts";
import { pinnedDefinition } from "./tool-pins-definition.ts";

const read = { name: "read", description: "Reads.", inputSchema: { type: "object" as const } };

function digest(tool: ServerTool): string {
  return Buffer.from(pinnedDefinition(tool)?.sha256 ?? []).toString("hex");
}

test("the digest is SHA-256 of name, description and schema as JSON with its members in order", () => {
  // printf '{"description":"Reads.","inputSchema":{"type":"object"},"name":"read"}' | sha256sum
  expect(digest(read)).toBe("6c90fecc4089d23b0ae3a0e349ead70a425e9f33c45d19ed18b749cd9f7bf6d7");
});

test("the order of members makes no difference at any depth, that of lists does", () => {
  const schema = (text: string) => ({ ...read, inputSchema: JSON.parse(`{"type":"object",${text}}`) });
  const one = schema('"properties":{"a":{"x":1,"y":[1,2]},"__proto__":{"z":1}},"required":["a","b"]');
  const same = schema('"required":["a","b"],"properties":{"__proto__":{"z":1},"a":{"y":[1,2],"x":1}}');
  const other = schema('"required":["b","a"],"properties":{"__proto__":{"z":1},"a":{"y":[1,2],"x":1}}');
  expect(digest(same)).toBe(digest(one));
  expect(digest(other)).not.toBe(digest(one));
});

test.each<[string, ServerTool]>([
  ["name", { ...read, name: "Read" }],
  ["trailing blank of the name", { ...read, name: "read " }],
  ["description", { ...read, description: "Reads!" }],
  ["schema", { ...read, inputSchema: { type: "object", properties: { "": {} } } }],
  ["member called __proto__", { ...read, inputSchema: JSON.parse('{"type":"object","__proto__":{}}') }],
  ["half of a surrogate pair", { ...read, description: "Reads.\ud800" }],
])("another %s is another definition", (_what, changed) => {
  expect(digest(changed)).toMatch(/^[\da-f]{64}$/);
  expect(digest(changed)).not.toBe(digest(read));
});

test("a name that is too long or no Unicode stands shortened, and stays its own", () => {
  const names = ["x".repeat(255), "x".repeat(256), "x".repeat(257), "a\ud800", "a\ud801", "a\ufffd"];
  const shown = names.map((name) => pinnedDefinition({ ...read, name })?.name ?? "");
  expect(new Set(shown).size).toBe(names.length);
  expect(shown.every((name) => name.length <= 255 && name.isWellFormed())).toBe(true);
  expect([shown[0], shown[5]]).toEqual([names[0], names[5]]);
});

test("a long definition is cut between two characters, its digest is of all of it", () => {
  const long = (end: string) => ({ ...read, description: `${"é".repeat(50_000)}${end}` });
  const { definition = "" } = pinnedDefinition(long("1")) ?? {};
  expect(Buffer.byteLength(definition)).toBeLessThanOrEqual(32 * 1024);
  expect(definition).toMatch(/^\{"description":"é+$/);
  expect(digest(long("1"))).not.toBe(digest(long("2")));
});

test("what is nested too deep to be written has none", () => {
  const inputSchema = JSON.parse(`{"type":"object","x":${"[".repeat(200_000)}${"]".repeat(200_000)}}`);
  expect(pinnedDefinition({ ...read, inputSchema })).toBeUndefined();
});
