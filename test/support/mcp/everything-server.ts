import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { eventually } from "../eventually.ts";
import { freePort } from "../free-port.ts";

/** The published package @modelcontextprotocol/server-everything over Streamable HTTP, as a process of its own. */
export interface EverythingServer extends AsyncDisposable {
  readonly url: string;
  /** Another process on the same port, which knows no session of the one before. */
  restart(): Promise<void>;
}

export async function startEverythingServer(): Promise<EverythingServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/mcp`;
  let child = await started(port, url);
  return {
    url,
    restart: async () => {
      await killed(child);
      child = await started(port, url);
    },
    [Symbol.asyncDispose]: () => killed(child),
  };
}

async function started(port: number, url: string): Promise<ChildProcess> {
  const main = createRequire(import.meta.url).resolve(
    "@modelcontextprotocol/server-everything/dist/index.js",
  );
  const child = spawn(process.execPath, [main, "streamableHttp"], {
    env: { PORT: String(port) },
    stdio: "ignore",
  });
  // Whatever it answers, it listens.
  await eventually(async () => (await fetch(url)).status, 20_000);
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
