import type { Code } from "@connectrpc/connect";
import type { Logger } from "../../telemetry/log.ts";
import type { SpoolCounts } from "../../telemetry/metrics.ts";
import type { QueuedRecord } from "../record-queue.ts";
import { type EncodedRecord, encodedRecord, type RecordStore, type StoreRefusal } from "../record-store.ts";
import type { RecordBody } from "../recorder.ts";
import { Adoption } from "./adoption.ts";
import { Ballast } from "./ballast.ts";
import { DeadLetters } from "./dead-letters.ts";
import { DiskHealth } from "./disk-health.ts";
import { entryBytes } from "./entry.ts";
import type { FolderLock } from "./folder-lock.ts";
import { OwnLog } from "./own-log.ts";
import { makeOwnFolder } from "./spool-folders.ts";

export interface SpoolOptions {
  /** Folder of all processes that share this spool. */
  readonly root: string;
  /** `recording.spool_max_bytes`, as it is now. */
  readonly maxBytes: () => number;
  readonly log: Logger;
  /** Told how many records were in the spool and cannot be read. */
  readonly lost: (records: number) => void;
  /** There is more to deliver than what was appended. */
  readonly adopted: () => void;
}

/** Room that every open interception has for its end, and for its token usage, which is what is billed. */
const endBytes = 4 * 1024;
/** A larger token usage has to find its room like any other record. */
const maxUsageBytes = 1024;
/** More than a start takes, as a rule: with less room left than that the spool counts as full. */
const startBytes = 1024;
/** A segment is about this large; in a small spool it is a small part of it. */
const maxSegmentBytes = 16 * 1024 * 1024;
const minSegmentBytes = 64 * 1024;
const segmentsOfSpool = 16;

const noRoom = "recording.spool_max_bytes is reached";

/** Keeps records in files until they are acknowledged: those of this process, and of others that are gone. */
export class Spool implements RecordStore {
  readonly onDisk = true;
  readonly root: string;
  /** Folder of this process's own records, inside `root`. */
  readonly folder: string;
  readonly #options: SpoolOptions;
  readonly #lock: FolderLock;
  readonly #ballast: Ballast;
  readonly #health: DiskHealth;
  readonly #own: OwnLog;
  readonly #adoption: Adoption;
  readonly #deadLetters: DeadLetters;
  #closed: Promise<void> | undefined;

