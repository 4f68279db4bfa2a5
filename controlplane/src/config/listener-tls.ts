import { openServerTls, type ServerTls } from "@aibridge/proto/channel";
import { isLoopback, type ListenAddress, UsageError } from "@aibridge/proto/settings";
import type { Logger } from "pino";
import type { ControlPlaneOptions } from "./options.ts";
import { StartError } from "./start-error.ts";

/** TLS of the listeners; undefined where one is plaintext. */
export interface ListenerTls {
  readonly rpc: ServerTls | undefined;
  readonly admin: ServerTls | undefined;
}

/**
 * Reads the certificate files. Refuses what other machines could reach unencrypted.
 * @throws StartError naming the flag
 */
export function listenerTls(
  options: ControlPlaneOptions,
  addresses: { readonly rpc: ListenAddress; readonly admin: ListenAddress },
  logger: Logger,
): ListenerTls {
  const plaintextAllowed = options.insecurePlaintext ?? false;
  const hasTls = options.tlsCert !== undefined;
  if (options.adminTls === true && !hasTls) {
    throw new StartError("--admin-tls needs --tls-cert and --tls-key");
  }
  if (!plaintextAllowed && !hasTls && !isLoopback(addresses.rpc.host)) {
    throw new StartError(
      `--listen ${addresses.rpc.host}: keys and records would cross the network unencrypted; give --tls-cert and --tls-key, listen on 127.0.0.1, or allow it with --insecure-plaintext`,
    );
  }
  if (!plaintextAllowed && options.adminTls !== true && !isLoopback(addresses.admin.host)) {
    throw new StartError(
      `--admin-listen ${addresses.admin.host}: metrics would cross the network unencrypted; give --admin-tls, listen on 127.0.0.1, or allow it with --insecure-plaintext`,
    );
  }
  const rpc = open(options, logger);
  return { rpc, admin: options.adminTls === true ? rpc : undefined };
}

function open({ tlsCert, tlsKey, tlsClientCa }: ControlPlaneOptions, logger: Logger): ServerTls | undefined {
  try {
    return openServerTls({ cert: tlsCert, key: tlsKey, clientCa: tlsClientCa }, logger);
  } catch (error) {
    throw error instanceof UsageError ? new StartError(error.message, { cause: error }) : error;
  }
}
