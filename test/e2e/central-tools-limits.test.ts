import { InterceptionOutcome } from "@aibridge/proto";
import { toolCall } from "@aibridge/sdk/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { metricSum } from "../support/gateway-metrics.ts";
import { centralToolsConfig } from "../support/mcp/central-tools-config.ts";
import { plainTool, startHostileServer } from "../support/mcp/hostile-server.ts";
import type { McpTestServer } from "../support/mcp/mcp-test-server.ts";
import { type ApiCase, apiModes, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

/** Two more than OpenAI takes. */
const toolNames = Array.from({ length: 130 }, (_, index) => `t${String(index).padStart(3, "0")}`);
const large = "x".repeat(700_000);

let gateway: GatewayUnderTest;
let server: McpTestServer;
beforeAll(async () => {
  server = await startHostileServer({
    "tools/list": ({ result }) => result({ tools: toolNames.map((name) => plainTool(name)) }),
    "tools/call": ({ result }) => result({ content: [{ type: "text", text: large }] }),
  });
  gateway = await useGateway({
    config: (url) =>
      centralToolsConfig(
        url,
        { many: server.url },
        `
limits: { buffered_bytes: 1MiB }
recording: { max_content_bytes: 1KiB }
`,
      ),
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server.close();
});

describe.each(apiModes)("$api, stream: $stream", ({ api, stream }) => {
  test("requests within a loop count as buffered, and one too many ends it with an error", async () => {
    const call = (id: string) => toolCall("bmcp_many_t000", {}, { id });
    gateway.provider.next({ content: [call("call_1"), call("call_2")], stop: "tool_use" });
    const requests = gateway.provider.requests.length;
    const response = await send(gateway, api, stream);
    const told = await received(response);
    if (!stream) expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(told).toContain("holds too many request bytes");
    expect(gateway.provider.requests.length).toBe(requests + 1);
    const { ended, toolUsages } = await gateway.interception(interceptionId(response));
    expect(ended).toMatchObject({
      outcome: InterceptionOutcome.FAILED,
      errorType: "overloaded",
      upstreamTurns: 1,
    });
    expect(toolUsages).toHaveLength(2);
    await roomForLargeRequest();
  });

  test("a loop whose requests have room leaves nothing behind", async () => {
    for (const turn of ["one", "two"]) {
      gateway.provider.next(
        { content: [toolCall("bmcp_many_t000", {}, { id: `call_${turn}` })], stop: "tool_use" },
        { content: "done" },
      );
      const response = await send(gateway, api, stream);
      expect(await response.text()).toContain("done");
    }
    await roomForLargeRequest();
  });
});

/** What a client has got of an answer, to its end or to where it was broken off. */
async function received({ body }: Response): Promise<string> {
  let all = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body ?? []) all += decoder.decode(chunk, { stream: true });
  } catch {
    return all;
  }
  return all;
}

/** All the room there is for requests can be had. */
async function roomForLargeRequest(): Promise<void> {
  const messages = [{ role: "user", content: "x".repeat(1_040_000) }];
  await eventually(async () => {
    const response = await send(gateway, "messages", false, { body: { messages } });
    await response.text();
    return response.ok ? true : undefined;
  });
}

/** Names of the tools that the provider gets of a request. */
async function toolsOf(api: ApiCase, body: Readonly<Record<string, unknown>> = {}): Promise<string[]> {
  await (await send(gateway, api, false, { body })).text();
  const { tools } = JSON.parse(gateway.provider.requests.at(-1)?.body.toString() ?? "");
  return tools.map(
    (tool: { name?: string; function?: { name: string } }) => tool.name ?? tool.function?.name,
  );
}

describe("more tools than a provider takes", () => {
  const ids = toolNames.map((name) => `bmcp_many_${name}`);
  const leftOut = (labels: string) => metricSum(gateway.adminUrl, "mcp_tools_left_out_total", labels);
  const lines = () => gateway.dataPlane.output.split("\n").filter((line) => line.includes("are left out of"));

  test("are left out from the end on, which the log says once and a metric for each request", async () => {
    const before = await leftOut('provider="openai",reason="no_room"');
    expect(await toolsOf("messages")).toEqual(ids);
    const loggedBefore = lines().length;
    for (const api of ["chat", "responses", "chat"] as const)
      expect(await toolsOf(api)).toEqual(ids.slice(0, 128));
    expect(await leftOut('provider="openai",reason="no_room"')).toBe(before + 6);
    expect(await leftOut('provider="anthropic"')).toBe(0);
    await eventually(() => expect(lines().length).toBeGreaterThan(0));
    expect(lines().filter((line) => line.includes('"tools":2'))).toHaveLength(1);
    expect(lines().length - loggedBefore).toBeLessThanOrEqual(1);
  });

  test("are left out altogether where the client's own fill the request, and this is said too", async () => {
    const own = Array.from({ length: 128 }, (_, index) => ({
      type: "function",
      function: { name: `own${index}` },
    }));
    const before = await leftOut('provider="openai",reason="no_room"');
    expect(await toolsOf("chat", { tools: own })).toHaveLength(128);
    expect(await leftOut('provider="openai",reason="no_room"')).toBe(before + 130);
    await eventually(() => expect(lines().join("\n")).toContain('"tools":130'));
  });

  test("are told from those whose names the client uses", async () => {
    const own = [{ name: "bmcp_many_t007", input_schema: { type: "object" } }];
    expect(await toolsOf("messages", { tools: own })).toEqual([
      ...ids.filter((id) => id !== "bmcp_many_t007"),
      "bmcp_many_t007",
    ]);
    expect(await leftOut('provider="anthropic",reason="name_taken"')).toBe(1);
    await eventually(() =>
      expect(lines().join("\n")).toMatch(/"first":\["bmcp_many_t007"\].*the client has tools of their names/),
    );
  });
});
