import { uuidv7 } from "@aibridge/proto/channel";
import {
  interception,
  interceptionEnded,
  modelThought,
  promptUsage,
  type RecordBody,
  tokenUsage,
  toolUsage,
} from "../sample-records.ts";

/** A record that can never be stored. */
export interface InvalidRecord {
  readonly record: RecordBody;
  /** What is wrong with it: "an id that is no UUID". */
  readonly defect: string;
}

/** Every way in which a record of every kind is invalid for each recorder. */
export function invalidRecords(): InvalidRecord[] {
  const id = uuidv7();
  const children = [promptUsage, modelThought, toolUsage, tokenUsage];
  return [
    noUuid(interception({ id: brokenUuid() })),
    ...children.map((make) => noUuid(make(id, { id: brokenUuid() }))),
    noUuid(interceptionEnded(id, { id: brokenUuid() })),
    noUuid(interception({ id: id.toUpperCase() })),
    ...[...children, interceptionEnded].map((make) => ({
      record: make(brokenUuid()),
      defect: "an interception_id that is no UUID",
    })),
    { record: interception({ startedAt: undefined }), defect: "no started_at" },
    { record: interceptionEnded(id, { endedAt: undefined }), defect: "no ended_at" },
    ...children.map((make) => ({ record: make(id, { createdAt: undefined }), defect: "no created_at" })),
  ];
}

function noUuid(record: RecordBody): InvalidRecord {
  return { record, defect: "an id that is no lower-case hyphenated UUID" };
}

/** Like a UUID, and no two alike, so that nothing but its form is wrong with it. */
function brokenUuid(): string {
  return `${uuidv7().slice(0, -1)}g`;
}
