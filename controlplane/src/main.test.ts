import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { RecorderService } from "@aibridge/proto";
import { uuidFromBytes } from "@aibridge/proto/channel";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../test/support/free-port.ts";
import { sampleInterception } from "./test-support/sample-records.ts";
import { grpcClient, useFolder } from "./test-support/use-control-plane.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const RUN = `import { main } from ${JSON.stringify(MAIN)}; process.exitCode = await main(process.argv.slice(1), process.env);`;

/** The control plane as a process of its own. */
function run(args: string[], env: Record<string, string> = {}, files: Record<string, string> = {}) {
  const folder = useFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const child = spawn(process.execPath, ["--input-type=module", "-e", RUN, "--", ...args], {
    cwd: folder,
    env: { AIBRIDGE_LISTEN: "127.0.0.1:0", AIBRIDGE_ADMIN_LISTEN: "127.0.0.1:0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, folder, exited: once(child, "exit") };
}

test("it tells the operator what is needed, logs JSON, and ends with 0 on SIGTERM", async () => {
  const { child, folder, exited } = run([]);
  const stderr = text(child.stderr);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.startsWith("no --config")) {
      child.kill("SIGTERM");
    }
  }
  expect(await exited).toEqual([0, null]);
  expect(lines).toEqual([
    expect.stringMatching(/^control plane listening on http:\/\/127\.0\.0\.1:\d+$/),
    expect.stringMatching(/^admin .* on http:\/\/127\.0\.0\.1:\d+$/),
    `gateway key: ${join(folder, "data", "gateway.key")}`,
    `admin key: ${join(folder, "data", "admin.key")}`,
    "no --config: data planes get no providers",
  ]);
  const messages = (await stderr)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).msg);
  expect(messages).toEqual(["shutting down", "everything is stored; goodbye"]);
});

test("SIGHUP rereads the configuration file", async () => {
  const { child, folder, exited } = run(
    ["--config", "aibridge.yaml"],
    {},
    { "aibridge.yaml": "providers: []" },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("configuration:")) continue;
    writeFileSync(join(folder, "aibridge.yaml"), "limits: { concurrency: 7 }");
    child.kill("SIGHUP");
    break;
  }
  for await (const line of createInterface({ input: child.stderr })) {
    if (JSON.parse(line).msg === "the configuration file has changed") child.kill("SIGTERM");
  }
  expect(await exited).toEqual([0, null]);
});

test("what was acknowledged survives SIGKILL", async () => {
  const { child, folder, exited } = run([]);
  const url = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, listening] = /^control plane listening on (\S+)$/.exec(line) ?? [];
      if (listening !== undefined) {
        resolve(listening);
      }
    });
  });
  const key = readFileSync(join(folder, "data", "gateway.key"), "utf8").trim();
  const interception = sampleInterception();
  await grpcClient(RecorderService, url, key).recordInterception({ interception });
  child.kill("SIGKILL");
  await exited;

  const database = new DatabaseSync(join(folder, "data", "aibridge.db"));
  const rows = database.prepare("select id from aibridge_interceptions").all();
  database.close();
  expect(rows.map(({ id }) => uuidFromBytes(id as Uint8Array))).toEqual([interception.id]);
});

test("SIGTERM ends a start that waits for its database, with 0", async () => {
  const { child, exited } = run(["--database", `mysql://user:secret@127.0.0.1:${await freePort()}/aibridge`]);
  let log = "";
  for await (const line of createInterface({ input: child.stderr })) {
    log += line;
    if (JSON.parse(line).msg === "the database is away; waiting for it") child.kill("SIGTERM");
  }
  expect(await exited).toEqual([0, null]);
  expect(log).toContain("ECONNREFUSED");
  expect(log).not.toContain("secret");
});

test.each([
  { args: ["--lisen", "x"], message: /--listen/ },
  { args: ["--listen", "0.0.0.0:0"], message: /--insecure-plaintext/ },
  { args: ["--config", "none.yaml"], message: /none\.yaml, which cannot be read/ },
  { args: ["--gateway-key", "short"], message: /at least 32/ },
])("$args: one line on stderr and exit code 2", async ({ args, message }) => {
  const { child, exited } = run(args);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(await exited).toEqual([2, null]);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^aibridge controlplane: [^\n]+\n$/);
  expect(stderr).toMatch(message);
});

test("--help names every flag", async () => {
  const { child, exited } = run(["--help"]);
  const help = await text(child.stdout);
  expect(await exited).toEqual([0, null]);
  for (const flag of ["listen", "admin-listen", "database", "config", "gateway-key", "admin-key"]) {
    expect(help).toContain(`--${flag} `);
  }
});
