import fs from "node:fs";
import { basename, join, relative } from "node:path";
import { type DurableShadow, isLockFile } from "./durable-shadow.ts";

/** The functions themselves: this watches those of the module. */
const real = { ...fs };

/** A file that is followed through its names. */
interface TrackedFile {
  readonly number: number;
  /** From here on its bytes may not be durable; infinite: all are. */
  dirtyFrom: number;
  /** What syncs under way will make durable, in order. */
  syncing: { readonly sync: number; readonly from: number; readonly bytes: Uint8Array }[];
}

/** To be called when a sync has succeeded. */
export type Synced = () => void;

/** Follows what a process does with the files under a folder, and keeps a shadow of what is durable of them. */
export class TrackedFiles {
  readonly #root: string;
  readonly #shadow: DurableShadow;
  readonly #files = new Map<string, TrackedFile>();
  readonly #folders = new Set<string>();
  readonly #open = new Map<number, { readonly path: string; readonly file: TrackedFile | undefined }>();
  #numbers = 0;
  #syncs = 0;

  /** What is there at the start counts as durable. */
  constructor(root: string, shadow: DurableShadow) {
    this.#root = root;
    this.#shadow = shadow;
    shadow.clear();
    this.#takeOver(root);
  }

  tracks(path: string): boolean {
    const inside = relative(this.#root, path);
    return !inside.startsWith("..") && !isLockFile(basename(path));
  }

  opened(path: string, descriptor: number, existed: boolean): void {
    if (!this.tracks(path)) return;
    const folder = path === this.#root || this.#folders.has(path);
    this.#open.set(descriptor, { path, file: folder ? undefined : this.#fileAt(path, existed) });
  }

  closed(descriptor: number): void {
    this.#open.delete(descriptor);
  }

  /** The bytes of an open file changed from an offset on; undefined: somewhere. */
  changed(descriptor: number, from: number | undefined): void {
    const file = this.#open.get(descriptor)?.file;
    if (file !== undefined) file.dirtyFrom = Math.min(file.dirtyFrom, from ?? 0);
  }

  /** A file was written by its name. */
  wrote(path: string, existed: boolean): void {
    if (this.tracks(path)) this.#fileAt(path, existed).dirtyFrom = 0;
  }

  madeFolder(path: string): void {
    if (!this.tracks(path) || path === this.#root) return;
    this.#folders.add(path);
    this.madeFolder(join(path, ".."));
  }

  renamed(from: string, to: string): void {
    const file = this.#files.get(from);
    if (file === undefined) return;
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  removed(path: string): void {
    this.#files.delete(path);
    this.#folders.delete(path);
  }

  /** A sync of an open file or folder begins: what it covers is fixed now. */
  syncing(descriptor: number): Synced {
    const open = this.#open.get(descriptor);
    if (open === undefined) return () => undefined;
    return open.file === undefined
      ? this.#syncingFolder(open.path)
      : this.#syncingFile(open.file, descriptor);
  }

  #syncingFile(file: TrackedFile, descriptor: number): Synced {
    const sync = ++this.#syncs;
    const { size } = real.fstatSync(descriptor);
    if (file.dirtyFrom !== Number.POSITIVE_INFINITY) {
      const from = Math.min(file.dirtyFrom, size);
      file.syncing.push({ sync, from, bytes: readRange(descriptor, from, size) });
      file.dirtyFrom = Number.POSITIVE_INFINITY;
    }
    return () => {
      // A sync covers everything before it, whichever of two ends first.
      while (file.syncing[0] !== undefined && file.syncing[0].sync <= sync) {
        const { from, bytes } = file.syncing[0];
        this.#shadow.keepContent(file.number, from, bytes);
        file.syncing.shift();
      }
    };
  }

  #syncingFolder(path: string): Synced {
    const inFolder = (entry: string) => join(entry, "..") === path;
    const files = [...this.#files].filter(([entry]) => inFolder(entry));
    const folders = [...this.#folders].filter(inFolder);
    const entries = Object.fromEntries([
      ...files.map(([entry, { number }]) => [basename(entry), number]),
      ...folders.map((entry) => [basename(entry), null]),
    ]);
    return () => this.#shadow.keepEntries(relative(this.#root, path), entries);
  }

  #fileAt(path: string, existed: boolean): TrackedFile {
    const known = existed ? this.#files.get(path) : undefined;
    if (known !== undefined) return known;
    const file = { number: ++this.#numbers, dirtyFrom: 0, syncing: [] };
    this.#files.set(path, file);
    return file;
  }

  #takeOver(folder: string): void {
    const entries: Record<string, number | null> = {};
    for (const entry of real.readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (isLockFile(entry.name)) continue;
      entries[entry.name] = entry.isDirectory() ? null : ++this.#numbers;
      if (entry.isDirectory()) {
        this.#folders.add(path);
        this.#takeOver(path);
      } else {
        this.#files.set(path, { number: this.#numbers, dirtyFrom: Number.POSITIVE_INFINITY, syncing: [] });
        this.#shadow.keepContent(this.#numbers, 0, real.readFileSync(path));
      }
    }
    this.#shadow.keepEntries(relative(this.#root, folder), entries);
  }
}

/** Reads from an open file that may be open for writing alone, and may have lost its name. Linux only. */
function readRange(descriptor: number, from: number, to: number): Uint8Array {
  const bytes = Buffer.alloc(to - from);
  const readable = real.openSync(`/proc/self/fd/${descriptor}`, "r");
  try {
    return bytes.subarray(0, real.readSync(readable, bytes, 0, bytes.length, from));
  } finally {
    real.closeSync(readable);
  }
}
