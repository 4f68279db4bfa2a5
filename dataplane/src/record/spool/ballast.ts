import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";

/** Enough for the ends of two thousand interceptions. */
const ballastBytes = 512 * 1024;

/** A file of written bytes that is given up when the disk is full, so that what was begun can be ended. */
export class Ballast {
  readonly #path: string;
  #inPlace = false;

  constructor(folder: string) {
    this.#path = join(folder, "reserve");
  }

  /** Makes the file if it is not there. @throws Error of node:fs */
  restore(): void {
    if (this.#inPlace) return;
    try {
      // Random bytes: a file system that compresses would give nothing back for others.
      fs.writeFileSync(this.#path, randomBytes(ballastBytes), { mode: 0o600 });
      this.#inPlace = true;
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Gives it up. True if it was there. */
  release(): boolean {
    const released = this.#inPlace;
    this.#inPlace = false;
    try {
      fs.rmSync(this.#path, { force: true });
    } catch {
      // A file system that takes nothing gives nothing back either.
    }
    return released;
  }
}