  /** @throws Error of node:fs or of SQLite if the folder cannot be used */
  constructor(options: SpoolOptions) {
    const { root, log, lost, adopted } = options;
    this.#options = options;
    this.root = root;
    this.#lock = makeOwnFolder(root);
    this.folder = this.#lock.folder;
    this.#deadLetters = new DeadLetters(root);
    this.#ballast = new Ballast(this.folder);
    this.#own = new OwnLog({
      folder: this.folder,
      segmentBytes: () => segmentBytes(options.maxBytes()),
      broke: (error) => this.#broke(error),
      damaged: (extent) => log.error(extent, "a part of the spool cannot be read"),
      lost,
    });
    this.#health = new DiskHealth({ ballast: this.#ballast, log, probe: () => this.#own.probe() });
    this.#makeBallast();
    const close = (records: readonly RecordBody[]) => this.#close(records);
    this.#adoption = new Adoption({ root, own: this.folder, log, lost, adopted, close });
  }

  get size(): number {
    return this.#own.size + this.#adoption.logs.reduce((sum, { size }) => sum + size, 0);
  }

  get added(): number {
    return this.#own.added;
  }

  get removed(): number {
    return this.#own.removed;
  }

  begin(record: EncodedRecord): StoreRefusal | undefined {
    if (this.#health.problem !== undefined) return this.#health.problem;
    if (this.#free() < entryBytes(record.bytes.length) + endBytes)
      return { code: "spool_full", reason: noRoom };
    try {
      this.#own.write(record);
      return undefined;
    } catch (error) {
      this.#broke(error);
      return this.#health.problem;
    }
  }

  append(record: EncodedRecord): string | undefined {
    if (!hasRoomKept(record) && this.#free() < entryBytes(record.bytes.length)) return noRoom;
    return this.#own.append(record) ? undefined : "the spool cannot be written, and the memory is full";
  }

  /** What is on disk stays there. */
  withdraw(): boolean {
    return false;
  }

  flush(): void {
    this.#own.flush();
  }

  durable(): Promise<boolean> {
    return this.#own.durable();
  }

  durableAtLast(): Promise<boolean> {
    return this.#own.durableAtLast();
  }

  unavailable(): string | undefined {
    if (this.#health.problem !== undefined) return this.#health.problem.reason;
    return this.#free() < startBytes + endBytes ? noRoom : undefined;
  }

  get unsent(): number {
    return this.#adoption.logs.reduce((sum, { unsent }) => sum + unsent, this.#own.unsent);
  }

  /** This process's own records first: requests may wait for them. */
  take(maxRecords: number, maxBytes: number): readonly QueuedRecord[] | Promise<readonly QueuedRecord[]> {
    if (this.#own.unsent > 0) return this.#own.take(maxRecords, maxBytes);
    return this.#adoption.logs.find(({ unsent }) => unsent > 0)?.take(maxRecords, maxBytes) ?? [];
  }

  acknowledge(records: readonly QueuedRecord[]): void {
    for (const queue of new Set(records.map((record) => record.queue)))
      queue.acknowledge(records.filter((record) => record.queue === queue));
    this.#adoption.removeDone();
  }

  rewind(): void {
    this.#own.rewind();
    for (const log of this.#adoption.logs) log.rewind();
  }

  keepRejected(record: QueuedRecord, code: Code, message: string): void {
    try {
      this.#deadLetters.add(record, code, message, this.#free());
    } catch (error) {
      this.#options.log.error({ reason: String(error) }, "a rejected record was not kept");
    }
  }

  /** Takes over the folders of processes that are gone now, not only at the next regular look. */
  adoptFree(): void {
    this.#adoption.look();
  }

  counts(): SpoolCounts {
    const logs = [this.#own, ...this.#adoption.logs];
    const oldest = Math.min(...logs.map(({ oldestMs }) => oldestMs ?? Number.POSITIVE_INFINITY));
    return {
      records: this.size,
      bytes: this.#usedBytes(),
      oldestAgeSeconds: Number.isFinite(oldest) ? Math.max(0, Date.now() - oldest) / 1000 : 0,
    };
  }

  /** Calling it again waits for the same. */
  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    this.#adoption.stop();
    await this.#own.close();
    await this.#adoption.close();
    await this.#health.close();
    this.#lock.remove();
  }

  #usedBytes(): number {
    const adopted = this.#adoption.logs.reduce((sum, { bytes }) => sum + bytes, 0);
    return this.#own.bytes + adopted + this.#deadLetters.bytes;
  }

  /** Bytes that are left beside the room for the ends of open interceptions. */
  #free(): number {
    return this.#options.maxBytes() - this.#usedBytes() - this.#own.open.size * endBytes;
  }

  /** Where the ballast made room on a full disk, what waited to be written goes there: no start is among it. */
  #broke(error: unknown): void {
    if (this.#health.broke(error)) this.#own.flush();
  }

  #makeBallast(): void {
    try {
      this.#ballast.restore();
    } catch (error) {
      this.#health.broke(error);
    }
  }

  /** Records ends of others' interceptions. They are few and small: spool_max_bytes does not hold for them. */
  async #close(records: readonly RecordBody[]): Promise<boolean> {
    return records.every((record) => this.#own.append(encodedRecord(record))) && this.#own.durableAtLast();
  }
}

function segmentBytes(maxBytes: number): number {
  return Math.max(minSegmentBytes, Math.min(maxSegmentBytes, maxBytes / segmentsOfSpool));
}

/** True for what the room of an open interception is kept for. */
function hasRoomKept({ kind, bytes }: EncodedRecord): boolean {
  return kind === "interceptionEnded" || (kind === "tokenUsage" && bytes.length <= maxUsageBytes);
}
