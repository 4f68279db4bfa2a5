import { UsageError } from "../../settings/usage-error.ts";
import {
  CertificateFileError,
  type CertificatePart,
  type Certificates,
  expiryOf,
} from "./certificate-files.ts";
import { ServerTls } from "./server-tls.ts";
import type { CertificateEvents } from "./watched-certificates.ts";

/** Where certificate changes are told; a pino logger is one. */
export interface CertificateLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Values of a listener's flags `--tls-cert`, `--tls-key` and `--tls-client-ca`. */
export interface ServerTlsFlags {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly clientCa?: string | undefined;
}

const FLAGS: Readonly<Record<CertificatePart, string>> = {
  cert: "--tls-cert",
  key: "--tls-key",
  ca: "--tls-client-ca",
};

/**
 * TLS as the flags say, undefined without them. Reloads and refused files are logged.
 * @throws UsageError naming the flag
 */
export function openServerTls(
  { cert, key, clientCa }: ServerTlsFlags,
  log: CertificateLog,
): ServerTls | undefined {
  if (cert === undefined && key === undefined && clientCa === undefined) {
    return undefined;
  }
  if (cert === undefined || key === undefined) {
    throw new UsageError("TLS needs both --tls-cert and --tls-key");
  }
  try {
    const tls = new ServerTls({ cert, key, clientCa }, certificateLog("the listeners", log));
    warnOfExpiry(tls.certificates, log);
    return tls;
  } catch (error) {
    throw asUsageError(error, FLAGS);
  }
}

/** Logs what becomes of changed certificate files. */
export function certificateLog(of: string, log: CertificateLog): CertificateEvents {
  return {
    reloaded: (certificates) => {
      log.info({}, `the certificate files of ${of} have changed: new connections use them`);
      warnOfExpiry(certificates, log);
    },
    refused: ({ message }) =>
      log.error({ problem: message }, `the certificate files of ${of} were refused; the last good ones stay`),
  };
}

/** An operator's view of a file that cannot be used: the flag it came from, and what is wrong. */
export function asUsageError(error: unknown, flags: Readonly<Record<CertificatePart, string>>): unknown {
  return error instanceof CertificateFileError
    ? new UsageError(`${flags[error.part]}: ${error.message}`)
    : error;
}

/** Whoever checks an expired certificate refuses it, but that is no reason not to serve the others. */
function warnOfExpiry({ cert }: Certificates, log: CertificateLog): void {
  const expiresAt = cert && expiryOf(cert);
  if (expiresAt !== undefined && expiresAt.getTime() <= Date.now()) {
    log.warn({ expired_at: expiresAt.toISOString() }, "the certificate has expired");
  }
}
