import fs from "node:fs";
import { join } from "node:path";
import type { Logger } from "../../telemetry/log.ts";
import type { RecordBody } from "../recorder.ts";
import { closingRecords } from "./close-crashed.ts";
import { ClosedLog } from "./closed-log.ts";
import type { FolderLock } from "./folder-lock.ts";
import type { DamagedExtent } from "./read-entries.ts";
import { recoverLog } from "./recover-log.ts";
import { lockFreeFolders } from "./spool-folders.ts";

export interface AdoptionOptions {
  readonly root: string;
  /** The folder of this process, which is not taken over. */
  readonly own: string;
  readonly log: Logger;
  readonly lost: (records: number) => void;
  /**
   * Takes records that close interceptions of another process; resolves true once they survive a power cut, false if
   * they may be lost.
   */
  readonly close: (records: readonly RecordBody[]) => Promise<boolean>;
  /** There is a log more to deliver. */
  readonly adopted: () => void;
}

const everyMs = 10_000;

/**
 * Takes over the folders of processes that are gone, this one's former lives among them: each stays where it is, locked,
 * until its records are delivered, and is removed then.
 */
export class Adoption {
  readonly #options: AdoptionOptions;
  readonly #logs: ClosedLog[] = [];
  readonly #locks = new Map<ClosedLog, FolderLock>();
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;
  #closed = false;

  constructor(options: AdoptionOptions) {
    this.#options = options;
    this.look();
    this.#timer = setInterval(() => this.look(), everyMs).unref();
  }

  /** The logs that are being delivered, oldest first. */
  get logs(): readonly ClosedLog[] {
    return this.#logs;
  }

  /** Looks for free folders now. */
  look(): void {
    this.#round ??= this.#adoptAll()
      .catch((error: unknown) => {
        this.#options.log.error({ reason: String(error) }, "folders of the spool cannot be taken over");
      })
      .finally(() => {
        this.#round = undefined;
      });
  }

  /** Removes the folders of logs that are delivered. */
  removeDone(): void {
    for (const log of this.#logs.filter((delivered) => delivered.removeDelivered())) {
      // Its last file is still open, and takes its place on the disk until it is closed.
      log.close();
      this.#locks.get(log)?.remove();
      this.#locks.delete(log);
      this.#logs.splice(this.#logs.indexOf(log), 1);
    }
  }

  /** Takes nothing over any more, and records nothing more. */
  stop(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  /** Lets go of what is not delivered. */
  async close(): Promise<void> {
    this.stop();
    await this.#round;
    for (const log of this.#logs) {
      log.close();
      this.#locks.get(log)?.release();
    }
  }

  async #adoptAll(): Promise<void> {
    this.removeDone();
    const held = new Set([...this.#locks.values()].map(({ folder }) => folder).concat(this.#options.own));
    for (const lock of lockFreeFolders(this.#options.root, held)) {
      if (this.#closed) lock.release();
      else await this.#adopt(lock);
    }
  }

  async #adopt(lock: FolderLock): Promise<void> {
    try {
      const log = await this.#recover(lock.folder);
      this.#logs.push(log);
      this.#locks.set(log, lock);
    } catch (error) {
      lock.release();
      const { folder } = lock;
      return this.#options.log.error(
        { folder, reason: String(error) },
        "a folder of the spool cannot be taken over",
      );
    }
    this.removeDone();
    this.#options.adopted();
  }

  async #recover(folder: string): Promise<ClosedLog> {
    const { log, lost, close } = this.#options;
    const damaged = (extent: DamagedExtent) => log.error(extent, "a part of the spool cannot be read");
    fs.rmSync(join(folder, "reserve"), { force: true });
    // What is damaged is told of when the records are delivered.
    const recovered = await recoverLog(folder);
    if (recovered.tornBytes > 0) {
      log.error({ folder, bytes: recovered.tornBytes }, "the last write to the spool was cut off");
      lost(1);
    }
    // The ends are safe before the file is delivered, and removed, that tells that they are missing.
    const closing = closingRecords(recovered);
    if (this.#closed || (closing.length > 0 && !(await close(closing))))
      throw new Error("the ends of its interceptions cannot be recorded now");
    const { head, end, open } = recovered;
    log.info({ folder, records: end - head, crashed: open.size }, "took over a folder of the spool");
    return new ClosedLog(recovered, { damaged, lost });
  }
}
