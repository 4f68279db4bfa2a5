import { expect, test } from "vitest";
import { JsonObject } from "../json/json-object.ts";
import { chatToolNames, toolName, toolNames } from "./tool-names.ts";

const body = (tools: unknown) => JsonObject.parse(Buffer.from(JSON.stringify({ tools })));

test("the names of a request's tools", () => {
  const tools = [
    { name: "a" },
    { type: "function", description: '"name":"no"', name: "b" },
    { type: "web_search" },
    7,
    { name: 7 },
  ];
  expect([...toolNames(body(tools))]).toEqual(["a", "b", ""]);
  expect([...toolNames(body(null))]).toEqual([]);
});

test("the names of the tools of a Chat request", () => {
  const tools = [
    { type: "function", function: { parameters: { name: "no" }, name: "a" } },
    { type: "custom", custom: { name: "b" } },
    { name: "no" },
    "no",
  ];
  expect([...chatToolNames(body(tools))]).toEqual(["a", "b"]);
});

test("an escaped name is read as any other", () => {
  const bytes = Buffer.from('{"x":1,"name":"\\u0061"}');
  expect(toolName(bytes, 0, bytes.length)).toBe("a");
});
