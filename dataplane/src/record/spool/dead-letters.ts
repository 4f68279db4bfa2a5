import fs from "node:fs";
import { join } from "node:path";
import { RecordSchema } from "@aibridge/proto";
import { create, toJson } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { decodeRecord } from "../decode-record.ts";
import type { QueuedRecord } from "../record-queue.ts";

/** For how long the size of the file counts as known, in milliseconds. */
const staleMs = 1_000;

/**
 * The file that keeps the records which the recorder rejected: one JSON object a line, `{time, kind, id, code, message,
 * record}`, with the record in protobuf's canonical JSON. Nothing reads it again but people.
 */
export class DeadLetters {
  readonly #path: string;
  #bytes = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @throws Error of node:fs if the file is there and cannot be looked at */
  constructor(root: string) {
    this.#path = join(root, "dead-letters.jsonl");
    this.#look();
  }

  /** Size of the file, as it was a second ago at most: people move it away, and other processes write to it too. */
  get bytes(): number {
    if (performance.now() - this.#lookedAt > staleMs) {
      try {
        this.#look();
      } catch {
        // It is as large as it was, as far as is known.
      }
    }
    return this.#bytes;
  }

  /** Adds a record unless that takes more than the given bytes. @throws Error of node:fs */
  add({ kind, bytes }: QueuedRecord, code: Code, message: string, maxBytes: number): void {
    const record = decodeRecord(bytes);
    const line = JSON.stringify({
      time: new Date().toISOString(),
      kind,
      id: record.value.id,
      code: Code[code],
      message,
      record: toJson(RecordSchema, create(RecordSchema, { record })),
    });
    const text = Buffer.from(`${line}\n`);
    if (text.length > maxBytes) throw new RangeError("there is no room in the spool");
    // Several processes may append to one file.
    fs.appendFileSync(this.#path, text, { mode: 0o600 });
    this.#look();
  }

  #look(): void {
    this.#lookedAt = performance.now();
    this.#bytes = fs.statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }
}
