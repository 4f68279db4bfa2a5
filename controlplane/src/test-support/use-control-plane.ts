import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { channelInterceptor } from "@aibridge/proto/channel";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { onTestFinished } from "vitest";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "../index.ts";

/** A folder of its own for one test, removed after it. */
export function useFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-controlplane-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A running control plane with clients of both keys. */
export interface TestControlPlane extends ControlPlane {
  readonly folder: string;
  /** A client that presents the admin key. */
  admin<S extends DescService>(service: S): Client<S>;
  /** A client that presents the gateway key, or the key given. */
  gateway<S extends DescService>(service: S, key?: string): Client<S>;
}

/** A real control plane on free ports with a real SQLite file, closed after the test. */
export async function useControlPlane(options: ControlPlaneOptions = {}): Promise<TestControlPlane> {
  const folder = useFolder();
  const controlPlane = await startControlPlane({
    listen: "127.0.0.1:0",
    adminListen: "127.0.0.1:0",
    database: `sqlite:${join(folder, "aibridge.db")}`,
    configPollMs: 10,
    graceMs: 1000,
    ...options,
  });
  onTestFinished(() => controlPlane.close());
  const client = <S extends DescService>(service: S, key: string) =>
    grpcClient(service, controlPlane.url, key);
  return {
    ...controlPlane,
    folder,
    admin: (service) => client(service, controlPlane.adminKey),
    gateway: (service, key = controlPlane.gatewayKey) => client(service, key),
  };
}

/** A gRPC client whose connection is closed after the test. */
export function grpcClient<S extends DescService>(service: S, baseUrl: string, key: string): Client<S> {
  const sessionManager = new Http2SessionManager(baseUrl);
  onTestFinished(() => sessionManager.abort());
  const transport = createGrpcTransport({ baseUrl, sessionManager, interceptors: [channelInterceptor(key)] });
  return createClient(service, transport);
}
