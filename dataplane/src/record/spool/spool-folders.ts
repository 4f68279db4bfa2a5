import fs from "node:fs";
import { join } from "node:path";
import { isUuid, uuidv7 } from "@aibridge/proto/channel";
import { FolderLock } from "./folder-lock.ts";

/** Makes a folder of its own for a process, locked. Its name tells when. @throws Error of node:fs or of SQLite */
export function makeOwnFolder(root: string): FolderLock {
  fs.mkdirSync(root, { recursive: true, mode: 0o700 });
  const folder = join(root, uuidv7());
  fs.mkdirSync(folder, { mode: 0o700 });
  syncFolder(root);
  const lock = FolderLock.take(folder);
  if (lock === undefined) throw new Error(`the new folder ${folder} is locked by another process`);
  return lock;
}

/**
 * Locks every folder whose process is gone, oldest first.
 * @param held folders that this process has locked already
 * @throws Error of node:fs if the root cannot be read
 */
export function lockFreeFolders(root: string, held: ReadonlySet<string>): FolderLock[] {
  const names = fs.readdirSync(root).filter(isUuid).sort();
  const folders = names.map((name) => join(root, name)).filter((folder) => !held.has(folder));
  return folders.flatMap((folder) => lockIfFree(folder) ?? []);
}

function lockIfFree(folder: string): FolderLock | undefined {
  try {
    return FolderLock.take(folder);
  } catch {
    // It is just being removed by another process, or cannot be used now: the next look tells.
    return undefined;
  }
}

function syncFolder(path: string): void {
  const folder = fs.openSync(path, "r");
  try {
    fs.fsyncSync(folder);
  } finally {
    fs.closeSync(folder);
  }
}
