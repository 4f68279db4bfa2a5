import { McpServerSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import pino from "pino";
import { expect, test, vi } from "vitest";
import type { ServerTool } from "./tool-list.ts";
import { type Pinning, ToolPins } from "./tool-pins.ts";
import type { PinnedDefinition } from "./tool-pins-definition.ts";

const wiki = create(McpServerSchema, { name: "wiki", url: "https://wiki.example/mcp?token=secret" });

function tool(name: string, description = ""): ServerTool {
  return { name, description, inputSchema: { type: "object" } };
}

function hexOf({ sha256 }: PinnedDefinition): string {
  return Buffer.from(sha256).toString("hex");
}

/** Pins over a service whose answers the test decides: by default the first definition of a tool is approved. */
function usePins(mode: Pinning = "block", maxVerdicts?: number) {
  const approved = new Map<string, Set<string>>();
  const state = {
    mode,
    asked: [] as { url: string; names: string[] }[],
    answer: async (definitions: readonly PinnedDefinition[]): Promise<ReadonlySet<string>> => {
      const waiting = new Set<string>();
      for (const one of definitions) {
        const known = approved.get(one.name) ?? new Set([hexOf(one)]);
        approved.set(one.name, known);
        if (!known.has(hexOf(one))) waiting.add(hexOf(one));
      }
      return waiting;
    },
    approveAll: () => {
      state.answer = async () => new Set();
    },
  };
  const logged: string[] = [];
  const changes: [server: string, definitions: number][] = [];
  const pins = new ToolPins({
    pin: (server, definitions) => {
      state.asked.push({ url: server.url, names: definitions.map(({ name }) => name) });
      return state.answer(definitions);
    },
    mode: () => state.mode,
    log: pino({ base: undefined, timestamp: false }, { write: (line: string) => void logged.push(line) }),
    changed: (...change) => changes.push(change),
    ...(maxVerdicts !== undefined && { maxVerdicts }),
  });
  const admitted = (tools: readonly ServerTool[]) =>
    pins.admitted(wiki, tools).map(({ name, description }) => `${name}${description}`);
  return { pins, state, logged, changes, admitted };
}

test("off: nobody is asked, every tool is in", () => {
  const { pins, state, admitted } = usePins("off");
  const tools = [tool("read")];
  expect(pins.settle(wiki, tools)).toBeUndefined();
  expect(pins.isSettled(wiki, tools)).toBe(true);
  expect(pins.admitted(wiki, tools)).toBe(tools);
  expect(pins.problem(wiki, tool("read"), [tool("read", "2")])).toBeUndefined();
  expect(admitted(tools)).toEqual(["read"]);
  expect(state.asked).toEqual([]);
});

test("block: what was never judged is withheld until there is an answer, which is asked for once for everybody", async () => {
  const { pins, state, admitted } = usePins();
  const [mine, others] = [
    [tool("read"), tool("write")],
    [tool("write"), tool("read"), tool("say")],
  ];
  const settling = [pins.settle(wiki, mine), pins.settle(wiki, others)];
  expect(admitted(mine)).toEqual([]);
  expect(pins.isSettled(wiki, mine)).toBe(false);
  await Promise.all(settling);
  expect(pins.admitted(wiki, mine)).toBe(mine);
  expect(admitted(others)).toEqual(["write", "read", "say"]);
  expect(pins.isSettled(wiki, mine)).toBe(true);
  expect([pins.settle(wiki, mine), pins.settle(wiki, [tool("say"), tool("read")])]).toEqual([
    undefined,
    undefined,
  ]);
  expect(state.asked).toEqual([
    { url: "https://wiki.example/mcp", names: ["read", "write"] },
    { url: "https://wiki.example/mcp", names: ["say"] },
  ]);
});

test("block: a definition that changed is withheld until approved, and told once", async () => {
  const { pins, state, logged, changes, admitted } = usePins();
  await pins.settle(wiki, [tool("read"), tool("write")]);
  const changed = [tool("read", "2"), tool("write")];
  await pins.settle(wiki, changed);
  expect(admitted(changed)).toEqual(["write"]);
  expect(pins.admitted(wiki, changed)).toBe(pins.admitted(wiki, changed));
  expect(pins.isSettled(wiki, changed)).toBe(true);
  expect(pins.settle(wiki, changed)).toBeUndefined();
  await pins.settle(wiki, [tool("read", "2"), tool("write")]);
  expect(changes).toEqual([["wiki", 1]]);
  expect(logged).toHaveLength(1);
  expect(JSON.parse(logged[0] ?? "")).toEqual({
    ...{ level: 40, server: "wiki", url: "https://wiki.example/mcp", tools: ["read"], count: 1 },
    msg: "definitions of MCP tools differ from what is approved: they are withheld until approved",
  });
  pins.markStale();
  await pins.settle(wiki, changed);
  expect(admitted(changed)).toEqual(["write"]);
  state.approveAll();
  expect(pins.settle(wiki, changed)).toBeUndefined();
  pins.markStale();
  await pins.settle(wiki, changed);
  expect(pins.admitted(wiki, changed)).toBe(changed);
  expect(changes).toHaveLength(1);
});

test("what waits is asked for again after a minute", async () => {
  const { pins, state, admitted } = usePins();
  const now = vi.spyOn(performance, "now").mockReturnValue(1_000);
  const changed = [tool("read", "2")];
  await pins.settle(wiki, [tool("read")]);
  await pins.settle(wiki, changed);
  state.approveAll();
  now.mockReturnValue(60_000);
  expect(pins.settle(wiki, changed)).toBeUndefined();
  now.mockReturnValue(61_001);
  await pins.settle(wiki, changed);
  expect(admitted(changed)).toEqual(["read2"]);
  now.mockRestore();
});

test("warn: a definition that changed goes in at once, and is told", async () => {
  const { pins, logged, changes, admitted } = usePins("warn");
  const [first, changed] = [[tool("read")], [tool("read", "2")]];
  expect(pins.settle(wiki, first)).toBeUndefined();
  await vi.waitFor(() => expect(pins.settle(wiki, changed)).toBeUndefined());
  expect(admitted(changed)).toEqual(["read2"]);
  expect(pins.problem(wiki, changed[0] as ServerTool, changed)).toBeUndefined();
  await vi.waitFor(() => expect(changes).toEqual([["wiki", 1]]));
  expect(logged.join()).toContain('"msg":"definitions of MCP tools differ from what is approved"');
});

test("another mode applies at once", async () => {
  const { pins, state, admitted } = usePins("warn");
  const changed = [tool("read", "2")];
  void pins.settle(wiki, [tool("read")]);
  void pins.settle(wiki, changed);
  state.mode = "block";
  await vi.waitFor(() => expect(pins.isSettled(wiki, changed)).toBe(true));
  expect(admitted(changed)).toEqual([]);
  state.mode = "off";
  expect(admitted(changed)).toEqual(["read2"]);
});

test("while the service is away what is approved stays in; it is asked again with back-off, and nobody waits", async () => {
  const { pins, state, logged, admitted } = usePins();
  const now = vi.spyOn(performance, "now").mockReturnValue(1_000);
  await pins.settle(wiki, [tool("read")]);
  const { answer } = state;
  state.answer = () => Promise.reject(new Error("away"));
  const tools = [tool("read"), tool("write")];
  await pins.settle(wiki, tools);
  expect(admitted(tools)).toEqual(["read"]);
  expect(pins.isSettled(wiki, tools)).toBe(false);
  const asked = () => state.asked.length;
  expect([pins.settle(wiki, tools), asked()]).toEqual([undefined, 2]);
  for (const [at, asks] of [
    [1_999, 2],
    [2_000, 3],
    [3_999, 3],
    [4_000, 4],
  ] as const) {
    now.mockReturnValue(at);
    expect([pins.settle(wiki, tools), asked()]).toEqual([undefined, asks]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  state.answer = answer;
  // The service is heard again.
  pins.markStale();
  await pins.settle(wiki, tools);
  expect(admitted(tools)).toEqual(["read", "write"]);
  expect(logged.map((line) => JSON.parse(line).msg)).toEqual([
    expect.stringContaining("cannot be checked"),
    expect.stringContaining("can be checked again"),
  ]);
  now.mockRestore();
});

test("warn: while the service is away everything is in", async () => {
  const { pins, state, admitted } = usePins("warn");
  state.answer = () => Promise.reject(new Error("away"));
  const tools = [tool("read")];
  expect(pins.settle(wiki, tools)).toBeUndefined();
  expect(admitted(tools)).toEqual(["read"]);
});

test("a tool of a conversation is not called once its server says something else of it", async () => {
  const { pins, state } = usePins();
  const first = tool("read");
  await pins.settle(wiki, [first]);
  expect(pins.problem(wiki, first, [first])).toBeUndefined();
  expect(pins.problem(wiki, first, [])).toBeUndefined();
  const changed = [tool("read", "2")];
  expect(pins.problem(wiki, first, changed)).toBe("its definition could not be checked");
  await pins.settle(wiki, changed);
  expect(pins.problem(wiki, first, changed)).toBe("its definition changed and waits to be approved");
  expect(pins.problem(wiki, first, [...changed, first])).toBeUndefined();
  expect(pins.problem(wiki, changed[0] as ServerTool, [first])).toBe(
    "its definition changed and waits to be approved",
  );
  state.approveAll();
  pins.markStale();
  await pins.settle(wiki, changed);
  expect(pins.problem(wiki, first, changed)).toBeUndefined();
});

test("what is approved stays so, however many definitions another server has had judged since", async () => {
  const { pins, admitted } = usePins("block", 3);
  const tools = [tool("read")];
  await pins.settle(wiki, tools);
  const other = create(McpServerSchema, { name: "other", url: "https://other.example/mcp" });
  await pins.settle(other, [tool("a"), tool("b"), tool("c"), tool("d")]);
  expect(pins.problem(wiki, tools[0] as ServerTool, tools)).toBeUndefined();
  expect(pins.settle(wiki, tools)).toBeUndefined();
  expect(admitted(tools)).toEqual(["read"]);
});

test("what is nested too deep to be compared is withheld, and nobody is asked", async () => {
  const { pins, state, admitted } = usePins();
  const inputSchema = JSON.parse(`{"type":"object","x":${"[".repeat(200_000)}${"]".repeat(200_000)}}`);
  const tools = [{ ...tool("deep"), inputSchema }, tool("read")];
  await pins.settle(wiki, tools);
  expect(admitted(tools)).toEqual(["read"]);
  expect(pins.isSettled(wiki, tools)).toBe(true);
  expect(state.asked.map(({ names }) => names)).toEqual([["read"]]);
});

test("however much changes at once, it is one line of bounded length", async () => {
  const { pins, logged, changes } = usePins();
  const tools = (says: string) =>
    Array.from({ length: 2_000 }, (_, index) => tool(`${index}${"x".repeat(300)}`, says));
  await pins.settle(wiki, tools("1"));
  await pins.settle(wiki, tools("2"));
  expect(changes).toEqual([["wiki", 2_000]]);
  expect(logged).toHaveLength(1);
  expect(logged[0]?.length).toBeLessThan(10_000);
});
