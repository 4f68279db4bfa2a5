import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigService, RecorderService } from "@aibridge/proto";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { AibridgeProcess } from "../support/aibridge-process.ts";
import { CertificateAuthority } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import {
  type ControlPlaneAddress,
  callByGrpcJs,
  certificateFlags,
  listByBuf,
  listByCurl,
  listByGrpcJs,
} from "../support/list-interceptions.ts";
import { runCommand } from "../support/run-command.ts";
import { recordOne, tlsFilesOf } from "../support/tls-gateway.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

let folder: string;
let authority: CertificateAuthority;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "aibridge-tls-"));
  authority = new CertificateAuthority(folder, "authority");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(["plaintext loopback", "mutual TLS"])("over %s", (channel) => {
  let gateway: GatewayUnderTest;
  let address: ControlPlaneAddress;
  let recorded: string[];

  beforeAll(async () => {
    const tls = channel === "mutual TLS" ? tlsFilesOf(authority) : undefined;
    gateway = await useGateway(tls && { tls });
    address = { url: gateway.controlPlaneUrl, adminKey: gateway.adminKey, tls };
    recorded = [await recordOne(gateway, tls?.ca), await recordOne(gateway, tls?.ca)].reverse();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test.each<[string, (address: ControlPlaneAddress) => Promise<string[]>]>([
    ["curl by HTTP/1.1", (to) => listByCurl(to, "--http1.1")],
    ["curl by HTTP/2", (to) => listByCurl(to, to.tls ? "--http2" : "--http2-prior-knowledge")],
    ["buf curl by gRPC", (to) => listByBuf(to, "grpc", "files")],
    ["buf curl by gRPC-Web", (to) => listByBuf(to, "grpcweb", "files")],
    ["buf curl by Connect", (to) => listByBuf(to, "connect", "files")],
    ["buf curl that asks by reflection", (to) => listByBuf(to, "grpc", "reflection")],
    ["@grpc/grpc-js", (to) => listByGrpcJs(to)],
  ])("%s lists the same interceptions", async (_client, list) => {
    expect(await list(address)).toEqual(recorded);
  });

  test("the command line lists the same interceptions", async () => {
    const { stdout, stderr } = await gateway.run("interceptions", "list", "--json");
    expect(stderr).toBe("");
    const { interceptions } = JSON.parse(stdout);
    expect(interceptions.map((one: { interception: { id: string } }) => one.interception.id)).toEqual(
      recorded,
    );
  });

  test.each(["1.99", "2.0"])(
    "a caller of API version %s is refused, and both versions are named",
    async (version) => {
      const metadata = new grpc.Metadata();
      metadata.set("authorization", `Bearer ${gateway.adminKey}`);
      metadata.set("x-aibridge-api-version", version);
      const refusal = await callByGrpcJs(address, metadata).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: grpc.status.FAILED_PRECONDITION });
      // This client leaves commas as they were encoded on the way.
      const message = decodeURIComponent((refusal as grpc.ServiceError).details);
      expect(message).toMatch(new RegExp(`version ${version}, this server .*1\\.0`));
    },
  );

  test("health is open to whoever may connect, without a key", async () => {
    const asked = await runCommand("curl", [
      ...["--silent", "--show-error", ...certificateFlags(address)],
      ...["--header", "content-type: application/json", "--data", '{"service":"aibridge.v1.UsageService"}'],
      `${address.url}/grpc.health.v1.Health/Check`,
    ]);
    expect(JSON.parse(asked.stdout)).toEqual({ status: "SERVING" });
  });

  test("no key is in any log", () => {
    const logs = gateway.controlPlane.output + gateway.dataPlane.output;
    expect(logs).toContain("configuration applied");
    expect(logs).not.toMatch(/PRIVATE KEY|BEGIN/);
    for (const secret of [gateway.adminKey, gateway.gatewayKey, gateway.token])
      expect(logs).not.toContain(secret);
  });
});

test("a frozen control plane is noticed in 1.5 s, by TLS too", async () => {
  const tls = tlsFilesOf(authority);
  await using gateway = await useGateway({ tls });
  await recordOne(gateway, tls.ca);
  const frozenAt = performance.now();
  gateway.controlPlane.signal("SIGSTOP");
  await eventually(() => gateway.dataPlane.output.includes("the configuration service is away") || undefined);
  const noticedMs = performance.now() - frozenAt;
  // Not sooner than a ping may take to be answered; the rest is for a busy machine.
  expect(noticedMs).toBeGreaterThan(450);
  expect(noticedMs).toBeLessThan(3_000);
  gateway.controlPlane.signal("SIGCONT");
  await eventually(() => gateway.dataPlane.output.includes("the configuration service is back") || undefined);
  await recordOne(gateway, tls.ca);
  expect(await gateway.controlPlane.stop()).toBe(0);
});

test("Connect over HTTP/1.1 works by mutual TLS, and both planes end in peace", async () => {
  const tls = tlsFilesOf(authority);
  await using gateway = await useGateway({ tls, dataPlaneFlags: ["--rpc-protocol", "connect"] });
  const id = await recordOne(gateway, tls.ca);
  expect(id).not.toBe("");
  expect(await gateway.dataPlane.stop()).toBe(0);
  expect(await gateway.controlPlane.stop()).toBe(0);
});

test("a data plane that is refused for its API version says so loudly", async () => {
  const message = "the caller speaks API version 1.0, this server 2.0";
  const refuse = () => {
    throw new ConnectError(message, Code.FailedPrecondition);
  };
  const routes = (router: ConnectRouter) =>
    void router
      .service(ConfigService, { watchConfig: refuse })
      .service(RecorderService, { streamRecords: refuse });
  const server = createServer(connectNodeAdapter({ routes }));
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await using dataPlane = new AibridgeProcess(
    [
      ...["dataplane", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"],
      ...["--controlplane", `http://127.0.0.1:${port}`, "--spool", join(folder, "refused")],
    ],
    { AIBRIDGE_GATEWAY_KEY: "gateway-key-of-the-tests-0123456789abcdef" },
    folder,
  );
  dataPlane.start();
  const errors = await eventually(() => {
    const lines = dataPlane.output
      .split("\n")
      .filter((line) => line.includes("check its gateway key and version"));
    return lines.length > 1 ? lines : undefined;
  });
  const told = errors.map((line) => JSON.parse(line));
  for (const service of ["the configuration service", "the recorder"])
    expect(told).toContainEqual(
      expect.objectContaining({
        msg: `${service} refuses this gateway: check its gateway key and version`,
        level: 50,
        code: "FailedPrecondition",
        reason: message,
      }),
    );
});
