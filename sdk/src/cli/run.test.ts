import { UsageDimension } from "@aibridge/proto";
import { afterEach, expect, test } from "vitest";
import {
  CANNED_KEY,
  type CannedControlPlane,
  cannedInterception,
  startCannedControlPlane,
} from "./canned-control-plane.ts";
import { run } from "./run.ts";

let plane: CannedControlPlane | undefined;

afterEach(async () => {
  await plane?.[Symbol.asyncDispose]();
  plane = undefined;
});

const NOW = Date.parse("2026-11-22T06:00:00Z");

async function aibridge(argv: string[], env: Record<string, string> = {}) {
  const output = { stdout: "", stderr: "" };
  const exitCode = await run(argv, {
    env: { AIBRIDGE_ADMIN_KEY: CANNED_KEY, AIBRIDGE_CONTROLPLANE: plane?.url, ...env },
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    now: () => NOW,
  });
  return { exitCode, ...output };
}

async function json(argv: string[]) {
  const { stdout, stderr, exitCode } = await aibridge([...argv, "--json"]);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  return JSON.parse(stdout);
}

test("tokens create prints the token alone on stdout", async () => {
  plane = await startCannedControlPlane([]);
  const { stdout, stderr, exitCode } = await aibridge([
    "tokens",
    "create",
    "--actor",
    "alice",
    "--ttl",
    "30d",
  ]);
  expect(stdout).toBe("aib_secret\n");
  expect(stderr).toMatch(/^Token t-1 for alice, good for 30d/);
  expect(exitCode).toBe(0);
  expect(plane.requests.createToken).toMatchObject([
    { actor: "alice", name: "", ttl: { seconds: 2_592_000n } },
  ]);
});

test("tokens as JSON", async () => {
  plane = await startCannedControlPlane([]);
  expect(await json(["tokens", "create", "--actor", "bob", "--name", "laptop"])).toEqual({
    token: "aib_secret",
    id: "t-1",
    actor: "bob",
  });
  expect(plane.requests.createToken[0]?.ttl).toBeUndefined();
  expect(await json(["tokens", "list"])).toEqual({
    tokens: [
      { id: "t-1", actor: "alice", name: "laptop", createdAt: "1970-01-01T00:00:00Z" },
      { id: "t-0", actor: "bob", name: "", expiresAt: "1970-01-01T00:00:01Z" },
    ],
    nextPageToken: "",
  });
  expect(await json(["tokens", "revoke", "t-1"])).toEqual({});
});

test("tokens list is a table over all pages", async () => {
  plane = await startCannedControlPlane([]);
  expect((await aibridge(["tokens", "list"])).stdout).toBe(
    [
      "ID   ACTOR  NAME    CREATED               EXPIRES               STATE",
      "t-1  alice  laptop  1970-01-01 00:00:00Z  never                 active",
      "t-0  bob    -       -                     1970-01-01 00:00:01Z  expired",
      "",
    ].join("\n"),
  );
});

test("gateway keys", async () => {
  plane = await startCannedControlPlane([]);
  expect(await json(["gateway-keys", "create", "--name", "eu-2"])).toEqual({
    key: "aibgw_secret",
    id: "g-1",
    name: "eu-2",
  });
  expect(await json(["gateway-keys", "list"])).toEqual({
    gatewayKeys: [{ id: "g-1", name: "eu-1", createdAt: "1970-01-01T00:00:00Z" }],
    nextPageToken: "",
  });
  expect((await aibridge(["gateway-keys", "create", "--name", "eu-2"])).stdout).toBe("aibgw_secret\n");
  expect((await aibridge(["gateway-keys", "list"])).stdout).toContain(
    "g-1  eu-1  1970-01-01 00:00:00Z  active\n",
  );
  expect((await aibridge(["gateway-keys", "revoke", "g-1"])).stdout).toBe("Gateway key g-1 is revoked.\n");
});

