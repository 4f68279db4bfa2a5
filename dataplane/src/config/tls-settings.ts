import {
  type CertificateLog,
  openServerTls,
  type ServerTls,
  type WatchedCertificates,
  watchClientCertificates,
} from "@aibridge/proto/channel";
import { isLoopback, type ListenAddress, UsageError } from "@aibridge/proto/settings";
import type { Flags } from "./settings.ts";

/** Refuses listeners that other machines could reach unencrypted. @throws UsageError naming the flag */
export function checkListeners(
  flags: Flags,
  addresses: { listen: ListenAddress; admin: ListenAddress },
): void {
  const hasTls = flags["tls-cert"] !== undefined;
  if (flags["admin-tls"] && !hasTls) throw new UsageError("--admin-tls needs --tls-cert and --tls-key");
  if (flags["insecure-plaintext"]) return;
  if (!hasTls && !isLoopback(addresses.listen.host))
    throw new UsageError(
      `--listen ${flags.listen} would take tokens unencrypted from the network: give --tls-cert and --tls-key, listen on 127.0.0.1 behind a TLS proxy, or allow it with --insecure-plaintext`,
    );
  if (!flags["admin-tls"] && !isLoopback(addresses.admin.host))
    throw new UsageError(
      `--admin-listen ${flags["admin-listen"]} would send metrics unencrypted over the network: give --admin-tls, listen on 127.0.0.1, or allow it with --insecure-plaintext`,
    );
}

/** Certificate files for https services; undefined if none is given. @throws UsageError naming the flag */
export function serviceCertificates(
  flags: Flags,
  urls: readonly string[],
  log: CertificateLog,
): WatchedCertificates | undefined {
  const paths = { ca: flags["rpc-ca"], cert: flags["rpc-cert"], key: flags["rpc-key"] };
  return watchClientCertificates(paths, urls, log);
}

/** TLS of the listeners; undefined: plaintext. @throws UsageError naming the flag */
export function listenerTls(flags: Flags, log: CertificateLog): ServerTls | undefined {
  const files = { cert: flags["tls-cert"], key: flags["tls-key"], clientCa: flags["tls-client-ca"] };
  return openServerTls(files, log);
}
