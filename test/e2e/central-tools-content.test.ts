import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { toolCall } from "@aibridge/sdk/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { readClientAnswer } from "../support/client-answers/read-client-answer.ts";
import { centralToolsConfig } from "../support/mcp/central-tools-config.ts";
import { type HostileRequest, startHostileServer } from "../support/mcp/hostile-server.ts";
import { type GenerationServer, mcpGenerations } from "../support/mcp/mcp-generations.ts";
import type { McpTestServer } from "../support/mcp/mcp-test-server.ts";
import { type ApiCase, apiModes, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

/** What the server says to a call of its tool, by the argument `text`. */
const results: Readonly<Record<string, object>> = {
  text: { content: [{ type: "text", text: "hi" }] },
  image: { content: [{ type: "image", mimeType: "image/png", data: "aGk=" }] },
  "another image": { content: [{ type: "image", mimeType: "image/tiff", data: "aGk=" }] },
  sound: { content: [{ type: "audio", mimeType: "audio/wav", data: "aGk=" }] },
  file: { content: [{ type: "resource", resource: { uri: "file:///a", text: "inside" } }] },
  blob: { content: [{ type: "resource", resource: { uri: "file:///a", blob: "aGk=", mimeType: "a/b" } }] },
  link: { content: [{ type: "resource_link", name: "notes", uri: "https://wiki.example/notes" }] },
  unknown: {
    content: [
      { type: "text", text: "First:" },
      { type: "smell", of: "roses" },
    ],
  },
  structure: { content: [], structuredContent: { a: 1 } },
  both: { content: [{ type: "text", text: "a is 1" }], structuredContent: { a: 1 } },
  nothing: { content: [] },
  failure: { content: [{ type: "text", text: "no such page" }], isError: true },
};

/** What the model gets of each in words; images are shown where an API can. */
const shown: Readonly<Record<string, string>> = {
  text: "hi",
  image: "[image: image/png aGk=]",
  "another image": "[an image of type image/tiff, which cannot be shown here]",
  sound: "[a sound of type audio/wav, which cannot be played here]",
  file: "inside",
  blob: "[a file: file:///a (a/b)]",
  link: "[a link: notes https://wiki.example/notes]",
  unknown: 'First:\n{"type":"smell","of":"roses"}',
  structure: '{"a":1}',
  both: "a is 1",
  nothing: "(no content)",
};
/** What differs between the APIs. */
const shownBy: Readonly<Record<ApiCase, Readonly<Record<string, string>>>> = {
  messages: { failure: "[error] no such page" },
  chat: {
    image: "[an image of type image/png, which cannot be shown here]",
    failure: "Error: no such page",
  },
  responses: { failure: "The call failed: no such page" },
};

let gateway: GatewayUnderTest;
let server: McpTestServer;
let modern: GenerationServer;
/** Answers calls of the server's tool otherwise than by the table above. */
let answerCall: ((request: HostileRequest) => void) | undefined;
beforeAll(async () => {
  server = await startHostileServer({
    "tools/call": (request) => {
      if (answerCall !== undefined) answerCall(request);
      else request.result(results[request.params.arguments.text]);
    },
  });
  modern = await mcpGenerations.modern([{ name: "echo" }, { name: "find", paramHeader: "page" }]);
  gateway = await useGateway({
    config: (url) =>
      centralToolsConfig(url, { wiki: server.url, modern: modern.url }, "mcp: { call_timeout: 1s }"),
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server.close();
  await modern.close();
});

/** A request whose model calls the tool with these texts; what the model got, in words. */
async function call(api: ApiCase, stream: boolean, tool: string, texts: readonly string[]) {
  const content = texts.map((text, index) => toolCall(tool, { text }, { id: `call_${index}` }));
  gateway.provider.next({ id: "turn_1", content, stop: "tool_use" }, { id: "turn_2", content: "done" });
  const response = await send(gateway, api, stream);
  expect((await readClientAnswer(api, response)).texts).toEqual(["done"]);
  const request = JSON.parse(gateway.provider.requests.at(-1)?.body.toString() ?? "");
  return received[api](request, texts.length);
}

type Part = Readonly<Record<string, unknown>>;

/** The results in a request, as words. */
// biome-ignore lint/suspicious/noExplicitAny: requests of three APIs
const received: Readonly<Record<ApiCase, (request: any, count: number) => string[]>> = {
  messages: ({ messages }) =>
    messages.at(-1).content.map(({ content, is_error }: { content: Part[]; is_error?: true }) => {
      const words = content.map((part) => wordsOf(part, part.source as Part | undefined));
      return (is_error ? "[error] " : "") + words.join("\n");
    }),
  chat: ({ messages }, count) => messages.slice(-count).map(({ content }: Part) => content),
  responses: ({ input }, count) =>
    input
      .slice(-count)
      .map(({ output }: { output: string | Part[] }) =>
        typeof output === "string" ? output : output.map((part) => wordsOf(part, undefined)).join("\n"),
      ),
};

function wordsOf(part: Part, source: Part | undefined): string {
  if (source !== undefined) return `[image: ${source.media_type} ${source.data}]`;
  const [, type, data] = /^data:(.*);base64,(.*)$/.exec(String(part.image_url)) ?? [];
  return type === undefined ? String(part.text) : `[image: ${type} ${data}]`;
}

describe.each(apiModes)("$api, stream: $stream", ({ api, stream }) => {
  test("content of every kind goes to the model", async () => {
    const kinds = Object.keys(results);
    const got = await call(api, stream, "bmcp_wiki_echo", kinds);
    expect(Object.fromEntries(kinds.map((kind, index) => [kind, got[index]]))).toEqual({
      ...shown,
      ...shownBy[api],
    });
  });
});

test("a server of MCP 2026-07-28 may send content of kinds that nobody knows yet", async () => {
  await call("messages", false, "bmcp_modern_echo", ["x"]);
  modern.intercept(async (request, response) => {
    if (request.headers["mcp-method"] !== "tools/call") return void response.writeHead(405).end();
    const { id } = (await new Response(Readable.toWeb(request) as ReadableStream<Uint8Array>).json()) as {
      id: number;
    };
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ jsonrpc: "2.0", id, result: { resultType: "complete", ...results.unknown } }),
    );
  });
  onTestFinished(() => modern.intercept(undefined));
  const got = await call("messages", true, "bmcp_modern_echo", ["x"]);
  expect(got).toEqual([shown.unknown]);
});

