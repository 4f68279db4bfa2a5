import { McpServerSchema } from "@aibridge/proto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import {
  type HostileAnswers,
  plainTool,
  startHostileServer,
} from "../../../test/support/mcp/hostile-server.ts";
import { type ToolPolicy, unknownPolicy } from "../control/tool-policies.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { ServerLinks } from "./server-links.ts";
import { type Pinning, ToolPins } from "./tool-pins.ts";
import type { PinnedDefinition } from "./tool-pins-definition.ts";
import type { ToolSet } from "./tool-set.ts";
import { ToolSource } from "./tool-source.ts";

const query = { actorId: "alice", apiKeyId: "key", providerName: "anthropic" };
const limits = { signal: AbortSignal.timeout(20_000), timeoutMs: 5_000 };

type ServerInit = MessageInitShape<typeof McpServerSchema>;

function policyOf(...servers: ServerInit[]): ToolPolicy {
  return { version: "1", servers: servers.map((server) => create(McpServerSchema, server)) };
}

/** A source over one policy, which can be changed; the test's own log. */
function sourceOf(first: ToolPolicy) {
  const state = {
    ...{ policy: first, renewed: undefined as ToolPolicy | undefined, refreshes: 0 },
    ...{ pinning: "off" as Pinning, pinned: 0 },
    /** What the service says of definitions: digests of those that wait. */
    judge: async (_definitions: readonly PinnedDefinition[]): Promise<ReadonlySet<string>> => new Set(),
  };
  const logged: string[] = [];
  const missed: string[] = [];
  const log = pino({ base: undefined }, { write: (line: string) => void logged.push(line) });
  const guarded = guardedFetch();
  const links = new ServerLinks({
    ...{ fetch: guarded.fetch, clientVersion: "1.0.0", log },
    reached: () => undefined,
  });
  onTestFinished(() => {
    links.close();
    return guarded.close();
  });
  const pins = new ToolPins({
    pin: (_server, definitions) => {
      state.pinned += definitions.length;
      return state.judge(definitions);
    },
    mode: () => state.pinning,
    log,
    changed: () => undefined,
  });
  const source = new ToolSource({
    policies: {
      get: () => state.policy,
      latest: () => state.policy,
      refresh: async () => {
        state.refreshes++;
        state.policy = state.renewed ?? state.policy;
        return state.policy;
      },
    },
    ...{ links, log, pins },
    discoveryBudgetMs: () => 1_000,
    discoveryFailed: (server) => missed.push(server),
  });
  return { state, logged, missed, source, pins };
}

async function served(answers: HostileAnswers = {}) {
  const server = await startHostileServer(answers);
  onTestFinished(server.close);
  return server;
}

function hexOf({ sha256 }: PinnedDefinition): string {
  return Buffer.from(sha256).toString("hex");
}

function idsOf(set: ToolSet | undefined): string[] {
  return set?.central.map(({ id }) => id) ?? [];
}

test("an actor without servers has no tools, at once", () => {
  const { source } = sourceOf(policyOf());
  expect(source.toolsFor(query)).toBeUndefined();
  expect(source.isSettled(query)).toBe(true);
});

test("nothing is settled while nobody tells the policy", () => {
  expect(sourceOf(unknownPolicy).source.isSettled(query)).toBe(false);
});

test("tools come in the order of the policy's servers; the same set at once as long as nothing changes", async () => {
  const [one, two] = [await served(), await served()];
  const { source } = sourceOf(policyOf({ name: "b", url: one.url }, { name: "a", url: two.url }));
  const set = await source.toolsFor(query);
  expect(idsOf(set)).toEqual(["bmcp_b_echo", "bmcp_a_echo"]);
  expect(source.toolsFor(query)).toBe(set);
});

test("a server that says nothing is waited for once, and missed by each request", async () => {
  const [silent, good] = [await served({ "tools/list": () => undefined }), await served()];
  const { source, missed } = sourceOf(
    policyOf({ name: "silent", url: silent.url }, { name: "good", url: good.url }),
  );
  const startedAt = performance.now();
  expect(idsOf(await source.toolsFor(query))).toEqual(["bmcp_good_echo"]);
  expect(performance.now() - startedAt).toBeLessThan(4_000);
  const next = source.toolsFor(query);
  expect(next).not.toBeInstanceOf(Promise);
  expect(idsOf(await next)).toEqual(["bmcp_good_echo"]);
  expect(missed).toEqual(["silent", "silent"]);
});

test("a list that comes too late for the first request is there for a later one", async () => {
  const list = Promise.withResolvers<void>();
  const late = await served({
    "tools/list": ({ result }) => void list.promise.then(() => result({ tools: [plainTool("late")] })),
  });
  const { source } = sourceOf(policyOf({ name: "one", url: late.url }));
  expect(await source.toolsFor(query)).toBeUndefined();
  expect(source.isSettled(query)).toBe(false);
  list.resolve();
  await eventually(async () => expect(idsOf(await source.toolsFor(query))).toEqual(["bmcp_one_late"]));
  expect(source.isSettled(query)).toBe(true);
});

test("a pattern that is not valid leaves its server out, and a log line names both", async () => {
  const server = await served();
  const { source, logged } = sourceOf(
    policyOf({ name: "wrong", url: server.url, toolDenyRegex: "(" }, { name: "right", url: server.url }),
  );
  expect(idsOf(await source.toolsFor(query))).toEqual(["bmcp_right_echo"]);
  expect(logged.join()).toMatch(/"level":50.*MCP server wrong: the deny pattern \\"\(\\" is not valid/);
});

