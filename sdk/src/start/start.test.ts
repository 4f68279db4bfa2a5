import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { createUsageClient } from "../clients/index.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const TIMEOUT_MS = 60_000;

/** A start as a user sees it. */
interface Started {
  readonly child: ChildProcess;
  /** Everything printed up to the welcome's last line. */
  readonly welcome: Promise<string>;
  /** Exit code and everything on stderr. */
  readonly ended: Promise<{ code: number | null; stderr: string }>;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-start-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function freePorts() {
  return {
    gateway: await freePort(),
    gatewayAdmin: await freePort(),
    control: await freePort(),
    controlAdmin: await freePort(),
  };
}

function npmStart(folder: string, ports: Awaited<ReturnType<typeof freePorts>>): Started {
  const flags = {
    "--listen": ports.gateway,
    "--admin-listen": ports.gatewayAdmin,
    "--controlplane-listen": ports.control,
    "--controlplane-admin-listen": ports.controlAdmin,
  };
  const argv = Object.entries(flags).flatMap(([flag, port]) => [flag, `127.0.0.1:${port}`]);
  const child = spawn(process.execPath, [MAIN, ...argv], {
    cwd: folder,
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stderr }));
  return { child, welcome: readWelcome(child, ended), ended };
}

async function readWelcome(child: ChildProcess, ended: Started["ended"]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let stdout = "";
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
    if (stdout.includes("npx aibridge usage")) {
      resolve(stdout);
    }
  });
  ended.then(({ stderr }) => reject(new Error(`it ended before its welcome: ${stderr}`)), reject);
  return promise;
}

function tokenOf(welcome: string): string {
  return /ANTHROPIC_AUTH_TOKEN=(\S+)/.exec(welcome)?.[1] ?? "";
}

test(
  "a start without keys answers and records, and the next one goes on with its data",
  async () => {
    const folder = temporaryFolder();
    const ports = await freePorts();
    const first = npmStart(folder, ports);
    const welcome = await first.welcome;
    expect(welcome).toContain("*** SIMULATED ***");
    const response = await fetch(`http://127.0.0.1:${ports.gateway}/simulated/v1/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${tokenOf(welcome)}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "m", max_tokens: 10, messages: [{ role: "user", content: "Hello" }] }),
    });
    expect(await response.json()).toMatchObject({ type: "message", role: "assistant" });
    first.child.kill("SIGINT");
    expect(await first.ended).toEqual({ code: 0, stderr: "" });

    const second = npmStart(folder, ports);
    expect(tokenOf(await second.welcome)).toBe(tokenOf(welcome));
    const usage = createUsageClient({
      url: `http://127.0.0.1:${ports.control}`,
      adminKey: readFileSync(join(folder, "data/admin.key"), "utf8").trim(),
    });
    const { interceptions } = await usage.listInterceptions({ includeRecords: true });
    expect(interceptions).toMatchObject([
      { interception: { providerName: "simulated", model: "m" }, promptUsages: [{ prompt: "Hello" }] },
    ]);
    second.child.kill("SIGTERM");
    expect(await second.ended).toEqual({ code: 0, stderr: "" });
  },
  TIMEOUT_MS,
);

test(
  "a plane that dies is reported and takes the rest with it",
  async () => {
    const ports = await freePorts();
    const started = npmStart(temporaryFolder(), ports);
    await started.welcome;
    const dataplane = execFileSync("pgrep", ["-P", String(started.child.pid), "-f", "dataplane"], {
      encoding: "utf8",
    });
    process.kill(Number(dataplane), "SIGKILL");
    const { code, stderr } = await started.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^aibridge: the dataplane ended by itself \(signal SIGKILL\); it last wrote:\n/);
    await expect(fetch(`http://127.0.0.1:${ports.controlAdmin}/healthz`)).rejects.toThrow();
  },
  TIMEOUT_MS,
);

test(
  "a plane that cannot start is reported with what it wrote",
  async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "data"));
    writeFileSync(
      join(folder, "data/aibridge.db"),
      "this is no database, and long enough to be looked at as one",
    );
    const { ended, welcome } = npmStart(folder, await freePorts());
    await expect(welcome).rejects.toThrow("it ended before its welcome");
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^aibridge: the controlplane ended by itself \(exit code \d+\); it last wrote:\n.+/,
    );
  },
  TIMEOUT_MS,
);

test(
  "stopped while it is starting, it leaves nothing behind",
  async () => {
    const folder = temporaryFolder();
    const ports = await freePorts();
    const { child, ended, welcome } = npmStart(folder, ports);
    welcome.catch(() => "it never comes");
    await vi.waitFor(() => expect(existsSync(join(folder, "data/controlplane.log"))).toBe(true), {
      timeout: 20_000,
    });
    child.kill("SIGTERM");
    expect(await ended).toEqual({ code: 0, stderr: "" });
    for (const port of [ports.controlAdmin, ports.gatewayAdmin]) {
      await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    }
  },
  TIMEOUT_MS,
);

test("a port that is in use is named with the flag that changes it", async () => {
  const ports = await freePorts();
  const server = createServer().listen(ports.control, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { ended, welcome } = npmStart(temporaryFolder(), ports);
  await expect(welcome).rejects.toThrow("it ended before its welcome");
  expect(await ended).toEqual({
    code: 2,
    stderr: `aibridge: 127.0.0.1:${ports.control} is already in use (by another npm start?): stop what listens there, or choose another with --controlplane-listen HOST:PORT (AIBRIDGE_CONTROLPLANE_LISTEN)\n`,
  });
});
