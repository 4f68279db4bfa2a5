import {
  type GetInterceptionResponse,
  GetInterceptionResponseSchema,
  type Record as RecordInStream,
} from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";

/** A record of one of the six kinds. */
export type RecordBody = Exclude<RecordInStream["record"], { case: undefined }>;

/** Everything that belongs to one interception. */
interface Stored {
  start?: RecordBody;
  end?: RecordBody;
  readonly children: Map<string, RecordBody>;
}

/** Records in memory, each once. */
export class MemoryStore {
  readonly #interceptions = new Map<string, Stored>();

  /** True if there is a record with this id, or another that takes its place. */
  has(record: RecordBody): boolean {
    const stored = this.#interceptions.get(interceptionOf(record));
    switch (record.case) {
      case "interception":
        return stored?.start !== undefined;
      case "interceptionEnded":
        return stored?.end?.value.id === record.value.id;
      default:
        return stored?.children.has(record.value.id) ?? false;
    }
  }

  /** Keeps the first of two records with one id; a real end takes the place of a provisional one. */
  add(record: RecordBody): void {
    const stored = this.#of(interceptionOf(record));
    switch (record.case) {
      case "interception":
        stored.start ??= record;
        return;
      case "interceptionEnded":
        stored.end = stored.end === undefined || isProvisional(stored.end) ? record : stored.end;
        return;
      default:
        if (!stored.children.has(record.value.id)) stored.children.set(record.value.id, record);
    }
  }

  /** The last end stays, whatever it is: what a recorder must not do. */
  replaceEnd(record: RecordBody): void {
    this.#of(interceptionOf(record)).end = record;
  }

  /** Keeps a child a second time under a key of its own: what a recorder must not do. */
  addAgain(record: RecordBody): void {
    const { children } = this.#of(interceptionOf(record));
    children.set(`${record.value.id} ${children.size}`, record);
  }

  /** True if the start of the interception that a record belongs to is here. */
  knowsInterceptionOf(record: RecordBody): boolean {
    return this.#interceptions.get(interceptionOf(record))?.start !== undefined;
  }

  /** An interception with its records; undefined without its start. */
  read(id: string): GetInterceptionResponse | undefined {
    const stored = this.#interceptions.get(id);
    if (stored?.start?.case !== "interception") return undefined;
    const response = create(GetInterceptionResponseSchema, { interception: stored.start.value });
    if (stored.end?.case === "interceptionEnded") response.ended = stored.end.value;
    for (const child of stored.children.values()) {
      if (child.case === "tokenUsage") response.tokenUsages.push(child.value);
      if (child.case === "promptUsage") response.promptUsages.push(child.value);
      if (child.case === "toolUsage") response.toolUsages.push(child.value);
      if (child.case === "modelThought") response.modelThoughts.push(child.value);
    }
    return response;
  }

  /** All interceptions that have their start. */
  all(): GetInterceptionResponse[] {
    return [...this.#interceptions.keys()].flatMap((id) => this.read(id) ?? []);
  }

  #of(id: string): Stored {
    const stored = this.#interceptions.get(id) ?? { children: new Map() };
    this.#interceptions.set(id, stored);
    return stored;
  }
}

function interceptionOf(record: RecordBody): string {
  return record.case === "interception" ? record.value.id : record.value.interceptionId;
}

function isProvisional(record: RecordBody): boolean {
  return record.case === "interceptionEnded" && record.value.provisional;
}
