import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  CERTIFICATE_PARTS,
  CertificateFileError,
  type CertificatePart,
  type CertificatePaths,
  type Certificates,
  checkCertificates,
  readCertificates,
  unreadable,
} from "./certificate-files.ts";

/** What becomes of changed files. */
export interface CertificateEvents {
  /** New files are in use for new connections. */
  reloaded(certificates: Certificates): void;
  /** The files cannot be used; the last good ones stay. Told once for each change. */
  refused(reason: CertificateFileError): void;
}

/** How often the files are looked at, in milliseconds. */
const POLL_MS = 1_000;

/**
 * Certificate files and their changes. Contents are compared, not times: this also sees files that are replaced through
 * symbolic links, as Kubernetes does. A change counts when two looks in a row have found it, because a certificate and
 * its key are two files that cannot be replaced in one step.
 */
export class WatchedCertificates {
  readonly #paths: CertificatePaths;
  readonly #events: CertificateEvents;
  readonly #subscribers: ((certificates: Certificates) => void)[] = [];
  readonly #pollMs: number;
  #current: Certificates;
  /** Fingerprints of what was taken or refused last, and of what was seen last. */
  #settled: string;
  #seen: string;
  #timer: NodeJS.Timeout | undefined;

  /** Reads the files and watches them until {@link close}. @throws CertificateFileError */
  constructor(paths: CertificatePaths, events: CertificateEvents, pollMs: number = POLL_MS) {
    this.#paths = paths;
    this.#events = events;
    this.#pollMs = pollMs;
    this.#current = readCertificates(paths);
    this.#settled = fingerprint(this.#current);
    this.#seen = this.#settled;
    this.#lookLater();
  }

  /** The last good contents. */
  get current(): Certificates {
    return this.#current;
  }

  /** Calls back with every later change. */
  subscribe(changed: (certificates: Certificates) => void): void {
    this.#subscribers.push(changed);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #lookLater(): void {
    const look = async () => {
      const found = await readFiles(this.#paths);
      if (this.#timer !== undefined) {
        this.#consider(found);
        this.#lookLater();
      }
    };
    this.#timer = setTimeout(() => void look(), this.#pollMs).unref();
  }

  #consider(found: Certificates | CertificateFileError): void {
    if (!this.#isNewAndSettled(fingerprint(found))) {
      return;
    }
    if (found instanceof CertificateFileError) {
      this.#events.refused(found);
      return;
    }
    try {
      checkCertificates(this.#paths, found);
    } catch (error) {
      this.#events.refused(error as CertificateFileError);
      return;
    }
    this.#current = found;
    for (const changed of this.#subscribers) {
      changed(found);
    }
    this.#events.reloaded(found);
  }

  #isNewAndSettled(content: string): boolean {
    const settled = content === this.#seen && content !== this.#settled;
    this.#seen = content;
    if (settled) {
      this.#settled = content;
    }
    return settled;
  }
}

/** The contents, or why they could not be read. */
async function readFiles(paths: CertificatePaths): Promise<Certificates | CertificateFileError> {
  const found: { [part in CertificatePart]?: Buffer } = {};
  for (const part of CERTIFICATE_PARTS) {
    const file = paths[part];
    if (file !== undefined) {
      try {
        found[part] = await readFile(file);
      } catch (error) {
        return unreadable(part, file, error);
      }
    }
  }
  return found;
}

function fingerprint(found: Certificates | CertificateFileError): string {
  if (found instanceof CertificateFileError) {
    return found.message;
  }
  const hash = createHash("sha256");
  for (const part of CERTIFICATE_PARTS) {
    hash.update(`${part} ${found[part]?.length ?? 0}\n`).update(found[part] ?? "");
  }
  return hash.digest("hex");
}
