import { expect, test } from "vitest";
import type { CentralTool, ToolConversationOptions } from "../../tool-conversation.ts";
import { readRequest } from "../request.ts";
import { injectTools } from "./inject.ts";

const tool = (id: string): CentralTool => ({ id, description: "", inputSchema: { type: "object" } });
const two = [{ ...tool("bmcp_a"), description: 'Says "a".' }, tool("bmcp_b")];
const textA =
  '{"type":"function","function":{"name":"bmcp_a","description":"Says \\"a\\".","parameters":{"type":"object"}}}';
const textB = '{"type":"function","function":{"name":"bmcp_b","parameters":{"type":"object"}}}';
type LeftOut = NonNullable<ToolConversationOptions["leftOut"]>;
const function_ = (name: string) => ({ type: "function", function: { name } });

const inject = (body: string, tools: readonly CentralTool[] = two, leftOut?: LeftOut) =>
  injectTools(readRequest(Buffer.from(body)), tools, leftOut && { leftOut });

test.each([
  [
    '{"model" : "m", "tools": [ {"type":"function","function":{"name":"Bash"}} ],\n"temperature":1.0,"messages":[{}]}',
    `{"model" : "m", "tools": [${textA},${textB}, {"type":"function","function":{"name":"Bash"}} ],\n"temperature":1.0,"messages":[{}]}`,
  ],
  [
    '{"seed":1e3,"model":"m","messages":[{"role":"user","content":"\\u0041"}] }',
    `{"seed":1e3,"model":"m","messages":[{"role":"user","content":"\\u0041"}],"tools":[${textA},${textB}] }`,
  ],
  ['{"model":"m","tools":null,"messages":[{}]}', `{"model":"m","tools":[${textA},${textB}],"messages":[{}]}`],
])("into %s the tools go first, and nothing else changes", (body, expected) => {
  expect(inject(body)?.bytes.toString()).toBe(expected);
});

test("a tool whose name the client uses is left out", () => {
  const own = [function_("bmcp_a"), { type: "custom", custom: { name: "bmcp_c" } }];
  const body = JSON.stringify({ model: "m", messages: [{}], tools: own });
  const injected = inject(body, [...two, tool("bmcp_c")]);
  expect([...(injected?.toolIds ?? [])]).toEqual(["bmcp_b"]);
  expect(JSON.parse(injected?.bytes.toString() ?? "").tools).toEqual([JSON.parse(textB), ...own]);
  expect(inject(body, [tool("bmcp_a")])).toBeUndefined();
});

test.each([
  [125, 3],
  [126, 2],
  [127, 1],
])("beside %d tools of the client's there is room for %d", (own, room) => {
  const tools = Array.from({ length: own }, (_, at) => function_(`own_${at}`));
  const body = JSON.stringify({ model: "m", messages: [{}], tools });
  const central = [tool("bmcp_1"), tool("bmcp_2"), tool("bmcp_3")];
  const injected = inject(body, central);
  expect([...(injected?.toolIds ?? [])]).toEqual(["bmcp_1", "bmcp_2", "bmcp_3"].slice(0, room));
  expect(JSON.parse(injected?.bytes.toString() ?? "").tools).toHaveLength(128);
});

test("where the client's tools fill the request there is no room", () => {
  const tools = Array.from({ length: 128 }, (_, at) => function_(`own_${at}`));
  expect(inject(JSON.stringify({ model: "m", messages: [{}], tools }))).toBeUndefined();
});

test("what is left out is told, and why", () => {
  const told: unknown[] = [];
  const central = [tool("bmcp_first"), tool("bmcp_own"), ...two];
  const tools = [function_("bmcp_own"), ...Array.from({ length: 125 }, (_, at) => function_(`own_${at}`))];
  const bodyOf = (own: object[]) => JSON.stringify({ model: "m", messages: [{}], tools: own });
  inject(bodyOf(tools), central, (left) => told.push(left));
  inject(bodyOf([...tools, ...tools]), two, (left) => told.push(left));
  inject(bodyOf(tools), two, (left) => told.push(left));
  expect(told).toEqual([
    { taken: ["bmcp_own"], noRoom: ["bmcp_b"] },
    { taken: [], noRoom: ["bmcp_a", "bmcp_b"] },
  ]);
});

test.each<object>([
  { tool_choice: "none" },
  { n: 2 },
  { functions: [{ name: "f" }] },
  { function_call: "auto" },
  { modalities: ["text", "audio"], audio: { voice: "ash", format: "wav" } },
  { modalities: ["audio"] },
  { prediction: { type: "content", content: "x" } },
  { web_search_options: {} },
  { messages: "none" },
  { messages: [] },
])("a request with %j gets no tools", (members) => {
  expect(inject(JSON.stringify({ model: "m", messages: [{}], ...members }))).toBeUndefined();
});

test.each<object>([
  { tool_choice: "required" },
  { tool_choice: function_("Bash") },
  { n: 1, functions: null, audio: null, modalities: ["text"] },
])("a request with %j gets them", (members) => {
  expect(inject(JSON.stringify({ model: "m", messages: [{}], ...members }))?.toolIds.size).toBe(2);
});

test("a request without tools to put in stays as it is", () => {
  expect(inject('{"model":"m","messages":[{}]}', [])).toBeUndefined();
});
