import fs from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** SQLITE_BUSY: another connection, here or in another process, holds the lock. */
const busy = 5;

/**
 * Keeps a folder to one owner by an exclusive transaction of SQLite on a file in it: Node has no file locks, and these
 * are the kernel's, gone with the process however it ends.
 */
export class FolderLock {
  readonly folder: string;
  readonly #database: DatabaseSync;

  constructor(folder: string, database: DatabaseSync) {
    this.folder = folder;
    this.#database = database;
  }

  /** Undefined if another has it. @throws Error of node:fs or of SQLite */
  static take(folder: string): FolderLock | undefined {
    const path = join(folder, "lock");
    createFile(path);
    const database = new DatabaseSync(path);
    try {
      database.exec("pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive");
      // The one who had it may have removed the folder before letting go.
      if (fs.existsSync(path)) return new FolderLock(folder, database);
      database.close();
      return undefined;
    } catch (error) {
      database.close();
      if ((error as { errcode?: number }).errcode === busy) return undefined;
      throw error;
    }
  }

  release(): void {
    this.#database.close();
  }

  /** Removes the folder if nothing but the lock is in it, and lets go. */
  remove(): void {
    try {
      if (fs.readdirSync(this.folder).every((name) => name === "lock")) {
        fs.rmSync(join(this.folder, "lock"));
        fs.rmdirSync(this.folder);
      }
    } catch {
      // It stays, empty, and is removed by the next one who takes it.
    } finally {
      this.release();
    }
  }
}

/** SQLite would make it readable for others. A file that is there is not opened: closing it would undo a lock of this process. */
function createFile(path: string): void {
  try {
    fs.closeSync(fs.openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
