import fs from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type EncodedRecord, encodedRecord } from "../../dataplane/src/record/record-store.ts";
import { OwnLog } from "../../dataplane/src/record/spool/own-log.ts";

/** Two ways to keep records until they are acknowledged. */
export interface Outbox {
  /** Keeps a group of records: they survive the process when it returns, and a power cut where it is `synced`. */
  append(records: readonly EncodedRecord[]): Promise<unknown> | undefined;
  /** Reads the oldest records, as they are sent, and removes them, as after their acknowledgement. */
  deliver(count: number): void;
  close(): Promise<void> | void;
}

/** The append-only log of the data plane. */
export function logOutbox(folder: string, synced: boolean): Outbox {
  const log = new OwnLog({
    folder,
    segmentBytes: () => 16 * 1024 * 1024,
    broke: (error) => {
      throw error;
    },
    damaged: () => undefined,
    lost: () => undefined,
  });
  return {
    append: (records) => {
      for (const record of records) log.append(record);
      log.flush();
      return synced ? log.durable() : undefined;
    },
    deliver: (count) => log.acknowledge(log.take(count, 1024 * 1024) as Awaited<ReturnType<OwnLog["take"]>>),
    close: () => log.close(),
  };
}

const syncEveryMs = 50;

/** A table in SQLite: write-ahead log, one transaction a group, prepared statements. */
export function sqliteOutbox(folder: string, synced: boolean): Outbox {
  const path = join(folder, "outbox.db");
  const database = new DatabaseSync(path);
  database.exec(`pragma journal_mode = wal; pragma synchronous = ${synced ? "full" : "normal"};
    create table outbox (ordinal integer primary key, kind text not null, bytes blob not null) strict`);
  const insert = database.prepare("insert into outbox (kind, bytes) values (?, ?)");
  const select = database.prepare("select ordinal, kind, bytes from outbox order by ordinal limit ?");
  const remove = database.prepare("delete from outbox where ordinal <= ?");
  // Without a sync at each commit the write-ahead log is synced as the log is.
  const file = fs.openSync(`${path}-wal`, "r");
  const timer = setInterval(() => fs.fdatasync(file, () => undefined), syncEveryMs);
  if (synced) clearInterval(timer);
  return {
    append: (records) => {
      database.exec("begin immediate");
      for (const { kind, bytes } of records) insert.run(kind, bytes);
      database.exec("commit");
      return undefined;
    },
    deliver: (count) => {
      const last = select.all(count).at(-1);
      if (last !== undefined) remove.run(last.ordinal as number);
    },
    close: () => {
      clearInterval(timer);
      fs.closeSync(file);
      database.close();
    },
  };
}

/** The groups of one interception, in the form in which they are kept. */
export function encodedGroups(groups: readonly (readonly Parameters<typeof encodedRecord>[0][])[]) {
  return groups.map((group) => group.map(encodedRecord));
}
