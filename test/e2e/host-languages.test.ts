import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGateway } from "@aibridge/dataplane";
import { ActorService, StreamRecordsRequestSchema } from "@aibridge/proto";
import { createRecorderClient } from "@aibridge/sdk";
import { inProcessRecorder, type RecordBody, serveRecorder } from "@aibridge/sdk/recorder";
import {
  httpError,
  type ScriptedProvider,
  startScriptedProvider,
  text,
  thinking,
  toolCall,
} from "@aibridge/sdk/testing";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RecordStore } from "../../examples/recorder-host-typescript/record-store.ts";
import { eventually } from "../support/eventually.ts";
import { HostProcess } from "../support/host-process.ts";
import { startHostServer } from "../support/host-services.ts";
import { type HostTables, readHostTables } from "../support/host-tables.ts";
import { type HostCommand, languageHosts } from "../support/language-hosts.ts";
import { apiCases, apiModes } from "../support/requests.ts";
import { rejectedRecords, unusualRecords } from "../support/unusual-records.ts";
import { gatewayKey, useDataPlane } from "../support/use-data-plane.ts";

/** Building a host from nothing downloads and compiles what it needs. */
const buildTimeoutMs = 300_000;

const here = languageHosts.filter(({ missing }) => missing === undefined);
for (const { language, missing } of languageHosts) {
  if (missing !== undefined) process.stderr.write(`the ${language} host is not tested: ${missing}\n`);
}

const folder = mkdtempSync(join(tmpdir(), "aibridge-test-"));
const commands = new Map<string, HostCommand>();
let provider: ScriptedProvider;
beforeAll(async () => {
  provider = await startScriptedProvider();
  await Promise.all(here.map(async ({ language, prepare }) => commands.set(language, await prepare(folder))));
}, buildTimeoutMs);
afterAll(async () => {
  await provider?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A host of the given language on a new database. */
function startHost(language: string) {
  const database = join(mkdtempSync(join(folder, "host-")), "records.db");
  const host = new HostProcess(commands.get(language) as HostCommand, database, gatewayKey);
  return { host, tables: () => readHostTables(database) };
}

/** Sends mixed traffic through a data plane that records at the given URL. Returns the number of requests. */
async function recordTraffic(recorder: string): Promise<number> {
  await using actors = await startHostServer("grpc", ({ service }) => {
    const actor = { id: "alice", name: "Alice", apiKeyId: "key-1", metadata: { team: "Zoë & Co", "1": 1 } };
    service(ActorService, { resolveActor: () => ({ actor }) });
  });
  const config = join(folder, "aibridge.json");
  await writeFile(config, JSON.stringify(providersOf(provider)));
  await using dataPlane = await useDataPlane([
    ...["--config", config, "--recorder", recorder, "--actors", actors.url],
  ]);
  const requests = await sendTraffic(dataPlane.url);
  // It ends in order, with everything delivered.
  expect(await dataPlane.process.stop("SIGTERM")).toBe(0);
  return requests;
}

/** Every API in both modes, with all kinds of records, and a request that fails. Returns the number of requests. */
async function sendTraffic(gateway: string): Promise<number> {
  for (const { api, stream } of apiModes) {
    provider.next({
      content: [thinking("Hm…"), text("Let me look. 🎉"), toolCall("read_file", { path: "é.txt" })],
      usage: { input: 90, output: 12, cacheRead: 7 },
    });
    const answer = await post(gateway + apiCases[api].path, { ...apiCases[api].body, stream });
    expect(answer.status).toBe(200);
    await answer.text();
  }
  provider.next(httpError(400, "it cannot be read"));
  expect((await post(gateway + apiCases.chat.path, apiCases.chat.body)).status).toBe(400);
  return apiModes.length + 1;
}

function providersOf({ url }: ScriptedProvider) {
  const keys = ["sk-central-0123456789"];
  return {
    providers: [
      { name: "anthropic", type: "anthropic", base_url: url, keys },
      { name: "openai", type: "openai", base_url: `${url}/v1`, keys },
    ],
  };
}

function post(url: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json", authorization: "Bearer a-token-of-alice" };
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
}

type AnyRecord = RecordBody | { readonly case: undefined };

/** Sends batches as one stream. Returns what was acknowledged, and what of it was rejected as "sequence id code". */
async function replay(url: string, batches: readonly (readonly AnyRecord[])[]) {
  const client = createRecorderClient({ url, gatewayKey });
  let sequence = 0n;
  const requests = async function* () {
    for (const batch of batches) {
      const records = batch.map((record) => ({ sequence: ++sequence, record }));
      yield create(StreamRecordsRequestSchema, { records });
    }
  };
  let acknowledged = 0;
  const rejected: string[] = [];
  for await (const response of client.streamRecords(requests())) {
    acknowledged = Number(response.acknowledgedSequence);
    for (const { sequence: at, recordId, code } of response.rejected)
      rejected.push(`${at} ${recordId} ${code}`);
  }
  return { acknowledged, rejected };
}

function inBatches<T>(records: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(records.length / size) }, (_, index) =>
    records.slice(index * size, (index + 1) * size),
  );
}

