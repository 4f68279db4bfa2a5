import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createRecorderClient, type StreamRecordsRequest, StreamRecordsRequestSchema } from "@aibridge/sdk";
import type { RecordBody } from "@aibridge/sdk/recorder";
import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, onTestFinished, test } from "vitest";
import { children, interception, realEnd } from "./sample-records.ts";

const gatewayKey = "gateway-key-of-the-tests-0123456789abcdef";

function start(args: readonly string[], key: string, { program = "main.ts", cwd = "." } = {}): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, program), ...args], {
    env: { AIBRIDGE_GATEWAY_KEY: key },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Everything a stream of a process says until it ends. */
async function textOf(stream: AsyncIterable<Buffer> | null): Promise<string> {
  let text = "";
  for await (const chunk of stream ?? []) text += chunk.toString();
  return text;
}

/** A client for a host that has just been started, once it serves. */
async function connectTo(host: ChildProcess) {
  const [line] = (await once(host.stdout ?? host, "data")) as [Buffer];
  const address = /^recorder serves on (127\.0\.0\.1:\d+)\n$/.exec(line.toString())?.[1];
  return createRecorderClient({ url: `http://${address}`, gatewayKey });
}

function useFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "recorder-host-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A database file, and a host on it that can be started again and again. */
function useHost() {
  const file = join(useFolder(), "records.db");
  const serve = async () => {
    const process = start(["--listen", "127.0.0.1:0", "--database", file], gatewayKey);
    return { process, client: await connectTo(process) };
  };
  const count = (table: string) => {
    const database = new DatabaseSync(file);
    const row = database.prepare(`select count(*) as rows from ${table}`).get();
    database.close();
    return row?.rows;
  };
  return { serve, count };
}

async function* batchOf(records: readonly RecordBody[]): AsyncGenerator<StreamRecordsRequest> {
  yield create(StreamRecordsRequestSchema, {
    records: records.map((record, index) => ({ sequence: BigInt(index + 1), record })),
  });
}

test("what was acknowledged outlives kill -9, and comes again without harm", async () => {
  const { serve, count } = useHost();
  const records = [interception, ...children, realEnd];
  const acknowledge = async ({ client }: Awaited<ReturnType<typeof serve>>) => {
    const { value } = await client.streamRecords(batchOf(records))[Symbol.asyncIterator]().next();
    expect(value).toMatchObject({ acknowledgedSequence: 6n, rejected: [] });
  };
  const first = await serve();
  await acknowledge(first);
  const killed = once(first.process, "exit");
  first.process.kill("SIGKILL");
  await killed;
  expect([count("interceptions"), count("tool_usages"), count("interception_ends")]).toEqual([1, 1, 1]);

  const second = await serve();
  await acknowledge(second);
  expect([count("interceptions"), count("tool_usages"), count("interception_ends")]).toEqual([1, 1, 1]);
  const stopped = once(second.process, "exit");
  second.process.kill("SIGTERM");
  expect(await stopped).toEqual([0, null]);
});

test("a record without a valid id is rejected", async () => {
  const { client } = await useHost().serve();
  const wrong = { ...interception.value, id: "1" };
  await expect(client.recordInterception({ interception: wrong })).rejects.toMatchObject({
    code: Code.InvalidArgument,
  });
});

test.each([
  ["a key that is too short", ["--listen", "127.0.0.1:0", "--database", "x.db"], "short", "32 characters"],
  ["an unknown flag", ["--listn", "127.0.0.1:0"], gatewayKey, "--listn"],
  ["no database", ["--listen", "127.0.0.1:0"], gatewayKey, "usage:"],
])("%s ends the program with code 2", async (_, args, key, message) => {
  const child = start(args, key);
  const [[code], text] = await Promise.all([once(child, "exit"), textOf(child.stderr)]);
  expect(code).toBe(2);
  expect(text).toContain(message);
});

test("the smallest host keeps each record once, and stops in order", async () => {
  const cwd = useFolder();
  const host = start(["127.0.0.1:0"], gatewayKey, { program: "first-host.ts", cwd });
  const client = await connectTo(host);
  for (let sent = 0; sent < 2; sent += 1) {
    await client.recordInterception({ interception: interception.value });
  }
  const stopped = once(host, "exit");
  host.kill("SIGTERM");
  expect(await stopped).toEqual([0, null]);
  const database = new DatabaseSync(join(cwd, "records.db"));
  const rows = database.prepare("select kind, record ->> '$.interception.model' as model from records").all();
  database.close();
  expect(rows).toEqual([{ kind: "interception", model: "claude-sonnet-4-5" }]);
});
