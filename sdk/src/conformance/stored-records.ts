import {
  type GetInterceptionResponse,
  InterceptionEndedSchema,
  InterceptionSchema,
  ModelThoughtSchema,
  PromptUsageSchema,
  TokenUsageSchema,
  ToolUsageSchema,
} from "@aibridge/proto";
import { type DescMessage, equals, type Message, toJson } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { RecordBody, RecordKind } from "./sample-records.ts";
import { describeStatus, errorStatus } from "./status.ts";
import type { Trial } from "./trial.ts";
import { Unmet } from "./unmet.ts";

const SCHEMAS: Readonly<Record<RecordKind, DescMessage>> = {
  interception: InterceptionSchema,
  interceptionEnded: InterceptionEndedSchema,
  tokenUsage: TokenUsageSchema,
  promptUsage: PromptUsageSchema,
  toolUsage: ToolUsageSchema,
  modelThought: ModelThoughtSchema,
};

/** Longest piece of a value that is quoted, in characters. */
const QUOTED_CHARACTERS = 80;

/** Reads an interception back. @throws Unmet if it is not there */
export async function readInterception(trial: Trial, id: string): Promise<GetInterceptionResponse> {
  const { usage, timeoutMs } = trial.settings;
  if (usage === undefined) {
    throw new TypeError("nothing to read with: the requirement lacks the need `usage`");
  }
  try {
    return await usage.getInterception({ id }, { timeoutMs });
  } catch (error) {
    if (error instanceof ConnectError) {
      throw new Unmet("the interception to be read by GetInterception", describeStatus(errorStatus(error)));
    }
    throw error;
  }
}

/** @throws Unmet if the records of one interception are not what is read back: all, once, and each as it was sent */
export async function expectStored(trial: Trial, sent: readonly RecordBody[]): Promise<void> {
  const start = sent.find((record) => record.case === "interception");
  const read = recordsOf(await readInterception(trial, start?.value.id ?? ""));
  for (const kind of Object.keys(SCHEMAS) as RecordKind[]) {
    expectSame(kind, valuesOf(sent, kind), valuesOf(read, kind));
  }
}

function recordsOf(response: GetInterceptionResponse): RecordBody[] {
  const { interception, ended } = response;
  return [
    ...(interception === undefined ? [] : [{ case: "interception", value: interception } as const]),
    ...(ended === undefined ? [] : [{ case: "interceptionEnded", value: ended } as const]),
    ...response.tokenUsages.map((value) => ({ case: "tokenUsage", value }) as const),
    ...response.promptUsages.map((value) => ({ case: "promptUsage", value }) as const),
    ...response.toolUsages.map((value) => ({ case: "toolUsage", value }) as const),
    ...response.modelThoughts.map((value) => ({ case: "modelThought", value }) as const),
  ];
}

function valuesOf(records: readonly RecordBody[], kind: RecordKind): RecordBody["value"][] {
  return records.filter((record) => record.case === kind).map(({ value }) => value);
}

function expectSame(kind: RecordKind, sent: readonly Message[], read: readonly Message[]): void {
  if (sent.length !== read.length) {
    throw new Unmet(`${sent.length} ${kind} records to be read`, `${read.length} of them`);
  }
  for (const [index, message] of sent.entries()) {
    const schema = SCHEMAS[kind];
    const stored = read[index] as Message;
    if (!equals(schema, comparable(message), comparable(stored))) {
      throw difference(schema, comparable(message), comparable(stored));
    }
  }
}

/** A recorder keeps the name of the gateway it authenticated, not the one that the record claims. */
function comparable(message: Message): Message {
  return "gatewayId" in message ? ({ ...message, gatewayId: "" } as Message) : message;
}

function difference(schema: DescMessage, sent: Message, read: Message): Unmet {
  const [wanted, found] = [sent, read].map(
    (message) => toJson(schema, message) as Readonly<Record<string, unknown>>,
  );
  const members = new Set([...Object.keys(wanted ?? {}), ...Object.keys(found ?? {})]);
  for (const member of members) {
    const pair = [wanted, found].map((message) => JSON.stringify(message?.[member]) ?? "nothing");
    const [expected = "", seen = ""] = pair;
    if (expected !== seen) {
      return new Unmet(quoted(schema, member, expected), quoted(schema, member, seen));
    }
  }
  return new Unmet(`${schema.name} as it was sent`, "a message that differs in its encoding alone");
}

function quoted(schema: DescMessage, member: string, json: string): string {
  const shown = json.length > QUOTED_CHARACTERS ? `${json.slice(0, QUOTED_CHARACTERS)}…` : json;
  return `${schema.name}.${member} ${shown} (${json.length} characters)`;
}
