/**
 * To be loaded into a process before everything else (`--import`): watches what it does with node:fs under a folder, and
 * keeps a shadow of what of that would survive a power cut. The address says where:
 * `file:///…/track-syncs.ts?spool=FOLDER&shadow=FOLDER`.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { resolve } from "node:path";
import { DurableShadow } from "./durable-shadow.ts";
import { TrackedFiles } from "./tracked-files.ts";

type Operation = (...args: never[]) => unknown;
type Callback = (error: Error | null, ...results: unknown[]) => void;
/** Looks at the arguments before the operation; what it returns is called with the result if that succeeds. */
type Watch = (...args: readonly unknown[]) => (result: unknown) => void;

const { searchParams } = new URL(import.meta.url);
const files = new TrackedFiles(
  resolve(searchParams.get("spool") ?? ""),
  new DurableShadow(resolve(searchParams.get("shadow") ?? "")),
);

const pathOf = (path: unknown) => resolve(String(path));
const isThere = fs.existsSync;

/** What each operation means for the files. Every one has a form that blocks and one with a callback. */
const watches: Record<string, Watch> = {
  open: (path) => {
    const existed = isThere(pathOf(path));
    return (descriptor) => files.opened(pathOf(path), descriptor as number, existed);
  },
  // At once: before its callback comes, the next file may have got the same number.
  close: (descriptor) => {
    files.closed(descriptor as number);
    return () => undefined;
  },
  write: (descriptor, _bytes, offset, _length, position) => () =>
    files.changed(descriptor as number, positionOf(typeof offset === "object" ? offset : { position })),
  writev: (descriptor, _bytes, position) => () =>
    files.changed(descriptor as number, positionOf({ position })),
  ftruncate: (descriptor, length) => () =>
    files.changed(descriptor as number, positionOf({ position: length })),
  writeFile: (path) => wroteTo(path),
  appendFile: (path) => wroteTo(path),
  truncate: (path) => wroteTo(path),
  mkdir: (path) => () => files.madeFolder(pathOf(path)),
  rename: (from, to) => () => files.renamed(pathOf(from), pathOf(to)),
  unlink: (path) => () => files.removed(pathOf(path)),
  rmdir: (path) => () => files.removed(pathOf(path)),
  rm: (path) => () => files.removed(pathOf(path)),
  fsync: (descriptor) => files.syncing(descriptor as number),
  fdatasync: (descriptor) => files.syncing(descriptor as number),
};

function wroteTo(path: unknown): (result: unknown) => void {
  const existed = isThere(pathOf(path));
  return () => files.wrote(pathOf(path), existed);
}

/** Undefined where the bytes go to the current place of the file. */
function positionOf(options: unknown): number | undefined {
  const { position } = (options ?? {}) as { position?: unknown };
  return typeof position === "number" ? position : undefined;
}

function blocking(operation: Operation, watch: Watch) {
  return (...args: never[]) => {
    const succeeded = watch(...args);
    const result = operation(...args);
    succeeded(result);
    return result;
  };
}

function withCallback(operation: Operation, watch: Watch) {
  return (...args: never[]) => {
    const succeeded = watch(...args);
    const callback = args.at(-1) as unknown as Callback;
    const watched: Callback = (error, ...results) => {
      if (error === null) succeeded(results[0]);
      callback(error, ...results);
    };
    return operation(...([...args.slice(0, -1), watched] as never[]));
  };
}

const module = fs as unknown as Record<string, Operation>;
for (const [name, watch] of Object.entries(watches)) {
  module[`${name}Sync`] = blocking(module[`${name}Sync`] as Operation, watch);
  module[name] = withCallback(module[name] as Operation, watch);
}
syncBuiltinESMExports();
