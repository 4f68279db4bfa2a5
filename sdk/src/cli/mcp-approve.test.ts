import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AdminService, type ApproveToolsRequest } from "@aibridge/proto";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "./run.ts";

let asked: ApproveToolsRequest[];
const server = createServer(
  connectNodeAdapter({
    routes: (router) =>
      router.service(AdminService, {
        approveTools(request) {
          asked.push(request);
          return {};
        },
      }),
  }),
);

beforeEach(async () => {
  asked = [];
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function approve(...args: string[]) {
  const output = { stdout: "", stderr: "" };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const exitCode = await run(["mcp", "approve", ...args], {
    env: { AIBRIDGE_ADMIN_KEY: "k".repeat(32), AIBRIDGE_CONTROLPLANE: url },
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    now: () => 0,
  });
  return { exitCode, ...output };
}

test("what a script left empty approves nothing", async () => {
  for (const [args, message] of [
    [[""], "SERVER is empty"],
    [["wiki", ""], "TOOL is empty"],
    [["wiki", "read", "--sha256", ""], "--sha256: expected the 64 hexadecimal digits"],
    [["wiki", "read", "--server-url", ""], "--server-url is empty"],
  ] as const)
    expect(await approve(...args)).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining(message),
    });
  expect(asked).toEqual([]);
});

test("a choice without a server is a mistake, not a list", async () => {
  for (const flag of [`--sha256=${"a".repeat(64)}`, "--server-url=https://wiki.example/mcp"]) {
    const { exitCode, stderr } = await approve(flag);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("SERVER is missing")]);
  }
});

test("what is chosen is asked for, the digest as the list or as JSON shows it", async () => {
  const sha256 = Buffer.from("fb".repeat(32), "hex");
  for (const encoding of ["hex", "base64"] as const)
    expect(await approve("wiki", "read", "--sha256", sha256.toString(encoding))).toMatchObject({
      exitCode: 0,
      stdout: "Nothing of wiki read waits to be approved.\n",
    });
  await approve("wiki", "--server-url", "https://wiki.example/mcp");
  expect(asked).toMatchObject([
    { serverName: "wiki", serverUrl: "", tool: "read", sha256: new Uint8Array(sha256) },
    { serverName: "wiki", serverUrl: "", tool: "read", sha256: new Uint8Array(sha256) },
    { serverName: "wiki", serverUrl: "https://wiki.example/mcp", tool: "", sha256: new Uint8Array() },
  ]);
});
