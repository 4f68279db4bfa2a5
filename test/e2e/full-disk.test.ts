import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { RecorderService, UsageService } from "@aibridge/proto";
import { channelInterceptor, uuidv7 } from "@aibridge/proto/channel";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";

const command = resolve(import.meta.dirname, "../../node_modules/.bin/aibridge");
const gatewayKey = "gateway-key-of-the-tests-0123456789abcdef";
const adminKey = "admin-key-of-the-tests-0123456789abcdef00";

/** A control plane on SQLite none of whose files may grow beyond a size, as on a disk that is full at that point. */
async function useSmallDisk(bytes: number) {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-full-"));
  const [port, adminPort] = [await freePort(), await freePort()];
  const args = [
    ...["controlplane", "--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`],
    ...["--database", `sqlite:${join(folder, "aibridge.db")}`],
  ];
  // With the signal ignored, a write beyond the limit fails with an error, as it does on a full disk.
  const script = 'trap "" XFSZ; exec "$0" "$@"';
  const limited = ["prlimit", `--fsize=${bytes}:unlimited`, command, ...args];
  const child = spawn("sh", ["-c", script, ...limited], {
    cwd: folder,
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      AIBRIDGE_GATEWAY_KEY: gatewayKey,
      AIBRIDGE_ADMIN_KEY: adminKey,
    },
    stdio: "ignore",
  });
  onTestFinished(async () => {
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
    rmSync(folder, { recursive: true, force: true });
  });
  const ready = async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status;
  await eventually(async () => (await ready()) === 200 || undefined, 20_000);
  const client = (key: string) =>
    createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}`, interceptors: [channelInterceptor(key)] });
  return {
    ready,
    recorder: createClient(RecorderService, client(gatewayKey)),
    usage: createClient(UsageService, client(adminKey)),
    makeRoom: () => execFileSync("prlimit", [`--pid=${child.pid}`, "--fsize=unlimited:unlimited"]),
  };
}

test("a full disk acknowledges nothing that is not stored, says so, and works again when there is room", async () => {
  const { ready, recorder, usage, makeRoom } = await useSmallDisk(1024 * 1024);
  const userAgent = "x".repeat(50_000);
  const record = async (id: string) => {
    const known = {
      initiatorId: "alice",
      provider: "openai",
      providerName: "openai",
      route: "/v1/responses",
    };
    const interception = { id, ...known, startedAt: timestampNow(), userAgent };
    await recorder.recordInterception({ interception });
  };

  const stored: string[] = [];
  let refusal: ConnectError | undefined;
  while (refusal === undefined && stored.length < 100) {
    const id = uuidv7();
    await record(id).then(
      () => stored.push(id),
      (error: unknown) => {
        refusal = ConnectError.from(error);
      },
    );
  }
  expect(refusal?.code).toBe(Code.Unavailable);
  expect(await ready()).toBe(503);
  const { interceptions } = await usage.listInterceptions({ pageSize: 1000 });
  expect(interceptions.map(({ interception }) => interception?.id).sort()).toEqual(stored.sort());

  makeRoom();
  await record(uuidv7());
  expect(await ready()).toBe(200);
});
