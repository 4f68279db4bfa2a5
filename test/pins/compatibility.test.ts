import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION } from "@aibridge/proto/channel";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
const image = join(process.cwd(), `proto/released/v${API_VERSION}.binpb`);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "aibridge-compatibility-"));
  cpSync("buf.yaml", join(folder, "buf.yaml"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("the contract of every released API version is kept, and named by its version", () => {
  expect(readdirSync("proto/released").every((name) => /^v\d+\.\d+\.binpb$/.test(name))).toBe(true);
});

test.each([
  ["nothing", /$^/, "", 0],
  ["a new member", /string id = 1;/, "string id = 1;\n  string added = 900;", 0],
  ["a removed member", /^ *string user_agent = 12;$/m, "", 100],
  ["a renumbered member", /string user_agent = 12;/, "string user_agent = 40;", 100],
  ["a changed type", /bool streaming = 8;/, "string streaming = 8;", 100],
  ["a renamed rpc", /rpc StreamRecords\(/, "rpc SendRecords(", 100],
])("the check against the last release judges %s", (_change, from, to, status) => {
  rmSync(join(folder, "proto"), { recursive: true, force: true });
  cpSync("proto/aibridge", join(folder, "proto/aibridge"), { recursive: true });
  const file = join(folder, "proto/aibridge/v1/recorder.proto");
  writeFileSync(file, readFileSync(file, "utf8").replace(from, to));
  const buf = join(process.cwd(), "node_modules/.bin/buf");
  const check = spawnSync(buf, ["breaking", "--against", image], { cwd: folder, encoding: "utf8" });
  expect({ status: check.status, told: check.stdout !== "" }).toEqual({ status, told: status !== 0 });
});
