import { toolCall } from "@aibridge/sdk/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { metricSum } from "../support/gateway-metrics.ts";
import { startEverythingServer } from "../support/mcp/everything-server.ts";
import { mcpGenerations, type TestTool } from "../support/mcp/mcp-generations.ts";
import { serveMcp } from "../support/mcp/mcp-test-server.ts";
import { type CentralToolsUnderTest, useCentralTools } from "../support/mcp/use-central-tools.ts";

let central: CentralToolsUnderTest;
beforeAll(async () => {
  central = await useCentralTools({ mcp: "{ discovery_budget: 2s }" });
});
afterAll(() => central[Symbol.asyncDispose]());

/** An actor of this test alone, with these servers. */
function newActor(...servers: { name: string; url: string }[]): string {
  const actor = crypto.randomUUID();
  central.policies.set(actor, { servers });
  return actor;
}

async function timed<Result>(run: () => Promise<Result>): Promise<{ result: Result; ms: number }> {
  const startedAt = performance.now();
  return { result: await run(), ms: performance.now() - startedAt };
}

describe.each(Object.entries(mcpGenerations))("a %s server", (generation, start) => {
  async function started(tools: TestTool[]) {
    const server = await start(tools);
    let open = true;
    const close = async () => {
      if (open) await server.close();
      open = false;
    };
    onTestFinished(close);
    return { ...server, close };
  }

  test("its tools are found and run, and the second request asks it for nothing", async () => {
    const server = await started([{ name: "echo" }, { name: "add" }]);
    const actor = newActor({ name: "one", url: server.url });
    expect(await central.tools(actor)).toEqual(["bmcp_one_add", "bmcp_one_echo"]);
    const requests = server.requests.length;
    expect(await central.tools(actor)).toEqual(["bmcp_one_add", "bmcp_one_echo"]);
    expect(server.requests.length).toBe(requests);
    const run = await central.call(actor, ["bmcp_one_echo", { text: "hi" }], ["bmcp_one_add", { text: "2" }]);
    expect(run).toMatchObject({ results: ["echo: hi", "add: 2"], isError: [false, false] });
    // One request for each call: the connection serves on.
    expect(server.requests.length).toBe(requests + 2);
  });

  test("that forgets its sessions between two calls is none the wiser, nor is the model", async () => {
    const server = await started([{ name: "echo" }]);
    const actor = newActor({ name: "one", url: server.url });
    await central.tools(actor);
    expect((await central.call(actor, ["bmcp_one_echo", { text: "1" }])).results).toEqual(["echo: 1"]);
    server.forgetSessions();
    expect((await central.call(actor, ["bmcp_one_echo", { text: "2" }])).results).toEqual(["echo: 2"]);
  });

  test("that dies keeps its tools; calls are answered with an error, and others run", async () => {
    const [server, other] = [await started([{ name: "echo" }]), await started([{ name: "echo" }])];
    const actor = newActor({ name: "one", url: server.url }, { name: "two", url: other.url });
    const tools = await central.tools(actor);
    await server.close();
    const run = await central.call(actor, ["bmcp_one_echo", { text: "1" }], ["bmcp_two_echo", { text: "2" }]);
    expect(run.isError).toEqual([true, false]);
    expect(run.results[0]).toMatch(
      /^The tool could not be run: it (cannot be reached|closed the connection)/,
    );
    expect(run.results[1]).toBe("echo: 2");
    expect(await central.tools(actor)).toEqual(tools);
    const { toolUsages } = await central.gateway.interception(run.interceptionId);
    expect(toolUsages.map(({ invocationError }) => invocationError !== undefined).sort()).toEqual([
      false,
      true,
    ]);
  });

  test.runIf(generation === "modern" || generation === "stateful")(
    "that says its tools changed is asked again",
    async () => {
      const server = await started([{ name: "echo" }]);
      const actor = newActor({ name: "one", url: server.url });
      await central.tools(actor);
      server.setTools([{ name: "late" }]);
      await eventually(async () => expect(await central.tools(actor)).toContain("bmcp_one_late"));
    },
  );

  test("two actors never share a connection or a credential", async () => {
    const server = await started([{ name: "echo" }]);
    const actors = ["alice-secret-0123456789", "bob-secret-0123456789"].map((accessToken) => {
      const actor = newActor();
      central.policies.set(actor, { servers: [{ name: "one", url: server.url, accessToken }] });
      return actor;
    });
    for (const actor of [...actors, ...actors]) await central.call(actor, ["bmcp_one_echo", { text: "x" }]);
    const tokensOf = new Map<string, Set<string | undefined>>();
    for (const { headers, url } of server.requests) {
      const session = String(headers["mcp-session-id"] ?? /sessionId=(.+)/.exec(url)?.[1] ?? "none");
      if (session === "none") continue;
      tokensOf.set(session, (tokensOf.get(session) ?? new Set()).add(headers.authorization));
    }
    for (const tokens of tokensOf.values()) expect(tokens.size).toBe(1);
    if (generation === "stateful" || generation === "sse") expect(tokensOf.size).toBe(2);
    const tokens = new Set(server.requests.map(({ headers }) => headers.authorization));
    expect(tokens).toEqual(new Set(["Bearer alice-secret-0123456789", "Bearer bob-secret-0123456789"]));
  });

  // A server without sessions cannot tell which of its calls is meant.
  test.skipIf(generation === "stateless")(
    "a client that goes away cancels the call at the server",
    async () => {
      const running = Promise.withResolvers<void>();
      const cancelled = Promise.withResolvers<string>();
      const run: TestTool["run"] = (_text, signal) => {
        signal.addEventListener("abort", () => cancelled.resolve("cancelled"));
        running.resolve();
        return cancelled.promise;
      };
      const server = await started([{ name: "slow", run }]);
      const actor = newActor({ name: "one", url: server.url });
      const client = new AbortController();
      central.gateway.provider.next({
        content: [toolCall("bmcp_one_slow", { text: "x" })],
        stop: "tool_use",
      });
      const answering = central.send(actor, { signal: client.signal });
      await running.promise;
      client.abort();
      await expect(answering).rejects.toThrow();
      expect(await cancelled.promise).toBe("cancelled");
    },
  );
});

