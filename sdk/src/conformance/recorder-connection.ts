import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { RecorderService } from "@aibridge/proto";
import { type Certificates, channelInterceptor, SessionManager } from "@aibridge/proto/channel";
import { Health } from "@aibridge/proto/server";
import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";

/** How the recorder is called: gRPC over HTTP/2, or Connect over HTTP/1.1, which has no StreamRecords. */
export type RpcProtocol = "grpc" | "connect";

/** Where a recorder is and how it is called. */
export interface RecorderAddress {
  /** "http://127.0.0.1:9090". */
  readonly url: string;
  /** A gateway key that the recorder accepts. */
  readonly gatewayKey: string;
  readonly protocol: RpcProtocol;
  /** PEM texts for an https URL: whom to trust, and what to show. */
  readonly certificates?: Certificates | undefined;
}

/** A connection of its own to the recorder. */
export interface RecorderConnection {
  readonly recorder: Client<typeof RecorderService>;
  /** Asks grpc.health.v1.Health; the number is a ServingStatus. Carries the same headers as the recorder's calls. */
  health(timeoutMs: number): Promise<number>;
  /** Breaks the connection off, with whatever is under way on it. */
  close(): void;
}

/** What is special about a connection. */
export interface ConnectionOptions {
  /**
   * Puts the headers on each call.
   * @default the gateway key and this API version
   */
  readonly sign?: Interceptor;
  /**
   * Pings an HTTP/2 connection whenever nothing came for so long, in milliseconds.
   * @default never
   */
  readonly pingIntervalMs?: number;
}

/** Opens a connection with the first call over it. */
export function openConnection(
  address: RecorderAddress,
  options: ConnectionOptions = {},
): RecorderConnection {
  return address.protocol === "grpc" ? grpcConnection(address, options) : connectConnection(address, options);
}

function grpcConnection(address: RecorderAddress, options: ConnectionOptions): RecorderConnection {
  const { url, gatewayKey, certificates } = address;
  const { sign = channelInterceptor(gatewayKey), pingIntervalMs } = options;
  const pings = pingIntervalMs === undefined ? {} : { pingIntervalMs };
  const sessionManager = new SessionManager(url, pings, { ...certificates });
  const transport = createGrpcTransport({
    baseUrl: url,
    sessionManager,
    interceptors: [sign],
    acceptCompression: [],
  });
  return { ...clients(transport), close: () => sessionManager.abort() };
}

function connectConnection(address: RecorderAddress, options: ConnectionOptions): RecorderConnection {
  const { url, gatewayKey, certificates } = address;
  const { sign = channelInterceptor(gatewayKey) } = options;
  const Agent = url.startsWith("https:") ? HttpsAgent : HttpAgent;
  const agent = new Agent({ keepAlive: true, ...certificates });
  const transport = createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    interceptors: [sign],
    acceptCompression: [],
    nodeOptions: { agent },
  });
  return { ...clients(transport), close: () => agent.destroy() };
}

function clients(transport: Transport): Pick<RecorderConnection, "recorder" | "health"> {
  const health = createClient(Health, transport) as unknown as HealthClient;
  return {
    recorder: createClient(RecorderService, transport),
    health: async (timeoutMs) => (await health.check({ service: "" }, { timeoutMs })).status,
  };
}

/** The health service is known by its descriptor alone, which has no types. */
interface HealthClient {
  check(request: { service: string }, options: { timeoutMs: number }): Promise<{ status: number }>;
}
