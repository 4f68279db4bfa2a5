import { text, toolCall } from "@aibridge/sdk/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { readClientAnswer, readStreamedAnswer } from "../support/client-answers/read-client-answer.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { centralToolsConfig } from "../support/mcp/central-tools-config.ts";
import { type GenerationServer, mcpGenerations, type TestTool } from "../support/mcp/mcp-generations.ts";
import { useCentralTools } from "../support/mcp/use-central-tools.ts";
import { apiModes, apiNames, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

let gateway: GatewayUnderTest;
let wiki: GenerationServer;
/** Calls of the tool `wait` of one test, by their argument: each ends when its function is called. */
const waiting = new Map<string, () => void>();

const tools: readonly TestTool[] = [
  { name: "say" },
  {
    name: "wait",
    run: (page) =>
      new Promise((resolve) => {
        waiting.set(page, () => resolve(`waited for ${page}`));
      }),
  },
];

async function startServer(list: readonly TestTool[], port?: number): Promise<GenerationServer> {
  return mcpGenerations.modern(list, port);
}

beforeAll(async () => {
  wiki = await startServer(tools);
  gateway = await useGateway({
    config: (url) => centralToolsConfig(url, { wiki: wiki.url }),
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await wiki.close();
});

async function* chunksOf({ body }: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) yield decoder.decode(chunk, { stream: true });
}

/** What a client waits with, of each API. */
const keepAlives = {
  messages: 'event: ping\ndata: {"type":"ping"}\n\n',
  chat: '"delta":{},"finish_reason":null}]}\n\n',
  responses: 'event: keepalive\ndata: {"type":"keepalive","sequence_number":',
} as const;

test("while a tool runs, a stream of each API hears of it before 10 s are over", async () => {
  const first = (turn: number) => ({
    id: `turn_${turn}`,
    content: [text("Look."), toolCall("bmcp_wiki_wait", { text: String(turn) })],
    stop: "tool_use" as const,
  });
  gateway.provider.next(
    ...apiNames.map((_api, turn) => first(turn)),
    ...apiNames.map(() => ({ content: "Home." })),
  );
  const heard = await Promise.all(
    apiNames.map(async (api) => {
      let body = "";
      let longestMs = 0;
      let since = performance.now();
      for await (const chunk of chunksOf(await send(gateway, api, true))) {
        longestMs = Math.max(longestMs, performance.now() - since);
        since = performance.now();
        body += chunk;
        // The tool takes as long as it takes its client to hear something.
        const [, turn = ""] = /"turn_(\d)"/.exec(body) ?? [];
        if (body.includes(keepAlives[api])) waiting.get(turn)?.();
      }
      return { api, body, longestMs };
    }),
  );
  for (const { api, body, longestMs } of heard) {
    expect(longestMs, api).toBeGreaterThan(1_000);
    expect(longestMs, api).toBeLessThan(10_500);
    expect(readStreamedAnswer(api, body).texts.join("")).toBe("Look.Home.");
  }
});

describe.each(apiModes)("$api, stream: $stream", ({ api, stream }) => {
  test.each([1, 3, 10])(
    "%i calls of one turn run at once, and their results stand in the model's order",
    async (count) => {
      waiting.clear();
      const pages = Array.from({ length: count }, (_, index) => `${count}-${index}`);
      const calls = pages.map((page) => toolCall("bmcp_wiki_wait", { text: page }, { id: `call_${page}` }));
      gateway.provider.next({ content: calls, stop: "tool_use" }, { content: "done" });
      const answering = send(gateway, api, stream);
      // None is over before all have begun; the last one ends first.
      await eventually(() => expect(pages.every((page) => waiting.has(page))).toBe(true));
      for (const page of pages.toReversed()) waiting.get(page)?.();
      expect((await readClientAnswer(api, await answering)).texts).toEqual(["done"]);
      const second = gateway.provider.requests.at(-1)?.body.toString() ?? "";
      const results = [...second.matchAll(/waited for ([\d-]+)/g)].map(([, page]) => page);
      expect(results).toEqual(pages);
    },
  );
});

describe.each(apiNames)("%s", (api) => {
  test("the text of each of three turns is live: it comes before the provider has sent the rest", async () => {
    const turns = ["One ", "Two ", "Three "].map((word, index) => ({
      word,
      rest: Promise.withResolvers<void>(),
      calls: index === 2 ? [] : [toolCall("bmcp_wiki_say", { text: "x" }, { id: `call_${index}` })],
    }));
    gateway.provider.next(
      ...turns.map(({ word, rest, calls }, index) => ({
        id: `turn_${index}`,
        content: [text(word.repeat(20)), ...calls],
        delivery: { stall: { afterEvents: 5, until: rest.promise } },
      })),
    );
    let body = "";
    const live: string[] = [];
    for await (const chunk of chunksOf(await send(gateway, api, true))) {
      body += chunk;
      for (const { word, rest } of turns)
        if (body.includes(word) && !live.includes(word)) {
          live.push(word);
          rest.resolve();
        }
    }
    expect(live).toEqual(["One ", "Two ", "Three "]);
    expect(readStreamedAnswer(api, body).texts.join("")).toBe(
      turns.map(({ word }) => word.repeat(20)).join(""),
    );
  });
});

test("what Claude Code asks beside its conversation, without any tools, gets none", async () => {
  const headers = { "user-agent": "claude-cli/2.1.330 (external, sdk-cli)" };
  const own = { name: "Bash", input_schema: { type: "object" } };
  const ask = async (body: Readonly<Record<string, unknown>>) => {
    await (await send(gateway, "messages", true, { headers, body })).text();
    const { tools } = JSON.parse(gateway.provider.requests.at(-1)?.body.toString() ?? "");
    return tools?.map(({ name }: { name: string }) => name);
  };
  expect(await ask({})).toBeUndefined();
  expect(await ask({ tools: [own] })).toEqual(["bmcp_wiki_say", "bmcp_wiki_wait", "Bash"]);
});

test("a conversation that began while no server could be reached gets its tools when one can", async () => {
  await using central = await useCentralTools();
  const port = await freePort();
  const actor = crypto.randomUUID();
  const without = crypto.randomUUID();
  central.policies.set(actor, { servers: [{ name: "one", url: `http://127.0.0.1:${port}/mcp` }] });
  central.policies.set(without, { servers: [], cacheForSeconds: 0 });
  const headers = { "user-agent": "opencode/1.18", "x-opencode-session": "session-1" };
  const ask = (who: string) => central.tools(who, { headers });
  expect(await ask(actor)).toEqual([]);
  expect(await ask(without)).toEqual([]);
  const server = await startServer([{ name: "echo" }], port);
  onTestFinished(server.close);
  await eventually(async () => expect(await ask(actor)).toEqual(["bmcp_one_echo"]));
  // Who was to have none when the conversation began keeps none.
  central.policies.set(without, { servers: [{ name: "one", url: server.url }] });
  await eventually(async () => expect(await central.tools(without)).toEqual(["bmcp_one_echo"]));
  expect(await ask(without)).toEqual([]);
});