test("arguments that a server wants as headers are sent as both", async () => {
  const got = await call("messages", false, "bmcp_modern_find", ["page", "Übersicht"]);
  // This server refuses a call without the header, or with another value in it.
  expect(got).toEqual(["find: page", "find: Übersicht"]);
  const sent = modern.requests.map(({ headers }) => headers["mcp-param-page"]).filter(Boolean);
  expect(sent).toEqual(["page", expect.stringMatching(/^=\?base64\?.*\?=$/)]);
});

describe("a call whose outcome is not known is made once", () => {
  test.each<[string, (request: HostileRequest) => void]>([
    ["a connection that breaks", ({ response }) => void response.destroy()],
    ["HTTP 500", ({ http }) => http(500, {})],
    ["HTTP 400 of a server without sessions", ({ http }) => http(400, {})],
    ["HTTP 503 with Retry-After", ({ http }) => http(503, { "retry-after": "0" })],
    [
      "a stream that ends",
      ({ events, response }) => {
        events();
        response.end();
      },
    ],
    ["silence", () => undefined],
    ["what cannot be read", ({ http }) => http(200, { "content-type": "application/json" }, "{")],
  ])("after %s", async (_case, answer) => {
    let calls = 0;
    answerCall = (request) => {
      calls++;
      answer(request);
    };
    onTestFinished(() => {
      answerCall = undefined;
    });
    const got = await call("messages", false, "bmcp_wiki_echo", ["text"]);
    expect(got).toEqual([expect.stringMatching(/^\[error\] The tool could not be run: /)]);
    expect(calls).toBe(1);
  });
});
