/** The smallest host: each record as JSON in one table. */
import { DatabaseSync } from "node:sqlite";
import { RecordSchema } from "@aibridge/sdk";
import { type RecordBody, serveRecorder } from "@aibridge/sdk/recorder";
import { create, toJsonString } from "@bufbuild/protobuf";

const database = new DatabaseSync("records.db");
database.exec("pragma journal_mode = wal");
database.exec("pragma synchronous = full"); // an acknowledged record survives a power cut
database.exec("create table if not exists records (id text primary key, kind text, record text)");
const insert = database.prepare("insert into records values (?, ?, ?) on conflict do nothing");

/** Stores all of them, or throws and stores none. */
function recordBatch(records: readonly RecordBody[]): void {
  database.exec("begin");
  try {
    for (const record of records) {
      insert.run(record.value.id, record.case, toJsonString(RecordSchema, create(RecordSchema, { record })));
    }
    database.exec("commit");
  } catch (error) {
    if (database.isTransaction) database.exec("rollback");
    throw error;
  }
}

const recorder = await serveRecorder({
  listen: process.argv[2] ?? "127.0.0.1:9095",
  // biome-ignore lint/style/noProcessEnv: this is the program's entry
  keys: [process.env.AIBRIDGE_GATEWAY_KEY ?? ""],
  functions: { recordBatch },
  onFailure: (error, name) => process.stderr.write(`${name}: ${String(error)}\n`),
});
process.stdout.write(`recorder serves on ${recorder.address}\n`);
process.once("SIGTERM", () => void recorder.close());