test("interceptions list follows pages up to its limit and passes its filters on", async () => {
  plane = await startCannedControlPlane([5, 4, 3, 2, 1].map((index) => cannedInterception(index)));
  const filters = [
    "--actor",
    "a",
    "--provider",
    "p",
    "--model",
    "m",
    "--since",
    "1h",
    "--until",
    "2026-11-22",
  ];
  const document = await json(["interceptions", "list", "--limit", "3", ...filters]);
  expect(document.interceptions).toHaveLength(3);
  expect(document.interceptions[0]).toMatchObject({
    interception: { id: "019ab3f0-0000-7000-8000-000000000005", streaming: true, apiKeyId: "" },
    ended: { outcome: "INTERCEPTION_OUTCOME_COMPLETED", provisional: false, timeToFirstByte: "0.250s" },
    tokenUsages: [],
  });
  expect(document.nextPageToken).toBe("3");
  expect(plane.requests.listInterceptions).toMatchObject([
    {
      pageSize: 3,
      initiator: "a",
      providerName: "p",
      model: "m",
      startedAfter: { seconds: BigInt(NOW / 1000 - 3600) },
      startedBefore: { seconds: BigInt(Date.parse("2026-11-22T00:00:00Z") / 1000) },
      includeRecords: false,
    },
    { pageSize: 1, pageToken: "2", initiator: "a" },
  ]);
  expect((await json(["interceptions", "list"])).interceptions).toHaveLength(5);
});

test("interceptions list as a table with exact sums", async () => {
  plane = await startCannedControlPlane([
    cannedInterception(1),
    cannedInterception(0),
    cannedInterception(2),
  ]);
  const { stdout, stderr } = await aibridge(["interceptions", "list", "--limit", "2"]);
  const [heading = "", first] = stdout.split("\n");
  expect(heading.split(/ {2,}/)).toEqual(
    "STARTED,ACTOR,CLIENT,PROVIDER,MODEL,OUTCOME,TOOK,INPUT,OUTPUT,CACHE READ,CACHE WRITE,TOOLS,ID".split(
      ",",
    ),
  );
  expect(first?.split(/ {2,}/)).toEqual([
    "2026-11-22 05:01:00Z",
    "alice",
    "Claude Code",
    "anthropic-eu",
    "claude-sonnet-4-5",
    "completed",
    "2.5 s",
    "9,007,199,254,742,193",
    "35",
    "18,000",
    "0",
    "1",
    "019ab3f0-0000-7000-8000-000000000001",
  ]);
  expect(stderr).toBe("There are more than these 2: see them with --limit N.\n");
});

test("interceptions show prints every record, and nothing recorded reaches the terminal as a control", async () => {
  const hostile = "line 1\nline 2 \u001b]0;title\u0007\u009b2J\u202eevil";
  plane = await startCannedControlPlane([
    cannedInterception(1, { prompt: hostile, tool: "Bash\u001b[31m\nx" }),
  ]);
  const { stdout } = await aibridge(["interceptions", "show", "019ab3f0-0000-7000-8000-000000000001"]);
  expect(stdout).toContain("    line 1\n    line 2 \\x1b]0;title\\x07\\x9b2J\\u202eevil\n");
  expect(stdout).toContain("Bash\\x1b[31m\\nx");
  expect(stdout).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
  for (const text of [
    "completed",
    "reported",
    "cache_creation.ephemeral_5m_input_tokens",
    "Let me see.",
    '"ls"',
  ]) {
    expect(stdout).toContain(text);
  }
});

test("interceptions show as JSON keeps int64 exact", async () => {
  plane = await startCannedControlPlane([cannedInterception(1)]);
  const document = await json(["interceptions", "show", "019ab3f0-0000-7000-8000-000000000001"]);
  expect(document.tokenUsages[1]).toMatchObject({
    inputTokens: "9007199254740993",
    cacheReadInputTokens: "0",
    source: "USAGE_SOURCE_REPORTED",
    extraTokenTypes: {},
  });
});

test("usage groups as asked", async () => {
  plane = await startCannedControlPlane([]);
  const { stdout } = await aibridge(["usage", "--by", "actor,model", "--since", "7d"]);
  expect(stdout).toBe(
    [
      "ACTOR  MODEL              INTERCEPTIONS                  INPUT  OUTPUT  CACHE READ  CACHE WRITE  TOOL CALLS",
      "alice  claude-sonnet-4-5              2  9,007,199,254,740,993       5           0            0           0",
      "",
    ].join("\n"),
  );
  expect(plane.requests.summarizeUsage[0]).toMatchObject({
    groupBy: [UsageDimension.ACTOR, UsageDimension.MODEL],
    startedAfter: { seconds: BigInt(NOW / 1000 - 7 * 86_400) },
  });
  expect((await json(["usage"])).rows[0]).toMatchObject({ inputTokens: "9007199254740993", toolCalls: "0" });
});

