import type { RecorderService } from "@aibridge/proto";
import type { CallOptions, Client } from "@connectrpc/connect";
import type { RecordBody, RecordKind } from "./sample-records.ts";

type RecorderClient = Client<typeof RecorderService>;
type Value<Kind extends RecordKind> = Extract<RecordBody, { case: Kind }>["value"];
type Methods = {
  readonly [Kind in RecordKind]: (
    client: RecorderClient,
    value: Value<Kind> | undefined,
    options: CallOptions,
  ) => Promise<unknown>;
};

const METHODS: Methods = {
  interception: (client, value, options) =>
    client.recordInterception(value === undefined ? {} : { interception: value }, options),
  interceptionEnded: (client, value, options) =>
    client.recordInterceptionEnded(value === undefined ? {} : { interceptionEnded: value }, options),
  tokenUsage: (client, value, options) =>
    client.recordTokenUsage(value === undefined ? {} : { tokenUsage: value }, options),
  promptUsage: (client, value, options) =>
    client.recordPromptUsage(value === undefined ? {} : { promptUsage: value }, options),
  toolUsage: (client, value, options) =>
    client.recordToolUsage(value === undefined ? {} : { toolUsage: value }, options),
  modelThought: (client, value, options) =>
    client.recordModelThought(value === undefined ? {} : { modelThought: value }, options),
};

/** The six kinds, in the order of the service's methods. */
export const RECORD_KINDS = Object.keys(METHODS) as readonly RecordKind[];

/** Sends a record by the unary method of its kind. */
export function callWith(
  client: RecorderClient,
  record: RecordBody,
  options: CallOptions = {},
): Promise<unknown> {
  const method = METHODS[record.case] as Methods["interception"];
  return method(client, record.value as Value<"interception">, options);
}

/** Calls the unary method of a kind with a request that holds no record. */
export function callWithout(
  client: RecorderClient,
  kind: RecordKind,
  options: CallOptions = {},
): Promise<unknown> {
  return METHODS[kind](client, undefined, options);
}

/** Name of the unary method of a kind: "RecordTokenUsage". */
export function methodName(kind: RecordKind): string {
  return `Record${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
}
