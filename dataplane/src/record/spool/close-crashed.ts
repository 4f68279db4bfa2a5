import { createHash } from "node:crypto";
import { InterceptionEndedSchema, InterceptionOutcome, TokenUsageSchema, UsageSource } from "@aibridge/proto";
import { uuidFromBytes, uuidToBytes } from "@aibridge/proto/channel";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { RecordBody } from "../recorder.ts";
import type { RecoveredLog } from "./recover-log.ts";
import { uuidTimeMs } from "./uuid-time.ts";

/**
 * The records that close what a process left open when it was killed: a TokenUsage that says it is missing where none
 * was recorded, and an end. Their ids follow from the interception's: made again, they are the same records.
 */
export function closingRecords({
  open,
  lastWrittenMs,
}: Pick<RecoveredLog, "open" | "lastWrittenMs">): RecordBody[] {
  return open.list().flatMap(([interceptionId, hasUsage]): RecordBody[] => {
    // The process died after its last write, and not much later.
    const at = timestampFromMs(Math.max(Math.floor(lastWrittenMs), uuidTimeMs(interceptionId)));
    const usage = create(TokenUsageSchema, {
      id: derivedId(interceptionId, "usage"),
      interceptionId,
      source: UsageSource.MISSING,
      createdAt: at,
    });
    const end = create(InterceptionEndedSchema, {
      id: derivedId(interceptionId, "end"),
      interceptionId,
      endedAt: at,
      outcome: InterceptionOutcome.FAILED,
      errorType: "gateway_crashed",
      errorMessage: "The gateway's process ended while the request was under way.",
    });
    return [
      ...(hasUsage ? [] : [{ case: "tokenUsage", value: usage } as const]),
      { case: "interceptionEnded", value: end },
    ];
  });
}

/** A UUIDv7 with the time of another one; the rest follows from that one and a name. */
export function derivedId(id: string, name: string): string {
  const source = uuidToBytes(id);
  const bytes = createHash("sha256").update(source).update(name).digest().subarray(0, 16);
  source.copy(bytes, 0, 0, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  return uuidFromBytes(bytes);
}
