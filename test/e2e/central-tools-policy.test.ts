import { text, toolCall } from "@aibridge/sdk/testing";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { metricSum } from "../support/gateway-metrics.ts";
import { type GenerationServer, mcpGenerations, type TestTool } from "../support/mcp/mcp-generations.ts";
import { type CentralToolsUnderTest, useCentralTools } from "../support/mcp/use-central-tools.ts";

let central: CentralToolsUnderTest;
beforeAll(async () => {
  central = await useCentralTools({ mcp: "{ concurrency: 2, call_timeout: 1s }" });
});
afterAll(() => central[Symbol.asyncDispose]());

/** Every credential of these tests begins like this. */
const secret = "secret-that-nobody-sees";

async function started(...tools: TestTool[]): Promise<GenerationServer> {
  const server = await mcpGenerations.stateful(tools);
  onTestFinished(server.close);
  return server;
}

/** The server takes this token alone; the others are answered 401, with what was sent. */
function admitOnly(server: GenerationServer, token: string): void {
  server.admit(({ authorization }) => authorization === `Bearer ${token}`);
}

function newActor(policy: Parameters<CentralToolsUnderTest["policies"]["set"]>[1]): string {
  const actor = crypto.randomUUID();
  central.policies.set(actor, policy);
  return actor;
}

function asked(actor: string): number {
  return central.asked.filter((one) => one === actor).length;
}

test("each actor gets the tools of the policy for it, filtered: deny wins over allow", async () => {
  const server = await started({ name: "read_page" }, { name: "read_secret" }, { name: "write_page" });
  const one = (patterns: { toolAllowRegex?: string; toolDenyRegex?: string }) =>
    newActor({ servers: [{ name: "wiki", url: server.url, ...patterns }] });
  expect(await central.tools(one({ toolAllowRegex: "^read_", toolDenyRegex: "secret" }))).toEqual([
    "bmcp_wiki_read_page",
  ]);
  expect(await central.tools(one({ toolDenyRegex: "^read" }))).toEqual(["bmcp_wiki_write_page"]);
  expect(await central.tools(newActor({ servers: [] }))).toEqual([]);
});

test("a server whose pattern is not valid is left out, naming server and pattern", async () => {
  const server = await started({ name: "echo" });
  const actor = newActor({
    servers: [
      { name: "wrong", url: server.url, toolAllowRegex: "(?=look)ahead" },
      { name: "right", url: server.url },
    ],
  });
  expect(await central.tools(actor)).toEqual(["bmcp_right_echo"]);
  await eventually(() =>
    expect(central.gateway.dataPlane.output).toMatch(
      /MCP server wrong: the allow pattern .*\(\?=look\)ahead/,
    ),
  );
});

test("a token that the server does not take any more is asked for once, and the call is made once more", async () => {
  const server = await started({ name: "echo" });
  const policy = { servers: [{ name: "one", url: server.url, accessToken: `${secret}-1` }] };
  const actor = newActor(policy);
  admitOnly(server, `${secret}-1`);
  const tools = await central.tools(actor);
  expect(asked(actor)).toBe(1);
  admitOnly(server, `${secret}-2`);
  policy.servers = [{ name: "one", url: server.url, accessToken: `${secret}-2` }];
  const run = await central.call(actor, ["bmcp_one_echo", { text: "x" }]);
  expect(run).toMatchObject({ results: ["echo: x"], isError: [false] });
  expect(asked(actor)).toBe(2);
  expect(await central.tools(actor)).toEqual(tools);
  expect(asked(actor)).toBe(2);
});

test("a token that is refused again is an error for the model, after one more question", async () => {
  const server = await started({ name: "echo" });
  const actor = newActor({ servers: [{ name: "one", url: server.url, accessToken: `${secret}-old` }] });
  await central.tools(actor);
  admitOnly(server, `${secret}-none`);
  const run = await central.call(actor, ["bmcp_one_echo", { text: "x" }]);
  expect(run.results).toEqual(["The tool could not be run: it refused the credentials."]);
  expect(asked(actor)).toBe(2);
});

test("a token that is refused at the first request is asked for once more before it goes out", async () => {
  const server = await started({ name: "echo" });
  admitOnly(server, `${secret}-2`);
  const actor = newActor({ servers: [] });
  const tokens = [`${secret}-1`, `${secret}-2`];
  central.policies.set(actor, {
    get servers() {
      return [{ name: "one", url: server.url, accessToken: tokens.shift() ?? `${secret}-2` }];
    },
  });
  expect(await central.tools(actor)).toEqual(["bmcp_one_echo"]);
  expect(asked(actor)).toBe(2);
});

