import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { gatewayConfig, gatewayPath } from "./gateway-config.ts";
import { PlaneProcess } from "./plane-process.ts";
import type { Target } from "./target.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Longest wait for the last records to arrive in the store. */
const RECORDS_TIMEOUT_MS = 15_000;
const POLL_MS = 50;

/** What the store holds, or should hold, summed over all interceptions. */
export interface Recorded {
  readonly interceptions: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/**
 * The product under test as it is deployed: a control plane on SQLite and data planes that record to it, each in its
 * own process with a folder of its own.
 */
export class Gateway implements AsyncDisposable {
  readonly #controlPlane: PlaneProcess;
  readonly #url: string;
  readonly #directory: string;
  readonly #env: Environment;
  readonly #adminKey: string;
  /** The client's credential. */
  readonly #token: string;

  private constructor(parts: {
    controlPlane: PlaneProcess;
    url: string;
    directory: string;
    env: Environment;
    adminKey: string;
    token: string;
  }) {
    this.#controlPlane = parts.controlPlane;
    this.#url = parts.url;
    this.#directory = parts.directory;
    this.#env = parts.env;
    this.#adminKey = parts.adminKey;
    this.#token = parts.token;
  }

  /** Starts the control plane; its files go to `directory`. */
  static async start(directory: string, providerPort: number, parentEnv: Environment): Promise<Gateway> {
    const adminKey = randomBytes(32).toString("hex");
    const env = { ...withoutSettings(parentEnv), AIBRIDGE_GATEWAY_KEY: randomBytes(32).toString("hex") };
    const [port, adminPort] = [await freePort(), await freePort()];
    const config = join(directory, "aibridge.yaml");
    await writeFile(config, gatewayConfig(providerPort));
    const controlPlane = await PlaneProcess.start({
      command: "controlplane",
      name: "controlplane",
      flags: [
        ...["--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`],
        ...["--database", `sqlite:${join(directory, "aibridge.db")}`, "--config", config],
      ],
      env: { ...env, AIBRIDGE_ADMIN_KEY: adminKey },
      directory,
      adminUrl: `http://127.0.0.1:${adminPort}`,
    });
    const url = `http://127.0.0.1:${port}`;
    const created = (await call(url, adminKey, "AdminService/CreateToken", { actor: "bench" })) as {
      secret: string;
    };
    return new Gateway({ controlPlane, url, directory, env, adminKey, token: created.secret });
  }

  /** Starts a data plane. `name` distinguishes its files; `moreEnv` is added to its environment. */
  async startDataPlane(name: string, moreEnv: Environment = {}): Promise<Target> {
    const [port, adminPort] = [await freePort(), await freePort()];
    const plane = await PlaneProcess.start({
      command: "dataplane",
      name,
      flags: [
        ...["--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`],
        ...["--controlplane", this.#url, "--spool", join(this.#directory, `spool-${name}`)],
      ],
      env: { ...this.#env, ...moreEnv },
      directory: this.#directory,
      adminUrl: `http://127.0.0.1:${adminPort}`,
    });
    return {
      name: "gateway",
      pid: plane.pid,
      port,
      token: this.#token,
      path: gatewayPath,
      [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
    };
  }

  /** What was recorded, as soon as it is as much as expected, else what there is after a while. */
  async recorded(expected: Recorded): Promise<Recorded> {
    const deadline = performance.now() + RECORDS_TIMEOUT_MS;
    let recorded = await this.#summarize();
    while (isLess(recorded, expected) && performance.now() < deadline) {
      await delay(POLL_MS);
      recorded = await this.#summarize();
    }
    return recorded;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#controlPlane[Symbol.asyncDispose]();
  }

  async #summarize(): Promise<Recorded> {
    const { rows } = (await call(this.#url, this.#adminKey, "UsageService/SummarizeUsage", {})) as Summary;
    const [row] = rows ?? [];
    return {
      interceptions: Number(row?.interceptions ?? 0),
      inputTokens: Number(row?.inputTokens ?? 0),
      outputTokens: Number(row?.outputTokens ?? 0),
    };
  }
}

function isLess(recorded: Recorded, expected: Recorded): boolean {
  return (
    recorded.interceptions < expected.interceptions ||
    recorded.inputTokens < expected.inputTokens ||
    recorded.outputTokens < expected.outputTokens
  );
}

interface Summary {
  readonly rows?: readonly { interceptions?: string; inputTokens?: string; outputTokens?: string }[];
}

/** A call in the Connect protocol, as curl would make it. */
async function call(url: string, adminKey: string, method: string, request: object): Promise<unknown> {
  const answer = await fetch(`${url}/aibridge.v1.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${adminKey}` },
    body: JSON.stringify(request),
  });
  if (!answer.ok) throw new Error(`${method}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** The environment without settings of aibridge: the bench measures the product as the bench sets it. */
function withoutSettings(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("AIBRIDGE_")));
}
