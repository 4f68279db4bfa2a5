import { McpServerSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import pino from "pino";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { plainTool, startHostileServer } from "../../../test/support/mcp/hostile-server.ts";
import { type GenerationServer, mcpGenerations } from "../../../test/support/mcp/mcp-generations.ts";
import { type GuardedFetch, guardedFetch } from "./guarded-fetch.ts";
import { mcpAccess } from "./mcp-access.ts";
import { ServerLink } from "./server-link.ts";

const limits = { signal: AbortSignal.timeout(20_000), timeoutMs: 5_000 };
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function linkTo(server: { url: string }, more: { accessToken?: string } = {}): ServerLink {
  const guarded: GuardedFetch = guardedFetch();
  const access = mcpAccess(create(McpServerSchema, { name: "test", url: server.url, ...more }));
  const link = new ServerLink(access, {
    fetch: guarded.fetch,
    clientVersion: "1.0.0",
    log: pino({ level: "silent" }),
    reached: () => undefined,
  });
  closers.push(guarded.close, () => link.close());
  return link;
}

test.each([
  [undefined, 299_999],
  [0, 299_999],
  [3_600_000, 299_999],
  [60_000, 59_999],
  [1, 999],
  ["soon", 299_999],
])(
  "a list that is good for %s ms by its server's word is asked for again after %d ms",
  async (ttlMs, lastsMs) => {
    let lists = 0;
    const server = await startHostileServer({
      "tools/list": ({ result }) => {
        lists++;
        result({ tools: [plainTool("echo")], ttlMs });
      },
    });
    closers.push(server.close);
    const link = linkTo(server);
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    await link.discover();
    vi.advanceTimersByTime(lastsMs);
    void link.discover();
    await link.call({ name: "echo", inputSchema: { type: "object" } }, {}, limits);
    expect(lists).toBe(1);
    vi.advanceTimersByTime(1);
    void link.discover();
    await vi.waitFor(() => expect(lists).toBe(2));
  },
);

describe.each(Object.entries(mcpGenerations))("a %s server", (generation, start) => {
  async function started(...names: string[]): Promise<GenerationServer> {
    const server = await start(names.map((name) => ({ name, description: `${name}s` })));
    closers.push(server.close);
    return server;
  }

  test("lists its tools and runs them", async () => {
    const server = await started("echo", "other");
    const link = linkTo(server);
    await link.discover();
    expect(link.state).toEqual({ kind: "up", reason: undefined });
    expect(link.tools?.map(({ name, description }) => [name, description])).toEqual([
      ["echo", "echos"],
      ["other", "others"],
    ]);
    const echo = link.tools?.[0];
    if (echo === undefined) throw new Error("no tool");
    expect((await link.call(echo, { text: "hi" }, limits)).content).toEqual([
      { type: "text", text: "echo: hi" },
    ]);
  });

  test("gets the policy's credentials with every request, and nothing else of anybody", async () => {
    const server = await started("echo");
    const link = linkTo(server, { accessToken: "mcp-token" });
    await link.discover();
    expect(server.requests.length).toBeGreaterThan(0);
    for (const { headers } of server.requests) {
      expect(headers.authorization).toBe("Bearer mcp-token");
      expect(headers.cookie).toBeUndefined();
    }
  });

  test("that forgot its sessions is connected to anew, and the call is made", async () => {
    const server = await started("echo");
    const link = linkTo(server);
    await link.discover();
    const [echo] = link.tools ?? [];
    if (echo === undefined) throw new Error("no tool");
    server.forgetSessions();
    expect((await link.call(echo, { text: "again" }, limits)).content).toEqual([
      { type: "text", text: "echo: again" },
    ]);
  });

  test.runIf(generation === "modern" || generation === "stateful")(
    "that says its tools changed is asked again",
    async () => {
      const server = await started("echo");
      const link = linkTo(server);
      await link.discover();
      server.setTools([{ name: "late" }]);
      await eventually(() => expect(link.tools?.some(({ name }) => name === "late")).toBe(true));
    },
  );

  test("that dies keeps its last list, and its calls fail", async () => {
    const server = await started("echo");
    const link = linkTo(server);
    await link.discover();
    const [echo] = link.tools ?? [];
    if (echo === undefined) throw new Error("no tool");
    await server.close();
    closers.pop();
    onTestFinished(() => link.close());
    await expect(link.call(echo, { text: "hi" }, limits)).rejects.toThrow();
    expect(link.tools?.map(({ name }) => name)).toEqual(["echo"]);
  });
});
