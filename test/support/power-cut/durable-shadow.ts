import fs from "node:fs";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The functions themselves: the shadow is kept while those of the module are being watched. */
const real = { ...fs };

/** What a folder holds for good: a file by its number, or a folder (null). */
export type DurableEntries = Readonly<Record<string, number | null>>;

/** Files by which processes lock each other; nothing of value is in them, and SQLite writes them past node:fs. */
export function isLockFile(name: string): boolean {
  return name.startsWith("lock");
}

/**
 * What of a folder would still be there after a power cut, kept beside it: the bytes of each file that were synced, and
 * for each folder the entries that it had when it was synced. It is written as the process goes, so that it is there
 * when that is killed.
 */
export class DurableShadow {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Forgets everything: a process starts anew. */
  clear(): void {
    real.rmSync(this.#folder, { recursive: true, force: true });
    real.mkdirSync(this.#contents, { recursive: true });
    real.mkdirSync(this.#folders, { recursive: true });
  }

  /** Makes the bytes of a file from an offset on durable, and its size. */
  keepContent(file: number, from: number, bytes: Uint8Array): void {
    const descriptor = real.openSync(
      join(this.#contents, String(file)),
      real.constants.O_RDWR | real.constants.O_CREAT,
    );
    real.writeSync(descriptor, bytes, 0, bytes.length, from);
    real.ftruncateSync(descriptor, from + bytes.length);
    real.closeSync(descriptor);
  }

  /** Makes the entries of a folder durable, all at once. @param path relative to the root */
  keepEntries(path: string, entries: DurableEntries): void {
    const target = join(this.#folders, encodeURIComponent(`/${path}`));
    real.writeFileSync(`${target}.new`, JSON.stringify(entries));
    real.renameSync(`${target}.new`, target);
  }

  /** Brings a folder to what is durable, as a machine finds it after a power cut. */
  restore(root: string): void {
    this.#restoreFolder(root, root);
  }

  #restoreFolder(root: string, folder: string): void {
    const kept = this.#entriesOf(relative(root, folder));
    for (const name of real.readdirSync(folder)) {
      if (!(name in kept) && !isLockFile(name)) real.rmSync(join(folder, name), { recursive: true });
    }
    for (const [name, file] of Object.entries(kept)) {
      const path = join(folder, name);
      if (file !== null) real.writeFileSync(path, this.#contentOf(file), { mode: 0o600 });
      else {
        real.mkdirSync(path, { recursive: true, mode: 0o700 });
        this.#restoreFolder(root, path);
      }
    }
  }

  #entriesOf(path: string): DurableEntries {
    const file = join(this.#folders, encodeURIComponent(`/${path}`));
    return real.existsSync(file) ? (JSON.parse(real.readFileSync(file, "utf8")) as DurableEntries) : {};
  }

  #contentOf(file: number): Uint8Array {
    const path = join(this.#contents, String(file));
    return real.existsSync(path) ? real.readFileSync(path) : Buffer.alloc(0);
  }

  get #contents(): string {
    return join(this.#folder, "contents");
  }

  get #folders(): string {
    return join(this.#folder, "folders");
  }
}

/** What a process is to `--import` so that it keeps the shadow of a folder. */
export function trackerOf(spool: string, shadow: string): string {
  const tracker = pathToFileURL(resolve(import.meta.dirname, "track-syncs.ts"));
  tracker.search = String(new URLSearchParams({ spool, shadow }));
  return tracker.href;
}
