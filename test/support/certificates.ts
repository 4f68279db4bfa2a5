import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Paths of a certificate and its key, PEM. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** Days until it ends, from now. Negative: it has ended. @default 2 */
  readonly days?: number;
  /** Names and addresses it is for, as openssl writes them. @default this machine */
  readonly altNames?: string;
}

/** A certificate authority of one test. Makes real certificates with the openssl command. */
export class CertificateAuthority {
  readonly #folder: string;
  readonly #name: string;
  #issued = 0;

  /** @param folder where all files go; removed by whoever made it */
  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    const days = ["-days", "2", "-subj", `/CN=${name}`];
    openssl(["req", "-x509", ...newKey, ...days, "-keyout", this.#file("ca.key"), "-out", this.cert]);
  }

  /** Path of its own certificate: what is trusted. */
  get cert(): string {
    return this.#file("ca.pem");
  }

  /** A new certificate with a new key. */
  issue(commonName: string, options: IssueOptions = {}): CertificateFiles {
    const { days = 2, altNames = "IP:127.0.0.1,DNS:localhost" } = options;
    this.#issued++;
    const [key, request, cert] = ["key", "csr", "pem"].map((end) => this.#file(`${this.#issued}.${end}`)) as [
      string,
      string,
      string,
    ];
    const subject = ["-subj", `/CN=${commonName}`, "-addext", `subjectAltName=${altNames}`];
    openssl(["req", "-new", ...newKey, ...subject, "-keyout", key, "-out", request]);
    const signer = ["-CA", this.cert, "-CAkey", this.#file("ca.key"), "-copy_extensions", "copy"];
    openssl(["x509", "-req", "-in", request, ...signer, "-days", String(days), "-out", cert]);
    return { cert, key };
  }

  #file(name: string): string {
    return join(this.#folder, `${this.#name}-${name}`);
  }
}

/** Writes the contents of a certificate and its key over those of another. */
export function replaceCertificate(target: CertificateFiles, source: CertificateFiles): void {
  writeFileSync(target.cert, readFileSync(source.cert));
  writeFileSync(target.key, readFileSync(source.key));
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function openssl(args: readonly string[]): void {
  try {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error("these tests make certificates with the openssl command, which is not installed here");
  }
}