/** What a data plane sends for mixed traffic, in its order. */
async function captureTraffic(): Promise<RecordBody[]> {
  const captured: RecordBody[] = [];
  const functions = { recordBatch: (records: readonly RecordBody[]) => void captured.push(...records) };
  await using recorder = await serveRecorder({ listen: "127.0.0.1:0", keys: [gatewayKey], functions });
  await recordTraffic(recorder.url);
  return captured;
}

/** Every host gets the same records twice, in different batches; then its tables are read. */
async function replayTwice(language: string, records: readonly AnyRecord[]): Promise<HostTables> {
  const { host, tables } = startHost(language);
  await using _ = host;
  const url = await host.url();
  const rejected = records.flatMap((record, index) => {
    const code = codeOfRejection(record);
    const id = record.case === undefined ? "" : record.value.id;
    return code === undefined ? [] : [`${index + 1} ${id} ${code}`];
  });
  const expected = { acknowledged: records.length, rejected };
  expect(await replay(url, [[], ...inBatches(records, 4)])).toEqual(expected);
  expect(await replay(url, inBatches(records, 256))).toEqual(expected);
  expect(await host.stop()).toBe(0);
  return tables();
}

function codeOfRejection(record: AnyRecord): number | undefined {
  return rejectedRecords.find(([rejected]) => rejected === record)?.[1];
}

function rowCounts(tables: HostTables): Record<string, number> {
  return Object.fromEntries(Object.entries(tables).map(([name, { rows }]) => [name, rows.length]));
}

/** Waits until the tables hold what so many requests of the mixed traffic leave behind. */
async function expectArrival(requests: number, tables: () => HostTables): Promise<void> {
  const counts = await eventually(() => {
    const found = rowCounts(tables());
    return found.interception_ends === requests ? found : undefined;
  });
  expect(counts).toMatchObject({
    interceptions: requests,
    token_usages: requests - 1,
    prompt_usages: requests,
    tool_usages: requests - 1,
  });
}

test("hosts of every language store the same traffic in identical tables", async () => {
  const traffic = await captureTraffic();
  const records = [...traffic, ...unusualRecords, ...rejectedRecords.map(([record]) => record), ...traffic];
  const byLanguage = new Map<string, HostTables>();
  for (const { language } of here) byLanguage.set(language, await replayTwice(language, records));

  const reference = byLanguage.get("TypeScript") as HostTables;
  const starts = traffic.filter((record) => record.case === "interception").length;
  expect(starts).toBe(apiModes.length + 1);
  expect(rowCounts(reference)).toEqual({
    interceptions: starts + 1,
    interception_ends: starts + 1,
    token_usages: apiModes.length + 1,
    prompt_usages: starts + 2,
    tool_usages: apiModes.length + 2,
    model_thoughts: expect.any(Number),
  });
  expect(reference.model_thoughts.rows.length).toBeGreaterThan(1);
  for (const [language, tables] of byLanguage) expect(tables, language).toEqual(reference);
});

test.each(here)(
  "a data plane serves requests with the $language host, and their records arrive",
  async ({ language }) => {
    const { host, tables } = startHost(language);
    await using _ = host;
    await expectArrival(await recordTraffic(await host.url()), tables);
    expect(await host.stop()).toBe(0);
  },
);

test("the functions of the TypeScript host serve a gateway in their own process too", async () => {
  const database = join(mkdtempSync(join(folder, "host-")), "records.db");
  using store = new RecordStore(database);
  const gateway = createGateway({
    config: providersOf(provider),
    actors: { resolveActor: () => ({ id: "alice" }) },
    recorder: inProcessRecorder(store),
  });
  const server = createServer(gateway.handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  const requests = await sendTraffic(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await gateway.close()).toBe(0);
  server.closeAllConnections();
  server.close();
  await expectArrival(requests, () => readHostTables(database));
});
