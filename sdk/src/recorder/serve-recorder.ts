import { RecorderService } from "@aibridge/proto";
import {
  type CertificateLog,
  certificateLog,
  type ServerCertificatePaths,
  ServerTls,
} from "@aibridge/proto/channel";
import {
  Health,
  healthService,
  RpcListener,
  reflectionService,
  ServerReflection,
  type StreamLifetime,
} from "@aibridge/proto/server";
import { isLoopback, listenAddress } from "@aibridge/proto/settings";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { RecorderServiceOptions } from "./options.ts";
import type { HostRecorder } from "./recorder-functions.ts";
import { recorderRoutes } from "./recorder-routes.ts";

/** How a recorder is served on a port of its own. */
export interface ServeRecorderOptions extends Omit<RecorderServiceOptions, "signal"> {
  /** "127.0.0.1:9095"; port 0 takes any free one. */
  readonly listen: string;
  /** What is served. */
  readonly functions: HostRecorder;
  /** Files of the listener's certificate, which are followed when they change. @default plaintext */
  readonly tls?: ServerCertificatePaths;
  /** Take keys and records unencrypted from other machines. @default false: only this machine, without `tls` */
  readonly insecurePlaintext?: boolean;
  /** Whether records can be stored now, for health checks. @default true */
  readonly isReady?: () => Promise<boolean> | boolean;
  /** Is told of refused TLS connections and changed certificates; a pino logger will do. @default nobody is told */
  readonly log?: CertificateLog;
}

/** A recorder that is being served. */
export interface ServedRecorder extends AsyncDisposable {
  /** "http://127.0.0.1:9095", for `aibridge dataplane --recorder`. */
  readonly url: string;
  /** Host and port as they are listened on: "127.0.0.1:9095". */
  readonly address: string;
  /**
   * Accepts nothing new, acknowledges what was taken, and cuts off what takes longer than the grace time.
   * @param graceMs milliseconds @default 10_000
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Serves RecorderService with health and reflection on one port, by gRPC, gRPC-Web and Connect, over HTTP/2 and HTTP/1.1.
 * @throws RangeError for a key that is too short, SyntaxError for a wrong address, CertificateFileError; rejects when the
 *   address cannot be had
 */
export async function serveRecorder(options: ServeRecorderOptions): Promise<ServedRecorder> {
  const { host, port } = listenAddress(options.listen);
  refuseOpenPlaintext(host, options);
  const shutdown = new AbortController();
  const serve = connectNodeAdapter({ routes: routesOf(options, shutdown.signal) });
  const log = options.log ?? { info: ignore, warn: ignore, error: ignore };
  const tls = options.tls && new ServerTls(options.tls, certificateLog("the recorder", log));
  const listener = new RpcListener(serve, { tls, logger: log });
  const close = async (graceMs = 10_000) => {
    shutdown.abort();
    await listener.close(graceMs);
    tls?.close();
  };
  const bound = await listener.listen({ host, port }).catch((error: unknown) => {
    tls?.close();
    throw error;
  });
  const address = `${host.includes(":") ? `[${host}]` : host}:${bound}`;
  return {
    url: `${tls === undefined ? "http" : "https"}://${address}`,
    address,
    close,
    [Symbol.asyncDispose]: () => close(0),
  };
}

function routesOf(
  { functions, isReady = () => true, ...options }: ServeRecorderOptions,
  signal: AbortSignal,
) {
  const mountRecorder = recorderRoutes(functions, { ...options, signal });
  const lifetime: StreamLifetime = {
    during: (context, open) => open(AbortSignal.any([signal, context.signal])),
  };
  const served = [RecorderService, Health, ServerReflection];
  const services = new Set(served.map(({ typeName }) => typeName));
  const isServing = async () => !signal.aborted && (await isReady());
  return (router: ConnectRouter): void => {
    mountRecorder(router);
    router.service(Health, healthService({ isReady: isServing, lifetime, services }));
    router.service(ServerReflection, reflectionService(served));
  };
}

function refuseOpenPlaintext(host: string, { tls, insecurePlaintext = false }: ServeRecorderOptions): void {
  if (tls === undefined && !insecurePlaintext && !isLoopback(host)) {
    throw new RangeError(
      `listen: keys and records would come to ${host} unencrypted over the network; give tls, listen on 127.0.0.1, or set insecurePlaintext`,
    );
  }
}

function ignore(): void {
  // Nobody wants to know.
}
