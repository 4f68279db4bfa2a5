import { hash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { AdminService, ConfigService, ToolPolicyService } from "@aibridge/proto";
import { Code } from "@connectrpc/connect";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { DATABASES, stopMariaDbAfterAll, useStore } from "./test-support/databases.ts";
import { codeOf } from "./test-support/record-batches.ts";
import { type TestControlPlane, useControlPlane } from "./test-support/use-control-plane.ts";

stopMariaDbAfterAll();

const KEYS = { gatewayKey: "g".repeat(32), adminKey: "a".repeat(32) };
const WIKI = { serverName: "wiki", serverUrl: "https://wiki.example/mcp" };

/** A tool that says something of itself. */
function tool(name: string, says = "") {
  const definition = JSON.stringify({ name, description: says, inputSchema: {} });
  return { name, definition, sha256: hash("sha256", definition, "buffer") };
}

/** SQLite tells the time in milliseconds. */
async function untilLater(): Promise<void> {
  const now = Date.now();
  await eventually(() => Date.now() > now || undefined);
}

describe.each(DATABASES)("$name", ({ make }) => {
  async function useOne(): Promise<TestControlPlane> {
    return useControlPlane({ database: (await make()).address, ...KEYS });
  }

  async function useTwo() {
    const { address: database } = await make();
    return [
      await useControlPlane({ database, ...KEYS }),
      await useControlPlane({ database, ...KEYS }),
    ] as const;
  }

  /** What waits of these tools, by what they say. */
  async function waiting(one: TestControlPlane, tools: ReturnType<typeof tool>[], server = WIKI) {
    const { waitingSha256 } = await one.gateway(ToolPolicyService).pinTools({ ...server, tools });
    const digests = waitingSha256.map((sha256) => Buffer.from(sha256).toString("hex"));
    return tools.filter(({ sha256 }) => digests.includes(sha256.toString("hex")));
  }

  test("the first definition of a tool is approved, every other one waits, and stays approved once it is", async () => {
    const one = await useOne();
    const [first, second, third] = [tool("read", "1"), tool("read", "2"), tool("read", "3")];
    expect(await waiting(one, [first])).toEqual([]);
    expect(await waiting(one, [first, second, third])).toEqual([second, third]);
    const { approved } = await one.admin(AdminService).approveTools({ ...WIKI, sha256: second.sha256 });
    expect(approved).toMatchObject([
      { ...WIKI, tool: "read", sha256: new Uint8Array(second.sha256), approvedAt: expect.anything() },
    ]);
    expect(await waiting(one, [third, second, first])).toEqual([third]);
    expect((await one.admin(AdminService).approveTools(WIKI)).approved).toHaveLength(1);
    expect(await waiting(one, [first, second, third])).toEqual([]);
  });

  test("of two definitions in one list the first counts", async () => {
    const one = await useOne();
    const tools = [tool("z"), tool("read", "1"), tool("a"), tool("read", "2"), tool("read", "1")];
    expect(await waiting(one, tools)).toEqual([tools[3]]);
  });

  test.each([
    ["at another URL", { ...WIKI, serverUrl: `${WIKI.serverUrl}/` }, "read"],
    ["of another server", { ...WIKI, serverName: "Wiki" }, "read"],
    ["of a server with a blank", { ...WIKI, serverName: "wiki " }, "read"],
    ["with another case", WIKI, "READ"],
    ["with a trailing blank", WIKI, "read "],
    ["with an accent", WIKI, "réad"],
  ])("a tool %s is another one", async (_case, server, name) => {
    const one = await useOne();
    await waiting(one, [tool("read", "1")]);
    expect(await waiting(one, [tool(name, "2")], server)).toEqual([]);
  });

  test("what a hostile server says comes back as it was", async () => {
    const one = await useOne();
    const names = ["", "\0\u001b[31m'\"\\", "x".repeat(255), "\u{1f600} "];
    const tools = names.map((name) => tool(name, `${name}\0\n`));
    expect(await waiting(one, tools)).toEqual([]);
    const { toolPins } = await one.admin(AdminService).listToolPins({ serverName: "wiki" });
    const found = toolPins.map(({ tool: name, definition }) => ({ name, definition }));
    expect(found).toHaveLength(names.length);
    expect(found).toEqual(
      expect.arrayContaining(tools.map(({ name, definition }) => ({ name, definition }))),
    );
  });

  test("definitions are listed by server, URL and tool, oldest first, page by page", async () => {
    const one = await useOne();
    const other = { ...WIKI, serverUrl: "https://a.example/mcp" };
    for (const says of ["1", "2"]) {
      await waiting(one, [tool("write", says), tool("read", says)]);
      await untilLater();
    }
    await waiting(one, [tool("read", "3")], other);
    await waiting(one, [tool("say")], { serverName: "chat", serverUrl: "" });
    const admin = one.admin(AdminService);
    const places: string[] = [];
    let pageToken = "";
    do {
      const page = await admin.listToolPins({ pageSize: 4, pageToken });
      places.push(
        ...page.toolPins.map(
          (pin) => `${pin.serverUrl} ${pin.tool} ${JSON.parse(pin.definition).description}`,
        ),
      );
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(places).toEqual([
      " say ",
      `${other.serverUrl} read 3`,
      ...["read 1", "read 2", "write 1", "write 2"].map((place) => `${WIKI.serverUrl} ${place}`),
    ]);
    const { toolPins } = await admin.listToolPins({ serverName: "wiki", waitingOnly: true });
    expect(toolPins.map(({ tool: name, approvedAt }) => [name, approvedAt])).toEqual([
      ["read", undefined],
      ["write", undefined],
    ]);
    expect(await codeOf(admin.listToolPins({ pageToken: "x" }))).toBe(Code.InvalidArgument);
  });

  test("a long definition is cut, and a page is bounded in bytes", async () => {
    const one = await useOne();
    const tools = Array.from({ length: 60 }, (_, index) => tool(`tool-${index}`, "é".repeat(40_000)));
    expect(await waiting(one, tools)).toEqual([]);
    const page = await one.admin(AdminService).listToolPins({});
    const bytes = page.toolPins.map(({ definition }) => Buffer.byteLength(definition));
    expect(Math.max(...bytes)).toBeLessThanOrEqual(64 * 1024);
    expect(page.toolPins[0]?.definition).toMatch(/é$/);
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(3 * 1024 * 1024);
    expect(page.nextPageToken).not.toBe("");
  });

  test("what is approved can be chosen; what was never seen is NOT_FOUND; twice is no error", async () => {
    const one = await useOne();
    const admin = one.admin(AdminService);
    const other = { ...WIKI, serverUrl: "https://a.example/mcp" };
    for (const server of [WIKI, other])
      for (const says of ["1", "2"]) await waiting(one, [tool("write", says), tool("read", says)], server);
    const approve = async (selection: object) =>
      (await admin.approveTools({ serverName: "wiki", ...selection })).approved.map(
        (pin) => `${pin.serverUrl} ${pin.tool}`,
      );
    expect(await approve({ tool: "read", serverUrl: other.serverUrl })).toEqual([`${other.serverUrl} read`]);
    expect(await approve({ tool: "read" })).toEqual([`${WIKI.serverUrl} read`]);
    expect(await approve({ tool: "read" })).toEqual([]);
    expect((await approve({})).sort()).toEqual([`${other.serverUrl} write`, `${WIKI.serverUrl} write`]);
    for (const unseen of [{ serverName: "other" }, { tool: "READ" }, { sha256: new Uint8Array(32) }])
      expect(await codeOf(admin.approveTools({ serverName: "wiki", ...unseen }))).toBe(Code.NotFound);
    expect(await codeOf(admin.approveTools({}))).toBe(Code.InvalidArgument);
    expect(await codeOf(admin.approveTools({ serverName: "wiki", sha256: new Uint8Array(3) }))).toBe(
      Code.InvalidArgument,
    );
  });

  test("what cannot be remembered is refused", async () => {
    const policies = (await useOne()).gateway(ToolPolicyService);
    const good = tool("read");
    for (const wrong of [
      { serverName: "" },
      { serverName: "x".repeat(256) },
      { serverUrl: "x".repeat(2049) },
      { tools: [{ ...good, sha256: new Uint8Array(31) }] },
      { tools: [{ ...good, name: "x".repeat(256) }] },
      { tools: Array(1001).fill(good) },
    ])
      expect(await codeOf(policies.pinTools({ ...WIKI, tools: [good], ...wrong }))).toBe(
        Code.InvalidArgument,
      );
  });

  test("of definitions that come by two control planes at once exactly one is the first", async () => {
    const [one, two] = await useTwo();
    const names = Array.from({ length: 50 }, (_, index) => `tool-${index}`);
    const lists = ["1", "2", "3", "4"].map((says, index) => ({
      at: index % 2 === 0 ? one : two,
      tools: (index < 2 ? names : names.toReversed()).map((name) => tool(name, says)),
    }));
    const waits = await Promise.all(lists.map(({ at, tools }) => waiting(at, tools)));
    const waitFor = waits.flat().map(({ name }) => name);
    for (const name of names) expect(waitFor.filter((one) => one === name)).toHaveLength(3);
    const { toolPins } = await one.admin(AdminService).listToolPins({ pageSize: 1000 });
    expect(toolPins).toHaveLength(200);
    expect(toolPins.filter(({ approvedAt }) => approvedAt !== undefined)).toHaveLength(50);
  });

  test("an approval on one is told to data planes of both in less than a second", async () => {
    const [one, two] = await useTwo();
    for (const says of ["1", "2"]) await waiting(one, [tool("read", says)]);
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const watches = await Promise.all(
      [one, two].map(async (at) => {
        const stream = at.gateway(ConfigService).watchConfig({}, { signal: abort.signal });
        const events = stream[Symbol.asyncIterator]();
        expect((await events.next()).value?.event.case).toBe("config");
        return events;
      }),
    );
    await two.admin(AdminService).approveTools(WIKI);
    for (const events of watches) {
      const event = await Promise.race([events.next(), setTimeout(1000, "nothing", { ref: false })]);
      expect(event).toMatchObject({ value: { event: { value: { scope: { case: "all", value: true } } } } });
    }
    await two.admin(AdminService).approveTools(WIKI);
    const more = watches.map((events) => events.next().catch(() => "ended"));
    expect(await Promise.race([...more, setTimeout(600, "nothing")])).toBe("nothing");
  });

  test("of what waits the oldest makes room, and a server has a bounded number of tools", async () => {
    const store = useStore(await make());
    await store.migrate();
    const limits = { tools: 2, waitingOfTool: 2, waitingOfServer: 3 };
    const pin = async (...tools: ReturnType<typeof tool>[]) => {
      const definitions = tools.map(({ name, ...rest }) => ({ tool: name, ...rest }));
      const { waiting: digests, full } = await store.toolPins.pin(WIKI, definitions, limits);
      await untilLater();
      return { waiting: digests.length, full };
    };
    const says = async () => {
      const query = { filter: {}, waitingOnly: false, limit: 100, maxBytes: 1e6 };
      return (await store.toolPins.list(query)).rows.map(
        ({ definition }) => JSON.parse(definition).description,
      );
    };
    for (const text of ["1", "2", "3", "4"]) {
      await pin(tool("read", text));
    }
    expect(await says()).toEqual(["1", "3", "4"]);
    expect(await pin(tool("write", "5"), tool("say", "6"))).toEqual({ waiting: 1, full: true });
    expect(await says()).toEqual(["1", "3", "4", "5"]);
    expect(await pin(tool("write", "7"), tool("read", "1"))).toEqual({ waiting: 1, full: false });
    expect(await says()).toEqual(["1", "3", "4", "5", "7"]);
    expect(await pin(tool("write", "8"))).toEqual({ waiting: 1, full: false });
    expect(await says()).toEqual(["1", "4", "5", "7", "8"]);
    const other = { ...WIKI, serverName: "other" };
    await store.toolPins.pin(other, [{ ...tool("read", "9"), tool: "read" }], limits);
    await store.toolPins.pin(other, [{ ...tool("read", "10"), tool: "read" }], limits);
    expect(await says()).toEqual(["9", "10", "1", "4", "5", "7", "8"]);
  });
});
