import { type Certificates, channelInterceptor, plaintextProblem } from "@aibridge/proto/channel";
import type { Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";

/** Where a service is and whether it may be reached unencrypted. */
export interface ServiceAddress {
  /** "https://control.example.com", "http://127.0.0.1:9090". */
  url: string;
  /**
   * Send keys over http to another machine.
   * @default false: such a URL is refused
   */
  insecurePlaintext?: boolean;
  /**
   * PEM texts for an https URL: `ca`, whom to trust instead of the well-known authorities; `cert` and `key`, what to show
   * to a service that asks for a certificate.
   * @default the well-known authorities, and nothing
   */
  certificates?: Certificates | undefined;
  /**
   * Longest time of a call in milliseconds; of a stream, from its start to its end.
   * @default none
   */
  timeoutMs?: number;
}

/** Options of clients that read usage and administer: they need the admin key. */
export interface AdminClientOptions extends ServiceAddress {
  /** Admin key of the control plane. */
  adminKey: string;
}

/** Options of clients that do what a data plane does: they need a gateway key. */
export interface GatewayClientOptions extends ServiceAddress {
  /** Gateway key. */
  gatewayKey: string;
}

/** Connect over HTTP/1.1: unary calls through any proxy. @throws Error if keys would go unencrypted over a network */
export function adminTransport({ adminKey, ...address }: AdminClientOptions): Transport {
  return createConnectTransport({
    ...reachedAt(address),
    httpVersion: "1.1",
    interceptors: [channelInterceptor(adminKey)],
  });
}

/** gRPC over HTTP/2, which streams need. @throws Error if keys would go unencrypted over a network */
export function gatewayTransport({ gatewayKey, ...address }: GatewayClientOptions): Transport {
  return createGrpcTransport({ ...reachedAt(address), interceptors: [channelInterceptor(gatewayKey)] });
}

function reachedAt({ url, insecurePlaintext = false, certificates, timeoutMs }: ServiceAddress) {
  const problem = insecurePlaintext ? undefined : plaintextProblem(url);
  if (problem !== undefined) {
    throw new Error(problem);
  }
  return {
    baseUrl: url,
    nodeOptions: { ...certificates },
    ...(timeoutMs !== undefined && { defaultTimeoutMs: timeoutMs }),
  };
}
