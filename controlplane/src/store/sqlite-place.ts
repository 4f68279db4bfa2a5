import { type BigIntStats, statSync } from "node:fs";

/** The file at the path of the database is not the one that was opened. */
export class SqliteFileGone extends Error {
  constructor(file: string) {
    super(`${file} was removed or replaced while it was open; put it back, or restart the control plane`);
    this.name = "SqliteFileGone";
  }
}

/**
 * Watches over where an open database lies. SQLite goes on writing into a file that was moved away or deleted, where
 * nobody would find it again: that must not pass for stored.
 */
export class SqlitePlace {
  readonly #file: string;
  readonly #opened: BigIntStats | undefined;

  /** @param file a database that has just been opened */
  constructor(file: string) {
    this.#file = file;
    this.#opened = fileAt(file);
  }

  /** @throws SqliteFileGone when the file is not there any more, or is another one */
  check(): void {
    const found = fileAt(this.#file);
    if (found === undefined || found.ino !== this.#opened?.ino || found.dev !== this.#opened.dev) {
      throw new SqliteFileGone(this.#file);
    }
  }
}

function fileAt(file: string): BigIntStats | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false });
}
