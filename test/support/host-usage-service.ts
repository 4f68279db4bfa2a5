import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import {
  type GetInterceptionResponse,
  GetInterceptionResponseSchema,
  InterceptionEndedSchema,
  InterceptionSchema,
  ModelThoughtSchema,
  PromptUsageSchema,
  TokenUsageSchema,
  ToolUsageSchema,
  UsageService,
} from "@aibridge/proto";
import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { DurationSchema, StructSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { type HostServer, startHostServer } from "./host-services.ts";

const microsPerSecond = 1_000_000n;

/**
 * A UsageService over the tables of an example host, which has none itself: what it stored can be read like what the
 * control plane stores. Serves Connect.
 * @param database path of the host's SQLite file
 */
export function serveHostUsage(database: string): Promise<HostServer> {
  return startHostServer("connect", ({ service }) => {
    service(UsageService, { getInterception: ({ id }) => readInterception(database, id) });
  });
}

function readInterception(database: string, id: string): GetInterceptionResponse {
  using db = new DatabaseSync(database, { readOnly: true, readBigInts: true });
  const read = <Desc extends DescMessage>(schema: Desc, table: string, key: string): MessageShape<Desc>[] =>
    db
      .prepare(`select * from ${table} where ${key} = ?`)
      .all(id)
      .map((row) => fromJson(schema, jsonOfRow(schema, row)));
  const [interception] = read(InterceptionSchema, "interceptions", "id");
  const [ended] = read(InterceptionEndedSchema, "interception_ends", "interception_id");
  if (interception === undefined) throw new ConnectError("there is no such interception", Code.NotFound);
  return create(GetInterceptionResponseSchema, {
    interception,
    ...(ended !== undefined && { ended }),
    tokenUsages: read(TokenUsageSchema, "token_usages", "interception_id"),
    promptUsages: read(PromptUsageSchema, "prompt_usages", "interception_id"),
    toolUsages: read(ToolUsageSchema, "tool_usages", "interception_id"),
    modelThoughts: read(ModelThoughtSchema, "model_thoughts", "interception_id"),
  });
}

/** A row as the JSON of its message: columns have the names of members. */
function jsonOfRow(schema: DescMessage, row: Readonly<Record<string, SQLOutputValue>>): JsonObject {
  const members = schema.fields.map((field) => [field.name, jsonOfColumn(field, row[field.name] ?? null)]);
  return Object.fromEntries(members.filter(([, value]) => value !== null));
}

function jsonOfColumn(field: DescField, value: SQLOutputValue): JsonValue {
  if (value === null) return null;
  if (field.fieldKind === "map" || field.message?.typeName === StructSchema.typeName) {
    return jsonOfText(String(value), field.fieldKind === "map");
  }
  if (field.message?.typeName === TimestampSchema.typeName) return timeOf(value as bigint);
  if (field.message?.typeName === DurationSchema.typeName) return `${secondsOf(value as bigint)}s`;
  if (typeof value === "bigint") return field.scalar === ScalarType.BOOL ? value === 1n : String(value);
  return String(value);
}

/** @param exact numbers stay as they are written: counts may be beyond what a JavaScript number holds */
function jsonOfText(text: string, exact: boolean): JsonValue {
  const reviver = (_: string, value: unknown, context?: { source?: string }) =>
    exact && typeof value === "number" ? context?.source : value;
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]);
}

function timeOf(micros: bigint): string {
  const seconds = new Date(Number(micros / 1000n)).toISOString().slice(0, "2026-11-22T08:00:00".length);
  return `${seconds}.${String(micros % microsPerSecond).padStart(6, "0")}Z`;
}

function secondsOf(micros: bigint): string {
  return `${micros / microsPerSecond}.${String(micros % microsPerSecond).padStart(6, "0")}`;
}
