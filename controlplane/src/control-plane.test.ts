import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AdminService, RecorderService } from "@aibridge/proto";
import { expect, test } from "vitest";
import { type ControlPlaneOptions, StartError, startControlPlane } from "./index.ts";
import { sampleInterception, sampleTokenUsage } from "./test-support/sample-records.ts";
import { useControlPlane, useFolder } from "./test-support/use-control-plane.ts";

const KEY_A = "a".repeat(32);
const KEY_B = "b".repeat(32);

test("generated keys lie beside the database, readable by their owner only, and are used again", async () => {
  const folder = join(useFolder(), "new", "data");
  const options = {
    listen: "127.0.0.1:0",
    adminListen: "127.0.0.1:0",
    database: `sqlite:${folder}/a.db`,
  };
  const first = await startControlPlane(options);
  await first.close();
  const second = await startControlPlane(options);
  await second.close();

  for (const name of ["gateway.key", "admin.key", "a.db"]) {
    expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
  }
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readFileSync(join(folder, "admin.key"), "utf8").trim()).toBe(first.adminKey);
  expect(first.keys.gateway.file).toBe(join(folder, "gateway.key"));
  expect([second.adminKey, second.gatewayKey]).toEqual([first.adminKey, first.gatewayKey]);
});

test("keys that are given are not written anywhere", async () => {
  const { folder, gatewayKey, keys } = await useControlPlane({ gatewayKey: KEY_A, adminKey: KEY_B });
  expect(gatewayKey).toBe(KEY_A);
  expect(keys.gateway.file).toBeUndefined();
  expect(() => statSync(join(folder, "gateway.key"))).toThrow("ENOENT");
});

test.each<[string, ControlPlaneOptions, RegExp]>([
  ["a short key", { gatewayKey: "short" }, /gateway key has 5 characters; it needs at least 32/],
  ["equal keys", { gatewayKey: KEY_A, adminKey: KEY_A }, /the same/],
  ["an open plaintext address", { listen: "0.0.0.0:0" }, /--insecure-plaintext/],
  ["a wrong address", { listen: "nowhere" }, /--listen: expected HOST:PORT/],
  ["a wrong admin address", { adminListen: "nowhere" }, /--admin-listen: expected/],
  ["an unknown database", { database: "postgres://u:secret@h/d" }, /--database: expected .*sqlite:PATH/],
  ["a missing configuration file", { config: "/nowhere/aibridge.yaml" }, /--config names/],
])("%s stops the start with a message", async (_what, options, message) => {
  const start = startControlPlane({
    listen: "127.0.0.1:0",
    adminListen: "127.0.0.1:0",
    database: `sqlite:${useFolder()}/a.db`,
    ...options,
  });
  await expect(start).rejects.toThrow(StartError);
  await expect(start).rejects.toThrow(message);
  await expect(start).rejects.not.toThrow("secret");
});

test("an address that other machines can reach is possible when it is allowed", async () => {
  const { url } = await useControlPlane({ listen: "0.0.0.0:0", insecurePlaintext: true });
  expect(url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
});

test("a port that is taken is named, and nothing stays open", async () => {
  const { url, adminUrl } = await useControlPlane();
  const taken = startControlPlane({
    listen: new URL(url).host,
    adminListen: "127.0.0.1:0",
    database: `sqlite:${useFolder()}/a.db`,
  });
  await expect(taken).rejects.toThrow(/--listen: .* is taken/);
  expect((await fetch(`${adminUrl}/healthz`)).status).toBe(200);
});

test("a file that is no database stops the start", async () => {
  const file = join(useFolder(), "a.db");
  writeFileSync(file, "this is not a database, but long enough to be read as a header of one");
  const start = startControlPlane({
    listen: "127.0.0.1:0",
    adminListen: "127.0.0.1:0",
    database: `sqlite:${file}`,
  });
  await expect(start).rejects.toThrow(/--database: .*a\.db cannot be used: file is not a database/);
});

test("a database of a newer version stops the start", async () => {
  const controlPlane = await useControlPlane();
  const file = join(controlPlane.folder, "aibridge.db");
  await controlPlane.close();
  const database = new DatabaseSync(file);
  database.exec("insert into aibridge_schema_version (name, timestamp) values ('9999-later', '2030')");
  database.close();
  const start = startControlPlane({
    listen: "127.0.0.1:0",
    adminListen: "127.0.0.1:0",
    database: `sqlite:${file}`,
  });
  await expect(start).rejects.toThrow(/9999-later/);
});

test("the admin listener tells health, readiness and metrics", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const interception = sampleInterception();
  const tokenUsage = sampleTokenUsage(interception.id);
  await recorder.recordInterception({ interception });
  await recorder.recordTokenUsage({ tokenUsage });
  await recorder.recordTokenUsage({ tokenUsage });
  await recorder.recordInterception({}).catch(() => undefined);
  const get = async (path: string) => {
    const response = await fetch(controlPlane.adminUrl + path);
    return { status: response.status, text: await response.text() };
  };

  expect(await get("/healthz")).toEqual({ status: 200, text: "ok\n" });
  expect(await get("/readyz")).toEqual({ status: 200, text: "ok\n" });
  expect((await get("/other")).status).toBe(404);
  expect((await get("//")).status).toBe(404);
  const { text } = await get("/metrics");
  expect(text).toContain('aibridge_records_stored_total{kind="interception"} 1');
  expect(text).toContain('aibridge_records_stored_total{kind="token_usage"} 1');
  expect(text).toContain('aibridge_record_rejections_total{reason="invalid_argument"} 1');
  expect(text).toMatch(/aibridge_rpc_duration_seconds_count\{[^}]*method="RecordTokenUsage",code="ok"\} 2/);
  expect(text).toContain("aibridge_process_cpu_seconds_total");
});

test("readiness fails, with the reason, when the tables are gone", async () => {
  const controlPlane = await useControlPlane();
  const database = new DatabaseSync(join(controlPlane.folder, "aibridge.db"));
  database.exec("delete from aibridge_schema_version");
  database.close();
  const response = await fetch(`${controlPlane.adminUrl}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.text()).toContain("0001-initial");
});

test("what was stored is there after a restart", async () => {
  const first = await useControlPlane();
  await first.admin(AdminService).createToken({ actor: "alice" });
  await first.close();
  const second = await useControlPlane({ database: `sqlite:${first.folder}/aibridge.db` });
  expect((await second.admin(AdminService).listTokens({})).tokens).toMatchObject([{ actor: "alice" }]);
});

test("a data folder that cannot be made stops the start", async () => {
  const file = join(useFolder(), "file");
  writeFileSync(file, "in the way");
  const start = startControlPlane({
    listen: "127.0.0.1:0",
    adminListen: "127.0.0.1:0",
    database: `sqlite:${file}/data/a.db`,
  });
  await expect(start).rejects.toThrow(/gateway\.key cannot be written/);
});