test("a tool whose schema cannot be used is left out, and a log line names it", async () => {
  const tools = [plainTool("good"), plainTool("bad", { type: "string" })];
  const server = await served({ "tools/list": ({ result }) => result({ tools }) });
  const { source, logged } = sourceOf(policyOf({ name: "one", url: server.url }));
  expect(idsOf(await source.toolsFor(query))).toEqual(["bmcp_one_good"]);
  expect(logged.join()).toMatch(/"server":"one","tool":"bad","out":"its schema is of type/);
});

test("new credentials make new connections; the tools stay meanwhile", async () => {
  const server = await served();
  const { source, state } = sourceOf(policyOf({ name: "one", url: server.url, accessToken: "token-1" }));
  await source.toolsFor(query);
  server.intercept(() => undefined);
  state.policy = policyOf({ name: "one", url: server.url, accessToken: "token-2" });
  const next = source.toolsFor(query);
  expect(next).not.toBeInstanceOf(Promise);
  expect(idsOf(await next)).toEqual(["bmcp_one_echo"]);
  await eventually(() => expect(server.requests.at(-1)?.headers.authorization).toBe("Bearer token-2"));
});

test("credentials that are refused at the first request are asked for again, once", async () => {
  const server = await served();
  server.admit(({ authorization }) => authorization === "Bearer token-2");
  const { source, state } = sourceOf(policyOf({ name: "one", url: server.url, accessToken: "token-1" }));
  expect(await source.toolsFor(query)).toBeUndefined();
  expect(await source.toolsFor(query)).toBeUndefined();
  expect(state.refreshes).toBe(1);
  const renewing = sourceOf(policyOf({ name: "one", url: server.url, accessToken: "token-1" }));
  renewing.state.renewed = policyOf({ name: "one", url: server.url, accessToken: "token-2" });
  expect(idsOf(await renewing.source.toolsFor(query))).toEqual(["bmcp_one_echo"]);
});

test("a call with credentials that are refused is made once more with newer ones", async () => {
  const server = await served();
  const { source, state } = sourceOf(policyOf({ name: "one", url: server.url, accessToken: "token-1" }));
  const tool = (await source.toolsFor(query))?.byId.get("bmcp_one_echo");
  if (tool === undefined) throw new Error("no tool");
  server.admit(({ authorization }) => authorization === "Bearer token-2");
  await expect(source.call(query, tool, { text: "x" }, limits)).rejects.toThrow("it refused the credentials");
  state.renewed = policyOf({ name: "one", url: server.url, accessToken: "token-2" });
  const result = await source.call(query, tool, { text: "x" }, limits);
  expect(result.content).toEqual([{ type: "text", text: "echo: x" }]);
  expect(state.refreshes).toBe(2);
});

test.each<[string, (server: ServerInit) => ServerInit[]]>([
  ["without its server", () => []],
  ["with its server elsewhere", (server) => [{ ...server, url: `${server.url}/other` }]],
  ["that denies it", (server) => [{ ...server, toolDenyRegex: "echo" }]],
  ["whose pattern is not valid", (server) => [{ ...server, toolAllowRegex: "(" }]],
])("a tool is not called by a policy %s", async (_case, changed) => {
  const { url } = await served();
  const { source, state } = sourceOf(policyOf({ name: "one", url }));
  const tool = (await source.toolsFor(query))?.byId.get("bmcp_one_echo");
  if (tool === undefined) throw new Error("no tool");
  state.policy = policyOf(...changed({ name: "one", url }));
  await expect(source.call(query, tool, { text: "x" }, limits)).rejects.toThrow("not available any more");
});

test("with pinning, a first request waits for the check of the tools no longer than its budget, and no other one", async () => {
  const server = await served();
  const { source, state } = sourceOf(policyOf({ name: "one", url: server.url }));
  const answer = Promise.withResolvers<ReadonlySet<string>>();
  Object.assign(state, { pinning: "block", judge: () => answer.promise });
  const startedAt = performance.now();
  expect(await source.toolsFor(query)).toBeUndefined();
  expect(performance.now() - startedAt).toBeLessThan(4_000);
  expect(source.toolsFor(query)).toBeUndefined();
  expect(source.isSettled(query)).toBe(false);
  answer.resolve(new Set());
  await eventually(() => expect(source.isSettled(query)).toBe(true));
  expect(idsOf(await source.toolsFor(query))).toEqual(["bmcp_one_echo"]);
});

test("with pinning, the tools are the same set at once as long as nothing changes, and nobody is asked again", async () => {
  const server = await served();
  const { source, state } = sourceOf(policyOf({ name: "one", url: server.url }));
  state.pinning = "block";
  const set = await source.toolsFor(query);
  expect(idsOf(set)).toEqual(["bmcp_one_echo"]);
  expect(source.toolsFor(query)).toBe(set);
  await source.toolsFor({ ...query, actorId: "bob" });
  expect(state.pinned).toBe(1);
});

test("with pinning, a tool that went into a conversation is not called while what its server says by now waits", async () => {
  let description = "1";
  const server = await served({
    "tools/list": ({ result }) => result({ tools: [{ ...plainTool("echo"), description }] }),
  });
  const { source, state, pins } = sourceOf(
    policyOf({ name: "one", url: server.url, accessToken: "token-1" }),
  );
  state.pinning = "block";
  const tool = (await source.toolsFor(query))?.byId.get("bmcp_one_echo");
  if (tool === undefined) throw new Error("no tool");
  const call = () => source.call(query, tool, { text: "x" }, limits);
  description = "2";
  state.judge = async (definitions) => new Set(definitions.map(hexOf));
  // Another link lists the tools anew.
  state.policy = policyOf({ name: "one", url: server.url, accessToken: "token-2" });
  await eventually(() => expect(call()).rejects.toThrow("its definition changed and waits to be approved"));
  state.judge = async () => new Set();
  pins.markStale();
  expect((await call()).content).toEqual([{ type: "text", text: "echo: x" }]);
});
