import { UsageError } from "../../settings/usage-error.ts";
import {
  type CertificatePart,
  type CertificatePaths,
  type Certificates,
  readCertificates,
} from "./certificate-files.ts";
import { asUsageError, type CertificateLog, certificateLog } from "./open-server-tls.ts";
import { WatchedCertificates } from "./watched-certificates.ts";

const FLAGS: Readonly<Record<CertificatePart, string>> = {
  ca: "--rpc-ca",
  cert: "--rpc-cert",
  key: "--rpc-key",
};

/**
 * The files of `--rpc-ca`, `--rpc-cert` and `--rpc-key`, for a process that runs on and follows their changes.
 * @param urls the services they are for
 * @returns undefined if no file is given
 * @throws UsageError naming the flag
 */
export function watchClientCertificates(
  paths: CertificatePaths,
  urls: readonly string[],
  log: CertificateLog,
): WatchedCertificates | undefined {
  return open(paths, urls, () => new WatchedCertificates(paths, certificateLog("the services", log)));
}

/** The same files as they are now, for a command that soon ends. @throws UsageError naming the flag */
export function readClientCertificates(paths: CertificatePaths, url: string): Certificates | undefined {
  return open(paths, [url], () => readCertificates(paths));
}

function open<T>(paths: CertificatePaths, urls: readonly string[], make: () => T): T | undefined {
  const given = Object.entries(FLAGS).find(([part]) => paths[part as CertificatePart] !== undefined);
  if (given === undefined) {
    return undefined;
  }
  if (!urls.some((url) => new URL(url).protocol === "https:")) {
    throw new UsageError(`${given[1]} is of no use without an https URL; found ${urls.join(", ")}`);
  }
  try {
    return make();
  } catch (error) {
    throw asUsageError(error, FLAGS);
  }
}
