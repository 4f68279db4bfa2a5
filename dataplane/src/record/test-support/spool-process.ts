/** A process of its own that begins an interception in the spool it is told, says its id, and goes on until it is killed. */
import { InterceptionSchema } from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { create } from "@bufbuild/protobuf";
import { pino } from "pino";
import { encodedRecord } from "../record-store.ts";
import { Spool } from "../spool/spool.ts";

const spool = new Spool({
  root: process.argv[2] as string,
  maxBytes: () => 64 * 1024 * 1024,
  log: pino({ level: "silent" }),
  lost: () => undefined,
  adopted: () => undefined,
});
const id = uuidv7();
spool.begin(encodedRecord({ case: "interception", value: create(InterceptionSchema, { id }) }));
process.send?.(id);
process.on("disconnect", () => process.exit());
