import { InterceptionOutcome, type ToolUsage } from "@aibridge/proto";
import { httpError, type ModelAnswer, text, toolCall } from "@aibridge/sdk/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readClientAnswer } from "../support/client-answers/read-client-answer.ts";
import { type GenerationServer, mcpGenerations } from "../support/mcp/mcp-generations.ts";
import { apiModes, apiNames, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

const centralKey = "sk-central-0123456789abcdef";
let gateway: GatewayUnderTest;
let wiki: GenerationServer;

beforeAll(async () => {
  wiki = await mcpGenerations.modern([{ name: "read", run: (page) => `page ${page}` }]);
  gateway = await useGateway({ config: (url) => configOf(url, 2) });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await wiki.close();
});

const configOf = (url: string, maxTurns: number) => `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [${centralKey}], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [${centralKey}], max_retries: 0 }
mcp_servers:
  - { name: wiki, url: "${wiki.url}" }
mcp: { max_turns: ${maxTurns} }
`;

/** Events of the turn above before those that end it, or say that it waits for calls. */
const eventsBeforeEnd = { messages: 8, chat: 4, responses: 12 } as const;

const looking: ModelAnswer = {
  id: "turn_1",
  content: [text("Look."), toolCall("bmcp_wiki_read", { text: "home" }, { id: "call_1" })],
  stop: "tool_use",
};

/** Why calls were not run, by their ids. */
function reasons(calls: readonly ToolUsage[]) {
  return Object.fromEntries(calls.map(({ toolCallId, invocationError }) => [toolCallId, invocationError]));
}

/** What a client has got of an answer, to its end or to where it was broken off. */
async function received(response: Response): Promise<string> {
  let all = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) all += decoder.decode(chunk, { stream: true });
  } catch {
    return all;
  }
  return all;
}

describe.each(apiModes)("$api, stream: $stream", ({ api, stream }) => {
  test("the last turn ends as a whole answer, also if the model calls what it must not", async () => {
    const again = toolCall("bmcp_wiki_read", { text: "home" }, { id: "call_2" });
    gateway.provider.next(looking, { ...looking, id: "turn_2", content: [text("More."), again] });
    const response = await send(gateway, api, stream);
    const answer = await readClientAnswer(api, response);
    expect(answer.texts.join("")).toBe("Look.More.");
    expect(answer).toMatchObject({
      calls: [],
      stop: { messages: "end_turn", chat: "stop", responses: "completed" }[api],
    });
    const { ended, toolUsages } = await gateway.interception(interceptionId(response));
    expect(ended).toMatchObject({ outcome: InterceptionOutcome.COMPLETED, upstreamTurns: 2 });
    expect(reasons(toolUsages)).toEqual({ call_1: undefined, call_2: "not_run_turn_limit" });
  });

  test("a call in an answer that is cut off by its length is not run, and its record says why", async () => {
    gateway.provider.next({ ...looking, stop: "length" });
    const response = await send(gateway, api, stream);
    expect(await readClientAnswer(api, response)).toMatchObject({ texts: ["Look."], calls: [] });
    const { toolUsages } = await gateway.interception(interceptionId(response));
    expect(reasons(toolUsages)).toEqual({ call_1: "not_run_incomplete" });
  });

  test("arguments that are no JSON are answered with an error, in a request that can be read", async () => {
    const broken = toolCall("bmcp_wiki_read", '{"text": hom', { id: "call_1" });
    gateway.provider.next({ ...looking, content: [broken] }, { id: "turn_2", content: "Sorry." });
    const answer = await readClientAnswer(api, await send(gateway, api, stream));
    expect(answer.texts).toEqual(["Sorry."]);
    const sent = gateway.provider.requests.at(-1)?.body.toString() ?? "";
    expect(() => JSON.parse(sent)).not.toThrow();
    expect(sent).toMatch(/its arguments are no (valid JSON|JSON object)/);
  });
});

describe.each(apiNames)("%s", (api) => {
  test("the client's idempotency key goes with its own request alone", async () => {
    gateway.provider.next(looking, { id: "turn_2", content: "Home." });
    await (await send(gateway, api, true, { headers: { "idempotency-key": "key-1" } })).text();
    const keys = gateway.provider.requests.slice(-2).map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toEqual(["key-1", undefined]);
  });

  test("a provider that is gone after a call is told as an error in the stream", async () => {
    gateway.provider.next(looking, { id: "turn_2", content: "Home.", delivery: { dropBeforeHeaders: true } });
    const response = await send(gateway, api, true);
    expect(await received(response)).toMatch(/"error"/);
    const { ended } = await gateway.interception(interceptionId(response));
    expect(ended).toMatchObject({ outcome: InterceptionOutcome.FAILED, errorType: "upstream_truncated" });
  });

  test("a refusal after a call that repeats the central key does not show it", async () => {
    gateway.provider.next(looking, httpError(401, `Incorrect API key: ${centralKey}.`));
    const told = await received(await send(gateway, api, true));
    expect(told).toContain("Incorrect API key");
    expect(told).not.toContain(centralKey);
  });

  test("an answer that breaks off shows nothing of a central call, which is recorded once it came", async () => {
    const callsOf = async (truncate: { afterEvents: number } | { afterBytes: number }) => {
      gateway.provider.next({ ...looking, delivery: { truncate } });
      const response = await send(gateway, api, true);
      expect(await received(response), JSON.stringify(truncate)).not.toMatch(/bmcp|call_1/);
      const { ended, toolUsages } = await gateway.interception(interceptionId(response));
      expect(ended?.errorType).toBe("upstream_truncated");
      return toolUsages;
    };
    for (const afterBytes of [500, 700, 900, 1000, 1100]) await callsOf({ afterBytes });
    expect(await callsOf({ afterEvents: 1 })).toEqual([]);
    const recorded = { messageId: "turn_1", toolCallId: "call_1", injected: true };
    expect(await callsOf({ afterEvents: eventsBeforeEnd[api] })).toMatchObject([
      { ...recorded, invocationError: "not_run_incomplete" },
    ]);
  });
});

test("where one request is all that is allowed, it is sent without central tools", async () => {
  await using single = await useGateway({ config: (url) => configOf(url, 1) });
  for (const api of apiNames) {
    await (await send(single, api, false)).text();
    expect(single.provider.requests.at(-1)?.members).not.toHaveProperty("tools");
  }
});

test("a last event that lacks nothing but the blank line behind it reaches the client", async () => {
  const chunk = (delta: object, reason: string | null) =>
    `data: ${JSON.stringify({ id: "turn_1", choices: [{ index: 0, delta, finish_reason: reason }] })}`;
  const body = `${chunk({ content: "Home." }, null)}\n\n${chunk({}, "stop")}`;
  gateway.provider.next({ raw: { headers: { "content-type": "text/event-stream" }, body } });
  expect(await received(await send(gateway, "chat", true))).toBe(body);
});
