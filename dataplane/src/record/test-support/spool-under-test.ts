import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  InterceptionEndedSchema,
  InterceptionSchema,
  ModelThoughtSchema,
  TokenUsageSchema,
} from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { create } from "@bufbuild/protobuf";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { decodeRecord } from "../decode-record.ts";
import { encodedRecord } from "../record-store.ts";
import type { RecordBody } from "../recorder.ts";
import { Spool, type SpoolOptions } from "../spool/spool.ts";

export const mib = 1024 * 1024;

/** An empty folder for the time of a test. */
export function useFolder(): string {
  const folder = fs.mkdtempSync(join(tmpdir(), "aibridge-spool-"));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A spool that tells what it lost; closed after the test. */
export function openSpool(root: string, options: Partial<SpoolOptions> = {}) {
  const lost: number[] = [];
  const logged: { msg: string; [key: string]: unknown }[] = [];
  const spool = new Spool({
    root,
    maxBytes: () => 64 * mib,
    log: pino({ level: "info" }, { write: (line) => void logged.push(JSON.parse(line)) }),
    lost: (records) => lost.push(records),
    adopted: () => undefined,
    ...options,
  });
  onTestFinished(() => spool.close());
  return { spool, lost, logged };
}

export const start = (id: string) =>
  encodedRecord({ case: "interception", value: create(InterceptionSchema, { id }) });
export const end = (interceptionId: string) =>
  encodedRecord({
    case: "interceptionEnded",
    value: create(InterceptionEndedSchema, { id: uuidv7(), interceptionId }),
  });
export const thought = (interceptionId: string, content = "hm") =>
  encodedRecord({
    case: "modelThought",
    value: create(ModelThoughtSchema, { id: uuidv7(), interceptionId, content }),
  });
export const usage = (interceptionId: string) =>
  encodedRecord({ case: "tokenUsage", value: create(TokenUsageSchema, { id: uuidv7(), interceptionId }) });

/** Takes and acknowledges everything; returns the records. */
export async function drain(spool: Spool): Promise<RecordBody[]> {
  const bodies: RecordBody[] = [];
  while (spool.unsent > 0) {
    const records = await spool.take(100, mib);
    bodies.push(...records.map(({ bytes }) => decodeRecord(bytes)));
    spool.acknowledge(records);
  }
  return bodies;
}

/** What a process leaves that is killed: its folders, copied, for the locks of a dead process are gone. */
export function killed(root: string): string {
  const copy = useFolder();
  fs.cpSync(root, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** The segment files of a spool with one log, oldest first. */
export function segments(root: string): string[] {
  const names = fs.readdirSync(root, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".log"))
    .sort()
    .map((name) => join(root, name));
}
