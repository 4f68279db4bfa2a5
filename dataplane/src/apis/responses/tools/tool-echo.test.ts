import { expect, test } from "vitest";
import { JsonEdits } from "../../../json/json-edits.ts";
import { JsonObject } from "../../../json/json-object.ts";
import { spelledTools } from "./spelled-tools.ts";
import { removeEcho } from "./tool-echo.ts";

const tool = (name: string) => `{"type":"function","name":"${name}","parameters":{}}`;
const central = `${tool("bmcp_a")},${tool("bmcp_b")}`;
const own = tool("own");

/** A response without the tools, and how they are spelled if that is remembered. */
function removed(tools: string) {
  const toolIds = new Set(["bmcp_a", "bmcp_b"]);
  const response = JsonObject.parse(Buffer.from(`{"tools":${tools},"output":["Hi"]}`));
  const edits = new JsonEdits();
  removeEcho(edits, response, toolIds, "stream");
  return {
    left: edits.apply(response.bytes, response).toString(),
    spelled: spelledTools(toolIds, "stream")?.toString(),
    spelledWhole: spelledTools(toolIds, "whole"),
  };
}

test.each([
  [`[${central}]`, "[]", `[${central}`],
  [`[${central},${own}]`, `[${own}]`, `[${central}`],
  [`[ ${central} , ${own}]`, `[ ${own}]`, `[ ${central}`],
  [`[${tool("bmcp_b")},${own}]`, `[${own}]`, `[${tool("bmcp_b")}`],
  [`[${tool("bmc\\u0070_a")},${own}]`, `[${own}]`, `[${tool("bmc\\u0070_a")}`],
  [`[${own},${central}]`, `[${own}]`, undefined],
  [`[${tool("bmcp_a")},${own},${tool("bmcp_b")}]`, `[${own}]`, undefined],
  [`[${own}]`, `[${own}]`, undefined],
  ["null", "null", undefined],
])("of the tools %s the client sees its own", (tools, left, spelled) => {
  expect(removed(tools)).toEqual({
    left: `{"tools":${left},"output":["Hi"]}`,
    spelled,
    spelledWhole: undefined,
  });
});
