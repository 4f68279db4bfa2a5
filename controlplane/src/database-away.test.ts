import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AdminService, RecorderService, UsageService } from "@aibridge/proto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { freePort } from "../../test/support/free-port.ts";
import { MariaDb } from "../../test/support/use-mariadb.ts";
import { codeOf } from "./test-support/record-batches.ts";
import { sampleInterception } from "./test-support/sample-records.ts";
import { type TestControlPlane, useControlPlane } from "./test-support/use-control-plane.ts";

let server: MariaDb;
let databases = 0;
beforeAll(async () => {
  server = await MariaDb.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const KEYS = { gatewayKey: "g".repeat(32), adminKey: "a".repeat(32) };

async function useDatabase(): Promise<{ name: string; address: string }> {
  databases += 1;
  const name = `away_${databases}`;
  return { name, address: await server.database(name) };
}

async function readiness({ adminUrl }: TestControlPlane) {
  const response = await fetch(`${adminUrl}/readyz`);
  return { status: response.status, text: await response.text() };
}

/** Stores one record, and says what came of it. */
function record(controlPlane: TestControlPlane, interception = sampleInterception()) {
  return codeOf(controlPlane.gateway(RecorderService).recordInterception({ interception }));
}

async function expectWorking(controlPlane: TestControlPlane): Promise<void> {
  const interception = sampleInterception();
  await vi.waitUntil(async () => (await record(controlPlane, interception)) === undefined, 15_000);
  await vi.waitUntil(async () => (await readiness(controlPlane)).status === 200, 5000);
  const { id } = interception;
  expect(await codeOf(controlPlane.admin(UsageService).getInterception({ id }))).toBeUndefined();
}

test("a server that was killed is reported, and used again as soon as it is back", async () => {
  const { address } = await useDatabase();
  const controlPlane = await useControlPlane({ database: address, ...KEYS });
  await expectWorking(controlPlane);
  await server.stop("SIGKILL");
  expect(await record(controlPlane)).toBe(Code.Unavailable);
  expect(await codeOf(controlPlane.admin(UsageService).listInterceptions({}))).toBe(Code.Unavailable);
  expect(await readiness(controlPlane)).toMatchObject({
    status: 503,
    text: expect.stringMatching(/ECONNREFUSED|closed|ECONNRESET/),
  });
  await server.start();
  await expectWorking(controlPlane);
});

test("a server that does not answer costs a bounded time, and is used again as soon as it does", async () => {
  const { address } = await useDatabase();
  const controlPlane = await useControlPlane({ database: address, ...KEYS });
  await expectWorking(controlPlane);
  server.signal("SIGSTOP");
  onTestFinished(() => server.signal("SIGCONT"));
  const stored = record(controlPlane);
  const asked = performance.now();
  expect(await readiness(controlPlane)).toMatchObject({
    status: 503,
    text: expect.stringMatching(/has not answered within 2000 ms/),
  });
  expect(performance.now() - asked).toBeLessThan(4000);
  expect(await stored).toBe(Code.Unavailable);
  server.signal("SIGCONT");
  await expectWorking(controlPlane);
}, 40_000);

test("a table that others have locked is not waited for without end", async () => {
  const { name, address } = await useDatabase();
  const controlPlane = await useControlPlane({ database: address, ...KEYS });
  const locker = await server.connect(name);
  onTestFinished(() => locker.destroy());
  await locker.query("lock tables aibridge_interceptions write");
  expect(await record(controlPlane)).toBe(Code.Unavailable);
  await locker.query("unlock tables");
  await expectWorking(controlPlane);
}, 40_000);

test("a server that takes no writes is reported, although it can be read", async () => {
  const { name, address } = await useDatabase();
  await server.query("", "create or replace user aibridge@'127.0.0.1' identified by 'p@ss'");
  await server.query("", `grant all on ${name}.* to aibridge@'127.0.0.1'`);
  const database = address.replace("root@", "aibridge:p%40ss@");
  const controlPlane = await useControlPlane({ database, ...KEYS });
  await expectWorking(controlPlane);
  await server.query("", "set global read_only = 1");
  onTestFinished(async () => {
    await server.query("", "set global read_only = 0");
  });
  expect(await record(controlPlane)).toBe(Code.Unavailable);
  expect(await readiness(controlPlane)).toMatchObject({
    status: 503,
    text: expect.stringMatching(/read-only/),
  });
  expect(await codeOf(controlPlane.admin(UsageService).listInterceptions({}))).toBeUndefined();
  await server.query("", "set global read_only = 0");
  await expectWorking(controlPlane);
});

async function get(port: number, path: string) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text() };
}