test("a token is replaced before it expires, whatever the time the policy may be kept", async () => {
  const server = await started({ name: "echo" });
  const expiring = (inMs: number, token: string) => ({
    servers: [
      {
        ...{ name: "one", url: server.url, accessToken: `${secret}-${token}` },
        tokenExpiresAt: timestampFromMs(Date.now() + inMs),
      },
    ],
  });
  const actor = newActor(expiring(20_000, "short"));
  await central.tools(actor);
  central.policies.set(actor, expiring(3_600_000, "long"));
  await central.tools(actor);
  await central.tools(actor);
  expect(asked(actor)).toBe(2);
  await central.call(actor, ["bmcp_one_echo", { text: "x" }]);
  expect(server.requests.at(-1)?.headers.authorization).toBe(`Bearer ${secret}-long`);
});

test("a tool that the policy has taken away meanwhile is not run", async () => {
  let runs = 0;
  const server = await started({ name: "echo", run: () => `run ${++runs}` });
  const actor = newActor({ servers: [{ name: "one", url: server.url }], cacheForSeconds: 0 });
  central.gateway.provider.next(
    () => {
      central.policies.set(actor, { servers: [{ name: "one", url: server.url, toolDenyRegex: "echo" }] });
      return { content: [toolCall("bmcp_one_echo", { text: "x" }, { id: "call_1" })], stop: "tool_use" };
    },
    { content: [text("done")] },
  );
  await (await central.send(actor)).text();
  expect(central.gateway.provider.requests.at(-1)?.body.toString()).toContain("not available any more");
  expect(runs).toBe(0);
});

test("calls run at once as far as mcp.concurrency allows, each no longer than mcp.call_timeout", async () => {
  let running = 0;
  let most = 0;
  const ends: (() => void)[] = [];
  const run = () => {
    most = Math.max(most, ++running);
    return new Promise<string>((resolve) => {
      ends.push(() => {
        running--;
        resolve("finished");
      });
      // The first two let each other go; one that is alone waits for ever.
      if (running === 2) for (const end of ends.splice(0)) end();
    });
  };
  const server = await started({ name: "work", run });
  const actor = newActor({ servers: [{ name: "one", url: server.url }] });
  await central.tools(actor);
  const call = (page: string) => ["bmcp_one_work", { text: page }] as [string, { text: string }];
  const { results } = await central.call(actor, call("1"), call("2"), call("3"), call("4"), call("5"));
  expect(most).toBe(2);
  expect(results.slice(0, 4)).toEqual(Array(4).fill("finished"));
  expect(results[4]).toBe("The tool could not be run: it did not answer in time.");
});

test("metrics tell of servers and calls", async () => {
  const server = await started({ name: "echo" });
  const actor = newActor({ servers: [{ name: "measured", url: server.url }] });
  await central.tools(actor);
  await central.call(actor, ["bmcp_measured_echo", { text: "1" }], ["bmcp_measured_echo", { text: "2" }]);
  const { adminUrl } = central.gateway;
  expect(await metricSum(adminUrl, "mcp_server_up", 'server="measured"')).toBe(1);
  expect(await metricSum(adminUrl, "injected_tool_invocations_total", 'server="measured",name="echo"')).toBe(
    2,
  );
  expect(await metricSum(adminUrl, "mcp_discovery_failures_total", 'server="measured"')).toBe(0);
});

test("a credential in a server's URL stands in no record", async () => {
  const server = await started({ name: "echo" });
  const actor = newActor({ servers: [{ name: "one", url: `${server.url}?token=${secret}-url` }] });
  await central.tools(actor);
  const run = await central.call(actor, ["bmcp_one_echo", { text: "x" }]);
  expect(run.results).toEqual(["echo: x"]);
  const { toolUsages } = await central.gateway.interception(run.interceptionId);
  expect(toolUsages[0]?.serverUrl).toBe(server.url);
});

test("no credential of all these can be seen anywhere", async () => {
  await eventually(async () => expect((await central.gateway.interceptions()).at(0)?.ended).toBeDefined());
  expect(await central.visible()).not.toContain(secret);
});
