import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type McpServerSchema, ToolPolicyService } from "@aibridge/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, onTestFinished, test } from "vitest";
import { aibridge } from "../support/aibridge-process.ts";
import { freePort } from "../support/free-port.ts";
import { type HostServer, startHostServer } from "../support/host-services.ts";
import { plainTool, startHostileServer } from "../support/mcp/hostile-server.ts";
import { mcpGenerations } from "../support/mcp/mcp-generations.ts";
import { gatewayKey } from "../support/use-data-plane.ts";

const env = { AIBRIDGE_GATEWAY_KEY: gatewayKey };
const secret = "secret-that-nobody-sees";

/** A host whose policy for alice, and requests to `anthropic` alone, has these servers. */
function hostWith(...servers: MessageInitShape<typeof McpServerSchema>[]): Promise<HostServer> {
  return startHostServer("grpc", ({ service }) => {
    service(ToolPolicyService, {
      getToolPolicy: ({ actorId, providerName }, { requestHeader }) => {
        if (requestHeader.get("authorization") !== `Bearer ${gatewayKey}`)
          throw new ConnectError("who?", Code.Unauthenticated);
        const isMeant = actorId === "alice" && providerName === "anthropic";
        return { version: "v1", servers: isMeant ? servers : [] };
      },
    });
  });
}

function list(host: HostServer, ...flags: string[]) {
  return aibridge(["mcp", "list", "--tool-policy", host.url, ...flags], env);
}

const aliceAtAnthropic = ["--actor", "alice", "--provider", "anthropic"];

/** The lines of a text, each as its columns. */
function columns(text: string): string[][] {
  return text.split("\n").map((line) => line.split(/ {2,}/));
}

test("servers and tools are listed, each with the reason why it is in or out, and no credentials", async () => {
  const wiki = await mcpGenerations.modern([
    { name: "read_page" },
    { name: "write_page" },
    { name: "read_secret" },
  ]);
  onTestFinished(wiki.close);
  const odd = await startHostileServer({
    "tools/list": ({ result }) =>
      result({ tools: [plainTool("\u001b[31mred"), plainTool("bad", { type: "string" })] }),
  });
  onTestFinished(odd.close);
  const away = `http://127.0.0.1:${await freePort()}/mcp`;
  await using host = await hostWith(
    {
      ...{
        name: "wiki",
        url: `${wiki.url}?token=${secret}`,
        accessToken: secret,
        headers: { "x-key": secret },
      },
      ...{ toolAllowRegex: "^read_", toolDenyRegex: "secret" },
    },
    { name: "odd", url: odd.url },
    { name: "away", url: away },
    { name: "wrong", url: odd.url, toolAllowRegex: "(" },
  );
  const { code, stdout, stderr } = await list(host, ...aliceAtAnthropic);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).not.toContain(secret);
  const rows = columns(stdout);
  expect(rows).toContainEqual(["wiki", wiki.url, "up", "2026-07-28", "-"]);
  expect(rows).toContainEqual(["odd", odd.url, "up", "2025-06-18", "-"]);
  expect(rows).toContainEqual(["away", away, "down", "-", "it cannot be reached (ECONNREFUSED)"]);
  expect(stdout).toMatch(/^wrong .*MCP server wrong: the allow pattern "\(" is not valid/m);
  expect(rows).toContainEqual(["read_page", "wiki", "bmcp_wiki_read_page", "in"]);
  expect(rows).toContainEqual(["write_page", "wiki", "-", "out: its name does not match the allow pattern"]);
  expect(rows).toContainEqual(["read_secret", "wiki", "-", "out: its name matches the deny pattern"]);
  expect(stdout).toMatch(/^\\x1b\[31mred {2,}odd {2,}bmcp_odd_\S+ {2,}in$/m);
  expect(stdout).toMatch(/^bad .*out: its schema is of type "string"/m);
});

test("--json prints one document", async () => {
  const server = await startHostileServer({});
  onTestFinished(server.close);
  await using host = await hostWith({ name: "one", url: server.url, accessToken: secret });
  const { code, stdout } = await list(host, ...aliceAtAnthropic, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    actor: "alice",
    provider: "anthropic",
    version: "v1",
    servers: [
      {
        ...{ name: "one", url: server.url, state: "up", protocol: "2025-06-18" },
        tools: [{ name: "echo", id: "bmcp_one_echo" }],
      },
    ],
  });
});

test("an actor without servers is told so", async () => {
  await using host = await hostWith({ name: "one", url: "http://127.0.0.1:1/mcp" });
  expect((await list(host, "--actor", "bob")).stdout).toBe("No MCP servers.\n");
  expect((await list(host, "--actor", "alice", "--provider", "openai")).stdout).toBe("No MCP servers.\n");
});

test("the gateway key is read from the file a control plane leaves", async () => {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await using host = await hostWith();
  const run = () => aibridge(["mcp", "list", "--actor", "alice", "--tool-policy", host.url], {}, folder);
  expect(await run()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("no gateway key: give --gateway-key"),
  });
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data", "gateway.key"), `${gatewayKey}\n`);
  expect(await run()).toMatchObject({ code: 0, stdout: "No MCP servers.\n" });
});

test("what cannot be asked is told in a line", async () => {
  await using host = await hostWith();
  const wrongKey = { AIBRIDGE_GATEWAY_KEY: gatewayKey.toUpperCase() };
  const refused = await aibridge(["mcp", "list", "--actor", "alice", "--tool-policy", host.url], wrongKey);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("does not know this gateway key"),
  });
  expect(refused.stderr).not.toContain(wrongKey.AIBRIDGE_GATEWAY_KEY);
  await using empty = await startHostServer("grpc", () => undefined);
  expect(await list(empty, "--actor", "alice")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("serves no tool policies"),
  });
  expect(await list(host)).toMatchObject({ code: 2, stderr: expect.stringContaining("--actor") });
});
