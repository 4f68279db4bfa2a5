import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";

/** What a certificate file is for: who we are, the key that proves it, or whom we trust. */
export type CertificatePart = "cert" | "key" | "ca";

/** Paths of PEM files. A certificate, with the intermediate ones behind it, and its key come together. */
export type CertificatePaths = { readonly [part in CertificatePart]?: string | undefined };

/** Contents of such files, checked, in the form `node:tls` takes. Holds the private key: secret. */
export type Certificates = { readonly [part in CertificatePart]?: Buffer };

/** A file that cannot be used. The message names the file and never quotes its content. */
export class CertificateFileError extends Error {
  override readonly name = "CertificateFileError";
  readonly part: CertificatePart;

  constructor(part: CertificatePart, message: string) {
    super(message);
    this.part = part;
  }
}

export const CERTIFICATE_PARTS = ["cert", "key", "ca"] as const satisfies readonly CertificatePart[];

/** Reads and checks the files. @throws CertificateFileError */
export function readCertificates(paths: CertificatePaths): Certificates {
  const found: { [part in CertificatePart]?: Buffer } = {};
  for (const part of CERTIFICATE_PARTS) {
    const file = paths[part];
    if (file !== undefined) {
      found[part] = readPart(part, file);
    }
  }
  checkCertificates(paths, found);
  return found;
}

function readPart(part: CertificatePart, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadable(part, file, error);
  }
}

/** The error for a file that could not be read. */
export function unreadable(part: CertificatePart, file: string, reason: unknown): CertificateFileError {
  const code = (reason as NodeJS.ErrnoException).code ?? "unknown reason";
  return new CertificateFileError(part, `${file} cannot be read (${code})`);
}

/** Checks contents that were read from `paths`. @throws CertificateFileError */
export function checkCertificates(paths: CertificatePaths, { cert, key, ca }: Certificates): void {
  if (cert === undefined && key !== undefined) {
    throw new CertificateFileError("cert", `the key ${paths.key} needs a certificate to go with it`);
  }
  if (cert !== undefined && key === undefined) {
    throw new CertificateFileError("key", `the certificate ${paths.cert} needs its private key`);
  }
  if (cert !== undefined && key !== undefined) {
    checkPair(paths, cert, key);
  }
  if (ca !== undefined) {
    checkContext("ca", paths.ca, { ca });
    parseCertificate("ca", paths.ca, ca);
  }
}

function checkPair(paths: CertificatePaths, cert: Buffer, key: Buffer): void {
  const leaf = parseCertificate("cert", paths.cert, cert);
  if (!leaf.checkPrivateKey(parseKey(paths.key, key))) {
    throw new CertificateFileError(
      "key",
      `the key in ${paths.key} does not belong to the certificate in ${paths.cert}`,
    );
  }
  checkContext("cert", paths.cert, { cert, key });
}

function parseCertificate(part: CertificatePart, file: string | undefined, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new CertificateFileError(part, `${file} holds no certificate in PEM form`);
  }
}

function parseKey(file: string | undefined, pem: Buffer) {
  try {
    return createPrivateKey(pem);
  } catch {
    const encrypted = /BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem.toString("latin1"));
    const problem = encrypted
      ? "is encrypted: keys with a passphrase are not supported"
      : "holds no private key in PEM form";
    throw new CertificateFileError("key", `${file} ${problem}`);
  }
}

/** OpenSSL has the last word, for instance on intermediate certificates and on keys that are too short. */
function checkContext(part: CertificatePart, file: string | undefined, certificates: Certificates): void {
  try {
    createSecureContext(certificates);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown reason";
    throw new CertificateFileError(part, `${file} cannot be used (${code})`);
  }
}

/** When the first of the certificates in a PEM text stops being valid. */
export function expiryOf(cert: Buffer): Date {
  return new Date(new X509Certificate(cert).validTo);
}
