import { InterceptionOutcome, UsageSource } from "@aibridge/proto";
import { httpError, text, toolCall } from "@aibridge/sdk/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readClientAnswer } from "../support/client-answers/read-client-answer.ts";
import { eventually } from "../support/eventually.ts";
import { centralToolsConfig } from "../support/mcp/central-tools-config.ts";
import { type GenerationServer, mcpGenerations, type TestTool } from "../support/mcp/mcp-generations.ts";
import { interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

let gateway: GatewayUnderTest;
let wiki: GenerationServer;
/** What an answer that is over says, and one that waits for the client's calls. */
const stops = {
  messages: { end: "end_turn", call: "tool_use" },
  chat: { end: "stop", call: "tool_calls" },
  responses: { end: "completed", call: "completed" },
} as const;
/** What a stream's request says more for its usage to be shown. */
const askingForUsage = {
  messages: {},
  chat: { stream_options: { include_usage: true } },
  responses: {},
} as const;

/** Ends the wait of the tool `slow`, once for each call. */
const slowCalls: (() => void)[] = [];

const tools: readonly TestTool[] = [
  { name: "read", description: "Reads a page.", run: (page) => `page ${page}` },
  { name: "slow", run: (page) => new Promise((resolve) => slowCalls.push(() => resolve(`slow ${page}`))) },
  { name: "fail", run: () => Promise.reject(new Error("no such page")) },
];

beforeAll(async () => {
  wiki = await mcpGenerations.modern(tools);
  gateway = await useGateway({
    config: (url) => centralToolsConfig(url, { wiki: wiki.url }),
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await wiki.close();
});

const read = "bmcp_wiki_read";
const slow = "bmcp_wiki_slow";

/** What the scripted provider makes up for each answer: ids of items, and the time. */
const withoutIdentity = (answer: string) =>
  answer.replace(/_[0-9a-f]{20}\d{4}/g, "").replace(/"(created|created_at|completed_at)":\d+/g, "");

describe.each(["messages", "chat", "responses"] as const)("%s", (api) => {
  describe.each([false, true])("stream: %s", (stream) => {
    test("a central tool is run inside the gateway, and the client sees one answer without a sign of it", async () => {
      gateway.provider.next(
        {
          id: "turn_1",
          content: [text("Let me look."), toolCall(read, { text: "home" }, { id: "call_1" })],
          stop: "tool_use",
          usage: { input: 100, output: 20 },
        },
        { id: "turn_2", content: "It says: home.", usage: { input: 150, output: 10 } },
      );
      const response = await send(gateway, api, stream, { body: stream ? askingForUsage[api] : {} });
      const answer = await readClientAnswer(api, response);
      expect(answer.texts.join("")).toBe("Let me look.It says: home.");
      // A whole Responses answer has the id that the client can go on from.
      expect(answer).toMatchObject({
        id: api === "responses" && !stream ? "turn_2" : "turn_1",
        calls: [],
        stop: stops[api].end,
        usage: { input: 150, output: 30 },
      });
      const { interception, ended, tokenUsages, toolUsages } = await gateway.interception(
        interceptionId(response),
      );
      expect(interception?.initiatorId).toBe("alice");
      expect(ended).toMatchObject({ outcome: InterceptionOutcome.COMPLETED, upstreamTurns: 2 });
      expect(
        tokenUsages.map(({ messageId, inputTokens, outputTokens, source }) => [
          messageId,
          inputTokens,
          outputTokens,
          source,
        ]),
      ).toEqual([
        ["turn_1", 100n, 20n, UsageSource.REPORTED],
        ["turn_2", 150n, 10n, UsageSource.REPORTED],
      ]);
      expect(toolUsages).toMatchObject([
        {
          messageId: "turn_1",
          toolCallId: "call_1",
          tool: "read",
          serverUrl: wiki.url,
          injected: true,
          input: '{"text":"home"}',
        },
      ]);
      expect(toolUsages[0]?.invocationError).toBeUndefined();
      expect(toolUsages[0]?.duration).toBeDefined();
    });

    test("calls of one turn run at once, and their results stand in the model's order", async () => {
      const calls = ["a", "b", "c"].map((page) => toolCall(slow, { text: page }, { id: `call_${page}` }));
      gateway.provider.next(
        { id: "turn_1", content: calls, stop: "tool_use" },
        { id: "turn_2", content: "done" },
      );
      const answering = send(gateway, api, stream);
      await eventually(() => expect(slowCalls).toHaveLength(3));
      // The last one ends first.
      for (const finish of slowCalls.splice(0).reverse()) finish();
      const answer = await readClientAnswer(api, await answering);
      expect(answer.texts).toEqual(["done"]);
      const second = gateway.provider.requests.at(-1);
      const results = [...(second?.body.toString().matchAll(/slow [abc]/g) ?? [])].map(([found]) => found);
      expect(results).toEqual(["slow a", "slow b", "slow c"]);
    });

    test("in a turn with the client's own calls the client gets those alone, and the central one is not run", async () => {
      gateway.provider.next({
        id: "turn_1",
        content: [
          toolCall(read, { text: "x" }, { id: "call_1" }),
          toolCall("Bash", { command: "ls" }, { id: "call_2" }),
        ],
        stop: "tool_use",
      });
      const requests = wiki.requests.length;
      const response = await send(gateway, api, stream);
      const answer = await readClientAnswer(api, response);
      expect(answer).toMatchObject({ calls: [{ id: "call_2", name: "Bash" }], stop: stops[api].call });
      const { toolUsages } = await gateway.interception(interceptionId(response));
      expect(
        toolUsages
          .map(({ toolCallId, injected, invocationError }) => [toolCallId, injected, invocationError])
          .sort(),
      ).toEqual([
        ["call_1", true, "not_run_mixed_turn"],
        ["call_2", false, undefined],
      ]);
      expect(wiki.requests.length).toBe(requests);
    });

    test("a tool that fails is answered with the error, and the model goes on", async () => {
      gateway.provider.next(
        {
          id: "turn_1",
          content: [toolCall("bmcp_wiki_fail", { text: "x" }, { id: "call_1" })],
          stop: "tool_use",
        },
        { id: "turn_2", content: "It failed." },
      );
      const answer = await readClientAnswer(api, await send(gateway, api, stream));
      expect(answer.texts).toEqual(["It failed."]);
      expect(gateway.provider.requests.at(-1)?.body.toString()).toContain("no such page");
    });

    test.runIf(stream)(
      "the text of every turn reaches the client before the provider has sent the rest of it",
      async () => {
        const holds = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        const stall = (turn: 0 | 1) => ({
          stall: { afterEvents: 5, until: holds[turn]?.promise as Promise<void> },
        });
        gateway.provider.next(
          {
            id: "turn_1",
            content: [text("One ".repeat(20)), toolCall(read, { text: "x" }, { id: "call_1" })],
            stop: "tool_use",
            delivery: stall(0),
          },
          { id: "turn_2", content: "Two ".repeat(20), delivery: stall(1) },
        );
        const response = await send(gateway, api, true);
        let seen = "";
        const decoder = new TextDecoder();
        for await (const chunk of response.body ?? []) {
          seen += decoder.decode(chunk, { stream: true });
          if (seen.includes("One ")) holds[0]?.resolve();
          if (seen.includes("Two ")) holds[1]?.resolve();
        }
        expect(seen).toContain("Two ");
      },
    );

    test("whatever the chunks, the client gets the same answer", async () => {
      const first = {
        id: "turn_1",
        content: [text("données 😀"), toolCall(read, { text: "ü" }, { id: "call_1" })],
        stop: "tool_use" as const,
      };
      const second = { id: "turn_2", content: [text("It says: données 😀")], usage: { input: 7, output: 5 } };
      const whole = [];
      for (const cutEvery of [10_000, 1, 7]) {
        gateway.provider.next({ ...first, delivery: { cutEvery } }, { ...second, delivery: { cutEvery } });
        whole.push(withoutIdentity(await (await send(gateway, api, stream)).text()));
      }
      expect(new Set(whole).size).toBe(1);
    });

    test("a client that goes away while a tool runs cancels it", async () => {
      const client = new AbortController();
      gateway.provider.next({
        id: "turn_1",
        content: [text("One"), toolCall(slow, { text: "x" }, { id: "call_1" })],
        stop: "tool_use",
      });
      const model = `left-${crypto.randomUUID()}`;
      const answering = send(gateway, api, stream, { signal: client.signal, body: { model } });
      answering.catch(() => undefined);
      await eventually(() => expect(slowCalls).toHaveLength(1));
      client.abort();
      const id = await eventually(async () => {
        const { interceptions } = await gateway.usage.listInterceptions({ model });
        return interceptions[0]?.interception?.id;
      });
      const { ended, toolUsages } = await gateway.interception(id);
      expect(ended?.outcome).toBe(InterceptionOutcome.CANCELLED_BY_CLIENT);
      expect(toolUsages).toMatchObject([{ injected: true, invocationError: "the call was given up" }]);
      for (const finish of slowCalls.splice(0)) finish();
    });

    test("a refusal of the later request is told to the client", async () => {
      gateway.provider.next(
        {
          id: "turn_1",
          content: [text("First."), toolCall(read, { text: "x" }, { id: "call_1" })],
          stop: "tool_use",
        },
        httpError(400, "too long"),
      );
      const response = await send(gateway, api, stream);
      const told = await response.text().catch(() => "broken off");
      if (stream) expect(told).toMatch(/too long|broken off/);
      else expect(response.status).toBe(400);
      const { ended } = await gateway.interception(interceptionId(response));
      expect(ended?.outcome).toBe(InterceptionOutcome.FAILED);
    });
  });
});

test("tokens are counted with the tools that the request would get", async () => {
  const count = (stream: string) =>
    fetch(`${gateway.url}/anthropic/v1/messages/count_tokens`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.token}`, "content-type": "application/json" },
      body: stream,
    });
  const body = { model: "claude-test", messages: [{ role: "user", content: "hi" }] };
  expect((await count(JSON.stringify(body))).status).toBe(200);
  const counted = JSON.parse(gateway.provider.requests.at(-1)?.body.toString() ?? "");
  expect(counted.tools.map(({ name }: { name: string }) => name)).toContain(read);
  expect((await count("not json")).status).toBe(200);
  expect(gateway.provider.requests.at(-1)?.body.toString()).toBe("not json");
});

test("what the client sent goes upstream as it came but for the tools, which come first", async () => {
  const body =
    '{ "model":"claude-test","max_tokens":1e2, "messages":[ {"role":"user","content":"\\u0041"} ],"tools":[ {"name":"Bash","input_schema":{"type":"object"}} ], "x":1.0}';
  const response = await fetch(`${gateway.url}/anthropic/v1/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.token}`, "content-type": "application/json" },
    body,
  });
  await response.text();
  const sent = gateway.provider.requests.at(-1)?.body.toString() ?? "";
  const tools = sent.slice(sent.indexOf('"tools":[') + 9, sent.indexOf(' {"name":"Bash"'));
  expect(sent.replace(tools, "")).toBe(body);
  expect(JSON.parse(`[${tools.slice(0, -1)}]`).map(({ name }: { name: string }) => name)).toEqual([
    "bmcp_wiki_fail",
    "bmcp_wiki_read",
    "bmcp_wiki_slow",
  ]);
});

test("a conversation keeps the tools it began with; another one gets the new ones", async () => {
  const ask = async (session: string) => {
    const response = await send(gateway, "messages", false, {
      headers: { "user-agent": "claude-cli/2.1", "x-claude-code-session-id": session },
      body: { tools: [{ name: "Bash", input_schema: { type: "object" } }] },
    });
    await response.text();
    const sent = JSON.parse(gateway.provider.requests.at(-1)?.body.toString() ?? "");
    return sent.tools.map(({ name }: { name: string }) => name);
  };
  const before = await ask("session-1");
  wiki.setTools([...tools, { name: "late", description: "Came later." }]);
  await eventually(async () => expect(await ask(crypto.randomUUID())).toContain("bmcp_wiki_late"));
  expect(await ask("session-1")).toEqual(before);
});

test.each([
  [{ store: false }, { input: [{ role: "user" }, {}, {}, { call_id: "call_1" }] }],
  [{ previous_response_id: "resp_0" }, { previous_response_id: "turn_1", input: [{ call_id: "call_1" }] }],
  [{ conversation: "conv_1" }, { conversation: "conv_1", input: [{ call_id: "call_1" }] }],
])("a Responses request with %j goes on where its state is held", async (state, expected) => {
  gateway.provider.next(
    {
      id: "turn_1",
      content: [text("Look."), toolCall(read, { text: "home" }, { id: "call_1" })],
      stop: "tool_use",
    },
    { id: "turn_2", content: "Done." },
  );
  const response = await send(gateway, "responses", true, { body: state });
  expect(await readClientAnswer("responses", response)).toMatchObject({
    id: "turn_1",
    texts: ["Look.", "Done."],
  });
  const sent = JSON.parse(gateway.provider.requests.at(-1)?.body.toString() ?? "");
  expect(sent).toMatchObject(expected);
  expect(sent.input.at(-1)).toMatchObject({ type: "function_call_output", output: "page home" });
});
