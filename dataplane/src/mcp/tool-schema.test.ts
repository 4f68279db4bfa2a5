import { expect, test } from "vitest";
import { usableSchema } from "./tool-schema.ts";

test.each([
  [
    "a plain one",
    { type: "object", properties: { a: { type: "string" } } },
    { type: "object", properties: { a: { type: "string" } } },
  ],
  ["one without a type", { properties: { a: {} } }, { type: "object", properties: { a: {} } }],
  ["an empty one", {}, { type: "object", properties: {} }],
  [
    "one with alternatives at the top",
    { type: "object", properties: { a: {} }, oneOf: [{ required: ["a"] }] },
    { type: "object", properties: { a: {} } },
  ],
  [
    "one that refers to its own parts",
    { type: "object", properties: { a: { $ref: "#/$defs/x~1y" } }, $defs: { "x/y": { $ref: "#" } } },
    { type: "object", properties: { a: { $ref: "#/$defs/x~1y" } }, $defs: { "x/y": { $ref: "#" } } },
  ],
])("%s can be used", (_case, schema, usable) => {
  expect(usableSchema(schema)).toEqual({ schema: usable });
});

const deep = (levels: number): Record<string, unknown> =>
  levels === 0 ? {} : { type: "object", properties: { a: deep(levels - 1) } };

test.each([
  ["of a string", { type: "string" }, 'is of type "string"'],
  ["of several types", { type: ["object", "null"] }, "is of type"],
  [
    "that refers to what is not there",
    { properties: { a: { $ref: "#/$defs/x" } } },
    '"#/$defs/x", which is not in it',
  ],
  [
    "that refers to another document",
    { properties: { a: { $ref: "https://example.com/x" } } },
    "which is not in it",
  ],
  ["that refers to a prototype", { properties: { a: { $ref: "#/constructor" } } }, "which is not in it"],
  ["that is too deep", deep(40), "more than 32 levels"],
  ["that is too large", { description: "x".repeat(70_000) }, "more than 65536 bytes"],
])("one %s cannot", (_case, schema, problem) => {
  expect(usableSchema(schema).problem).toContain(problem);
});