test("a start waits for a server that is away, says so, and serves once it is there", async () => {
  const { address } = await useDatabase();
  await server.stop("SIGKILL");
  const adminPort = await freePort();
  const start = useControlPlane({ database: address, adminListen: `127.0.0.1:${adminPort}`, ...KEYS });
  const waiting = { status: 503, text: expect.stringMatching(/^waiting for the database: .*ECONNREFUSED/) };
  await vi.waitFor(async () => expect(await get(adminPort, "/readyz")).toMatchObject(waiting), 5000);
  expect(await get(adminPort, "/healthz")).toMatchObject({ status: 200 });
  await server.start();
  await expectWorking(await start);
}, 30_000);

test("a start that waits can be given up, and leaves nothing open", async () => {
  const { address } = await useDatabase();
  await server.stop("SIGKILL");
  onTestFinished(() => server.start());
  const adminPort = await freePort();
  const givenUp = new AbortController();
  const { signal } = givenUp;
  const start = useControlPlane({
    ...{ database: address, adminListen: `127.0.0.1:${adminPort}`, signal },
    ...KEYS,
  });
  const outcome = start.catch((reason: unknown) => reason);
  await vi.waitUntil(async () => (await get(adminPort, "/readyz")).text.startsWith("waiting"), 5000);
  givenUp.abort();
  expect(await outcome).toBe(signal.reason);
  await expect(get(adminPort, "/healthz")).rejects.toThrow();
});

test("an unknown database stops the start", async () => {
  const start = useControlPlane({ database: server.url("no_such_database"), ...KEYS });
  await expect(start).rejects.toThrow(/--database: mysql:.* cannot be used: Unknown database/);
});

test("a wrong password stops the start without repeating it", async () => {
  const { name } = await useDatabase();
  const database = server.url(name).replace("root@", "nobody:secret@");
  const start = useControlPlane({ database, ...KEYS });
  await expect(start).rejects.toThrow(/--database: mysql:.* cannot be used: Access denied/);
  await expect(start).rejects.not.toThrow("secret");
});

test("a server without TLS is refused when TLS was asked for", async () => {
  const { address } = await useDatabase();
  const start = useControlPlane({ database: `${address.replace("127.0.0.1", "localhost")}?tls=on`, ...KEYS });
  await expect(start).rejects.toThrow(/--database: mysql:.* cannot be used: .*secure connection/);
});

test("a SQLite file that another process has locked is reported, and used again afterwards", async () => {
  const controlPlane = await useControlPlane();
  const other = new DatabaseSync(join(controlPlane.folder, "aibridge.db"));
  onTestFinished(() => other.close());
  other.exec("begin immediate");
  expect(await record(controlPlane)).toBe(Code.Unavailable);
  expect(await readiness(controlPlane)).toMatchObject({ status: 503, text: expect.stringMatching(/locked/) });
  other.exec("rollback");
  await expectWorking(controlPlane);
});

test("a SQLite file that was moved away takes nothing any more, and is used again when it is back", async () => {
  const controlPlane = await useControlPlane();
  await expectWorking(controlPlane);
  const file = join(controlPlane.folder, "aibridge.db");
  renameSync(file, `${file}.away`);
  expect(await record(controlPlane)).toBe(Code.Unavailable);
  expect(await codeOf(controlPlane.admin(AdminService).createToken({ actor: "alice" }))).toBe(
    Code.Unavailable,
  );
  const gone = { status: 503, text: expect.stringMatching(/removed or replaced/) };
  expect(await readiness(controlPlane)).toMatchObject(gone);
  writeFileSync(file, "");
  expect(await record(controlPlane)).toBe(Code.Unavailable);
  renameSync(`${file}.away`, file);
  await expectWorking(controlPlane);
});
