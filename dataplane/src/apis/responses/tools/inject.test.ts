import { expect, test } from "vitest";
import { JsonObject } from "../../../json/json-object.ts";
import type { CentralTool } from "../../tool-conversation.ts";
import { injectTools } from "./inject.ts";

const toolsOf = (count: number): CentralTool[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `bmcp_t${index}`,
    description: index === 0 ? "" : "Does it.",
    inputSchema: { type: "object" },
  }));

function inject(body: object, tools = toolsOf(2), options = {}) {
  const bytes = Buffer.from(JSON.stringify({ model: "gpt-test", input: "x", ...body }));
  const injected = injectTools(JsonObject.parse(bytes), tools, options);
  return injected && JSON.parse(injected.bytes.toString());
}

const user = { type: "message", role: "user", content: "x" };
const assistant = { type: "message", role: "assistant", content: "x" };
const reasoning = (id: string) => ({ type: "reasoning", id, summary: [] });
const call = { type: "function_call", call_id: "call_1", name: "own", arguments: "{}" };
const output = { type: "function_call_output", call_id: "call_1", output: "" };
const [one, two] = [reasoning("rs_1"), reasoning("rs_2")];
const reference = (id: string) => ({ type: "item_reference", id });

test("central tools come first, in the order given, and nothing else changes", () => {
  const bytes = Buffer.from(
    ' {"model":"gpt-test", "temperature":1.0 ,"tools":[ {"type":"custom","name":"own"} ], "input":"x"}\n',
  );
  const injected = injectTools(JsonObject.parse(bytes), toolsOf(2), {});
  const [first, second] = [
    '{"type":"function","name":"bmcp_t0","parameters":{"type":"object"},"strict":false}',
    '{"type":"function","name":"bmcp_t1","description":"Does it.","parameters":{"type":"object"},"strict":false}',
  ];
  expect(injected?.bytes.toString()).toBe(
    ` {"model":"gpt-test", "temperature":1.0 ,"tools":[${first},${second}, {"type":"custom","name":"own"} ], "input":"x"}\n`,
  );
});

test.each([{ tool_choice: "none" }, { background: true }, { generate: false }, { prompt: { id: "pmpt_1" } }])(
  "nothing goes into a request with %j",
  (body) => {
    expect(inject(body)).toBeUndefined();
  },
);

test.each([
  {},
  { tools: null },
  { tool_choice: "required" },
  { tool_choice: { type: "function", name: "own" } },
  { prompt: null, background: false },
])("a request with %j gets the tools", (body) => {
  expect(inject(body).tools).toHaveLength(2);
});

test("a request that gets no tools is mended all the same", () => {
  const input = [one, user, two, assistant];
  expect(inject({ tool_choice: "none", input })).toMatchObject({ input: [user, two, assistant] });
  expect(inject({ input }, [])).not.toHaveProperty("tools");
});

test("a tool whose name the client uses is left out", () => {
  const own = { type: "function", name: "bmcp_t0" };
  expect(inject({ tools: [own] }).tools.map(({ name }: { name: string }) => name)).toEqual([
    "bmcp_t1",
    "bmcp_t0",
  ]);
  expect(inject({ tools: [own] }, toolsOf(1))).toBeUndefined();
});

test("of more tools than the provider takes, the last are left out", () => {
  const own = Array.from({ length: 126 }, (_, index) => ({ type: "function", name: `own${index}` }));
  const names = inject({ tools: own }, toolsOf(3)).tools.map(({ name }: { name: string }) => name);
  expect(names).toHaveLength(128);
  expect(names.slice(0, 3)).toEqual(["bmcp_t0", "bmcp_t1", "own0"]);
  expect(inject({ tools: [...own, ...own] })).toBeUndefined();
});

test.each([
  [{ store: false }, ["reasoning.encrypted_content"]],
  [{ store: false, include: ["x"] }, ["x", "reasoning.encrypted_content"]],
  [{ store: false, include: null }, ["reasoning.encrypted_content"]],
  [{ store: false, include: ["reasoning.encrypted_content"] }, ["reasoning.encrypted_content"]],
  [{ store: false, model: "gpt-4o-mini" }, undefined],
  [{ store: false, conversation: "conv_1" }, undefined],
  [{ include: ["x"] }, ["x"]],
])("%j includes what can be sent back", (body, include) => {
  expect(inject(body).include).toEqual(include);
});

test.each([
  ["before a message", [user, one, assistant, user], [user, one, assistant, user]],
  ["before a call", [user, one, call, output], [user, one, call, output]],
  ["before other reasoning", [user, one, two, assistant], [user, one, two, assistant]],
  ["before other reasoning that leads to nothing", [user, one, two, user], [user, user]],
  [
    "before the user's words",
    [one, user, two, { role: "user", content: "y" }],
    [user, { role: "user", content: "y" }],
  ],
  ["before an output", [one, output], [output]],
  ["at the end", [user, one], [user]],
  [
    "by reference",
    [reference("rs_1"), reference("rs_2"), reference("msg_1")],
    [reference("rs_1"), reference("rs_2"), reference("msg_1")],
  ],
  ["beside what nobody knows", [one, { type: "news" }, 5, null], [one, { type: "news" }, 5, null]],
])("reasoning %s", (_, input, left) => {
  expect(inject({ input }).input).toEqual(left);
  expect(inject({ input }, toolsOf(2), { rules: { dropsLooseReasoning: false } }).input).toEqual(input);
});