test.each([
  [["tokens", "create", "--actor", "a", "--admin-key", "wrong"], "does not know this admin key"],
  [["interceptions", "show", "x"], "there is no interception x"],
  [["tokens", "revoke", "x"], "there is no token x\\x1b[2J"],
  [["usage", "--controlplane", "http://127.0.0.1:1"], 'start it with "aibridge controlplane"'],
])("%j fails with one line and exit code 1", async (argv, message) => {
  plane = await startCannedControlPlane([]);
  const { stdout, stderr, exitCode } = await aibridge(argv);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^aibridge: [^\n]*\n$/);
  expect(stdout).toBe("");
  expect(exitCode).toBe(1);
});

test.each([
  [["token"], 'unknown command "token"; did you mean aibridge tokens?'],
  [["tokens", "creat"], 'unknown command "tokens creat"; did you mean aibridge tokens create?'],
  [["tokens"], "tokens alone is no command; there are tokens create, tokens list, tokens revoke"],
  [["--jsn"], "unknown flag --jsn"],
  [["usage", "--bye", "x"], "unknown flag --bye; did you mean --by?"],
  [["usage", "--by", "modle"], '--by: unknown dimension "modle"; did you mean model?'],
  [
    ["usage", "--since", "yesterday"],
    "--since: expected a span such as 7d or a time such as 2026-11-22T08:00:00Z",
  ],
  [["usage", "--controlplane", "http://control.example.com"], "--insecure-plaintext"],
  [["usage", "--controlplane", "control.example.com"], "expected an http or https URL"],
  [["interceptions", "list", "--limit", "0"], "--limit: expected at least 1"],
  [["tokens", "create"], "--actor is required"],
  [["interceptions", "show"], "ID is missing"],
])("%j is a usage error: one line, exit code 2", async (argv, message) => {
  const { stdout, stderr, exitCode } = await aibridge(argv, { AIBRIDGE_CONTROLPLANE: "" });
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^aibridge: [^\n]*\n$/);
  expect(stdout).toBe("");
  expect(exitCode).toBe(2);
});

test("without an admin key the error says where one may come from", async () => {
  const { stderr, exitCode } = await aibridge(["usage"], { AIBRIDGE_ADMIN_KEY: "" });
  expect(stderr).toContain("AIBRIDGE_ADMIN_KEY_FILE");
  expect(exitCode).toBe(2);
});

test("help and version", async () => {
  const overview = await aibridge(["--help"]);
  expect(overview.exitCode).toBe(0);
  for (const name of [
    "controlplane",
    "dataplane",
    "tokens create",
    "gateway-keys revoke",
    "interceptions show",
  ]) {
    expect(overview.stdout).toContain(`\n  ${name} `);
  }
  expect((await aibridge(["tokens", "--help"])).stdout).not.toContain("usage  ");
  expect((await aibridge(["tokens", "create", "--help"])).stdout).toContain("AIBRIDGE_ADMIN_KEY_FILE");
  expect((await aibridge(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("interceptions delete asks for --yes, and passes on whose and which", async () => {
  plane = await startCannedControlPlane([]);
  const command = ["interceptions", "delete", "--actor", "alice"];
  expect((await aibridge(["interceptions", "delete", "--before", "30d", "--yes"])).stderr).toContain(
    "--actor",
  );
  expect((await aibridge([...command, "--yes"])).stderr).toContain("--before");
  const unsure = await aibridge([...command, "--before", "30d"]);
  expect(unsure.exitCode).not.toBe(0);
  expect(unsure.stderr).toContain("add --yes");
  expect(plane.requests.deleteInterceptions).toEqual([]);

  const sure = [...command, "--before", "2026-11-22", "--yes"];
  expect((await aibridge(sure)).stdout).toBe("Deleted 3 interceptions of alice.\n");
  expect(await json(sure)).toEqual({ deleted: "3" });
  expect(plane.requests.deleteInterceptions).toMatchObject([
    { actor: "alice", startedBefore: { seconds: BigInt(Date.UTC(2026, 10, 22) / 1000) } },
    { actor: "alice" },
  ]);
});
