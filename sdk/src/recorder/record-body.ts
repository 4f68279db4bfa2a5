import type { Record as RecordInStream } from "@aibridge/proto";

/** One record of the six kinds, as the `record` oneof of the wire's Record message: `{ case: kind, value: message }`. */
export type RecordBody = Exclude<RecordInStream["record"], { case: undefined }>;

/** Name of a record's kind: "interception", "interceptionEnded", "tokenUsage", … */
export type RecordKind = RecordBody["case"];
