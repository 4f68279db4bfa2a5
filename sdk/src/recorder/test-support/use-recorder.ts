import type { RecorderService } from "@aibridge/proto";
import type { Client } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import { createRecorderClient } from "../../clients/index.ts";
import {
  addRecorderService,
  type HostRecorder,
  type RecorderServiceOptions,
  serveRecorder,
} from "../index.ts";

/** Gateway key of the tests. */
export const gatewayKey = "gateway-key-of-the-tests-0123456789abcdef";

/** The servers that RecorderService can be mounted on. */
export const servers = ["serveRecorder", "@grpc/grpc-js"] as const;
export type ServerName = (typeof servers)[number];

/** A recorder being served until the test is over. */
export interface RecorderUnderTest {
  readonly url: string;
  readonly client: Client<typeof RecorderService>;
}

/** Serves a host's functions by one of the servers. */
export async function useRecorder(
  server: ServerName,
  functions: HostRecorder,
  given: Partial<RecorderServiceOptions> = {},
): Promise<RecorderUnderTest> {
  const options = { keys: [gatewayKey], ...given };
  const url =
    server === "serveRecorder"
      ? await serveByConnect(functions, options)
      : await serveByGrpcJs(functions, options);
  return { url, client: createRecorderClient({ url, gatewayKey }) };
}

async function serveByConnect(functions: HostRecorder, options: RecorderServiceOptions): Promise<string> {
  const recorder = await serveRecorder({ ...options, listen: "127.0.0.1:0", functions });
  onTestFinished(() => recorder.close(0));
  return recorder.url;
}

async function serveByGrpcJs(functions: HostRecorder, options: RecorderServiceOptions): Promise<string> {
  const server = new grpc.Server();
  addRecorderService(server, functions, options);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  onTestFinished(() => server.forceShutdown());
  return `http://127.0.0.1:${port}`;
}
