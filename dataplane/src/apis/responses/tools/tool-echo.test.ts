import { expect, test } from "vitest";
import { JsonEdits } from "../../../json/json-edits.ts";
import { JsonObject } from "../../../json/json-object.ts";
import { removeEcho, withoutEcho } from "./tool-echo.ts";

const tool = (name: string, further = "") => `{"type":"function"${further},"name":"${name}","parameters":{}}`;
const central = `${tool("bmcp_a")},${tool("bmcp_b")}`;
const own = tool("own");
const ids = () => new Set(["bmcp_a", "bmcp_b"]);

/** A final event, in the middle of other bytes. */
function eventWith(tools: string, text = "Hi") {
  const event = `{"type":"response.completed","response":{"tools":[${tools}],"output":[${JSON.stringify(text)}]}}`;
  return {
    bytes: Buffer.from(`data: ${event}\n\ndata: ${event}`),
    start: 6,
    end: 6 + Buffer.byteLength(event),
  };
}

/** The event without tools, found by looking at each. */
function removed(tools: string, toolIds: ReadonlySet<string>): string {
  const { bytes, start, end } = eventWith(tools);
  const event = JsonObject.at(bytes, start, end);
  const edits = new JsonEdits();
  removeEcho(edits, event.object("response") as JsonObject, toolIds);
  return edits.apply(bytes, event).toString();
}

/** The event without tools, found by how they were spelled before. */
function cut(tools: string, toolIds: ReadonlySet<string>, text?: string): string | undefined {
  const { bytes, start, end } = eventWith(tools, text);
  return withoutEcho(bytes, start, end, toolIds)?.toString();
}

test.each([
  [central, ""],
  [`${central},${own}`, own],
  [` ${central} , ${own}`, ` ${own}`],
  [`${own},${central}`, own],
  [`${tool("bmcp_a")},${own},${tool("bmcp_b")}`, own],
  [own, own],
])("of the tools %s the client sees its own", (tools, left) => {
  const event = `{"type":"response.completed","response":{"tools":[${left}],"output":["Hi"]}}`;
  expect(removed(tools, ids())).toBe(event);
});

test("tools that were seen once are found again without a look at each", () => {
  const toolIds = ids();
  expect(cut(central, toolIds)).toBeUndefined();
  const expected = removed(`${central},${own}`, toolIds);
  expect(cut(`${central},${own}`, toolIds)).toBe(expected);
  expect(cut(central, toolIds)).toBe(removed(central, toolIds));
});

test.each([
  [own],
  [`${tool("bmcp_a", ',"strict":false')},${tool("bmcp_b")}`],
  [`${own},${central}`],
  [`${central} ,${own}`],
])("tools in another spelling or place are left to the closer look: %s", (tools) => {
  const toolIds = ids();
  removed(central, toolIds);
  expect(cut(tools, toolIds)).toBeUndefined();
});

test("a text that quotes the tools is none", () => {
  const toolIds = ids();
  removed(central, toolIds);
  expect(cut(own, toolIds, `[${central}]`)).toBeUndefined();
});