test("a published server works, also after a restart that makes it forget its sessions", async () => {
  await using server = await startEverythingServer();
  const actor = newActor({ name: "every", url: server.url });
  expect(await central.tools(actor)).toContain("bmcp_every_echo");
  expect((await central.call(actor, ["bmcp_every_echo", { message: "hi" }])).results).toEqual(["Echo: hi"]);
  const image = await central.call(actor, ["bmcp_every_get-tiny-image", {}]);
  expect(image.results[0]).toContain("[image]");
  await server.restart();
  expect((await central.call(actor, ["bmcp_every_echo", { message: "again" }])).results).toEqual([
    "Echo: again",
  ]);
});

test("a server that cannot be reached costs no request any time, and joins in when it is back", async () => {
  const port = await freePort();
  const actor = newActor({ name: "one", url: `http://127.0.0.1:${port}/mcp` });
  expect((await timed(() => central.tools(actor))).result).toEqual([]);
  expect(await metricSum(central.gateway.adminUrl, "mcp_server_up", 'server="one"')).toBe(0);
  const server = await mcpGenerations.stateful([{ name: "echo" }], port);
  onTestFinished(server.close);
  await eventually(async () => expect(await central.tools(actor)).toEqual(["bmcp_one_echo"]));
});

test("a server that accepts and says nothing delays the first requests once, by the discovery budget", async () => {
  const silent = await serveMcp(() => undefined);
  onTestFinished(silent.close);
  const server = await mcpGenerations.modern([{ name: "echo" }]);
  onTestFinished(server.close);
  const actor = newActor({ name: "silent", url: silent.url }, { name: "one", url: server.url });
  const both = await Promise.all([timed(() => central.tools(actor)), timed(() => central.tools(actor))]);
  for (const { result, ms } of both) {
    expect(result).toEqual(["bmcp_one_echo"]);
    expect(ms).toBeLessThan(3_500);
  }
  const next = await timed(() => central.tools(actor));
  expect(next.ms).toBeLessThan(1_000);
  expect(await metricSum(central.gateway.adminUrl, "mcp_discovery_failures_total", 'server="silent"')).toBe(
    3,
  );
});
