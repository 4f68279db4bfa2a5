/**
 * The gateway's HTTP client against undici's `Pool.dispatch`: CPU time of this process per request to the provider of
 * the bench, in rounds that alternate; the smallest round of each counts. `npm exec -- node bench/upstream.ts [rounds]`
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import { UpstreamClient } from "../dataplane/src/upstream/upstream-client.ts";
import { writeAnswers } from "./answers.ts";
import { minimum } from "./measure/statistics.ts";
import { renderTable } from "./report/table.ts";
import { requestBody } from "./requests.ts";
import { BenchChild } from "./topology/bench-child.ts";
import { providerPath, type Workload, workloadNamed } from "./workloads.ts";

const CONNECTIONS = 32;
const REQUESTS_PER_ROUND = 4_000;
const HEADERS = ["content-type", "application/json", "authorization", "Bearer a-key-of-the-bench"];
const TIMEOUT_MS = 30_000;

/** Sends one request and resolves with the number of body bytes of its answer. */
type Send = (path: string, body: Buffer) => Promise<number>;

function overUndici(origin: string): Send {
  const pool = new Pool(origin, { connections: null, pipelining: 1 });
  return (path, body) =>
    new Promise((resolve, reject) => {
      let bytes = 0;
      pool.dispatch(
        { path, method: "POST", headers: HEADERS, body },
        {
          onRequestStart: () => undefined,
          onResponseStart: () => undefined,
          onResponseData: (_controller, chunk) => {
            bytes += chunk.length;
          },
          onResponseEnd: () => resolve(bytes),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
}

function overOwnClient(origin: string): Send {
  const client = new UpstreamClient();
  const timeouts = { connectMs: TIMEOUT_MS, firstByteMs: TIMEOUT_MS, idleMs: TIMEOUT_MS };
  return (path, body) =>
    new Promise((resolve, reject) => {
      let bytes = 0;
      client.send(
        { origin, method: "POST", path, headers: HEADERS, body, ...timeouts },
        {
          start: () => undefined,
          data: (chunk) => {
            bytes += chunk.length;
          },
          end: () => resolve(bytes),
          fail: reject,
        },
      );
    });
}

/** CPU microseconds of this process per request. */
async function round(send: Send, workload: Workload, expected: number): Promise<number> {
  const path = providerPath(workload);
  const body = requestBody(workload);
  let left = REQUESTS_PER_ROUND;
  const before = process.cpuUsage();
  const sender = async () => {
    while (left-- > 0)
      if ((await send(path, body)) !== expected) throw new Error(`${workload.name}: another answer`);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / REQUESTS_PER_ROUND;
}

async function compare(origin: string, workload: Workload, rounds: number): Promise<string[]> {
  const [theirs, ours] = [overUndici(origin), overOwnClient(origin)];
  const expected = await theirs(providerPath(workload), requestBody(workload));
  const costs: { readonly theirs: number[]; readonly ours: number[] } = { theirs: [], ours: [] };
  for (let i = 0; i < rounds; i++) {
    costs.theirs.push(await round(theirs, workload, expected));
    costs.ours.push(await round(ours, workload, expected));
  }
  const [slow, fast] = [minimum(costs.theirs), minimum(costs.ours)];
  return [workload.name, slow.toFixed(0), fast.toFixed(0), (fast / slow).toFixed(2)];
}

const rounds = Number(process.argv[2] ?? 5);
const folder = await mkdtemp(join(tmpdir(), "aibridge-bench-upstream-"));
try {
  const answers = join(folder, "answers.json");
  await writeAnswers(answers);
  await using provider = await BenchChild.start("provider.ts", [answers]);
  const origin = `http://127.0.0.1:${provider.port}`;
  const rows: string[][] = [];
  for (const name of ["chat non-stream 1KB", "chat stream 1KB", "chat non-stream 200KB"])
    rows.push(await compare(origin, workloadNamed(name), rounds));
  const right = (title: string) => ({ title, align: "right" }) as const;
  const columns = [
    { title: "CPU per request", align: "left" } as const,
    right("undici µs"),
    right("own µs"),
    right("ratio"),
  ];
  process.stdout.write(renderTable(columns, rows));
} finally {
  await rm(folder, { recursive: true });
}
process.exit();
