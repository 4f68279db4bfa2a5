import { hash } from "node:crypto";
import { uuidv7 } from "@aibridge/proto/channel";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { KyselyChangeStore } from "./change-queries.ts";
import { int64 } from "./columns.ts";
import { againAfterDeadlock } from "./deadlock.ts";
import type { DatabaseDialect } from "./dialect.ts";
import type { Schema } from "./schema.ts";
import type {
  ToolDefinition,
  ToolPin,
  ToolPinFilter,
  ToolPinLimits,
  ToolPinStore,
  ToolServer,
} from "./store.ts";
import {
  amongPins,
  inParts,
  KEYS_PER_STATEMENT,
  listToolPins,
  matchingPins,
  PIN_COLUMNS,
  toToolPin,
} from "./tool-pin-queries.ts";

/** What one insert holds at most, in UTF-16 units: a server refuses packets above max_allowed_packet. */
const MAX_STATEMENT_UNITS = 1024 * 1024;

/** A definition with the key of its tool. */
interface Keyed extends ToolDefinition {
  readonly toolKey: Uint8Array;
}

/**
 * Definitions of tools in any database that Kysely speaks to. Each statement is a transaction of its own: what decides
 * which definition is the first is a unique key, and what was left out by a crash is added when it is asked for again.
 */
export class KyselyToolPinStore implements ToolPinStore {
  readonly #db: Kysely<Schema>;
  readonly #dialect: DatabaseDialect;
  readonly #changes: KyselyChangeStore;

  constructor(db: Kysely<Schema>, dialect: DatabaseDialect, changes: KyselyChangeStore) {
    this.#db = db;
    this.#dialect = dialect;
    this.#changes = changes;
  }

  async pin(
    server: ToolServer,
    definitions: readonly ToolDefinition[],
    limits: ToolPinLimits,
  ): ReturnType<ToolPinStore["pin"]> {
    const keyed = definitions.map((one) => ({ ...one, toolKey: toolKeyOf(server, one.tool) }));
    let states = await this.#statesOf(keyed);
    const unknown = keyed.filter((one) => !states.has(pinKeyOf(one)));
    const { kept, full } = await this.#withinLimit(server, unknown, limits.tools);
    if (kept.length > 0) {
      await this.#add(server, kept);
      await this.#dropOldest(server, kept, limits);
      states = await this.#statesOf(keyed);
    }
    const waiting = keyed.filter((one) => states.get(pinKeyOf(one)) !== "approved");
    return { waiting: waiting.map(({ sha256 }) => sha256), full };
  }

  list(query: Parameters<ToolPinStore["list"]>[0]): ReturnType<ToolPinStore["list"]> {
    return listToolPins(this.#db, query);
  }

  approve(filter: ToolPinFilter): Promise<ToolPin[] | undefined> {
    return againAfterDeadlock(() => this.#db.transaction().execute((db) => this.#approveOnce(db, filter)));
  }

  /** Which of the definitions are remembered, and how. */
  async #statesOf(definitions: readonly Keyed[]): Promise<Map<string, "approved" | "waiting">> {
    const states = new Map<string, "approved" | "waiting">();
    for (const keys of inParts(definitions.map(({ toolKey }) => toolKey))) {
      const rows = await this.#db
        .selectFrom("aibridge_tool_pins")
        .select(["tool_key", "sha256", "approved_at"])
        .where("tool_key", "in", keys)
        .execute();
      for (const { tool_key: toolKey, sha256, approved_at: approvedAt } of rows) {
        states.set(pinKeyOf({ toolKey, sha256 }), approvedAt === null ? "waiting" : "approved");
      }
    }
    return states;
  }

  /** Leaves out definitions of tools that are new where the server has enough of them. */
  async #withinLimit(server: ToolServer, definitions: readonly Keyed[], limit: number) {
    const known = new Set<string>();
    for (const keys of inParts(definitions.map(({ toolKey }) => toolKey))) {
      const rows = await this.#db
        .selectFrom("aibridge_tool_pins")
        .select("tool_key")
        .where("tool_key", "in", keys)
        .where("is_first", "=", 1)
        .execute();
      for (const { tool_key: toolKey } of rows) {
        known.add(hex(toolKey));
      }
    }
    const added = new Set(definitions.map(({ toolKey }) => hex(toolKey)).filter((key) => !known.has(key)));
    const room = added.size === 0 ? 0 : limit - (await this.#count(server, 1));
    const fitting = new Set([...known, ...[...added].slice(0, Math.max(0, room))]);
    const kept = definitions.filter(({ toolKey }) => fitting.has(hex(toolKey)));
    return { kept, full: kept.length < definitions.length };
  }

  /** Of a server, the definitions that are the first of their tools, or all others. By an index alone. */
  async #count(server: ToolServer, isFirst: 1 | null): Promise<number> {
    const { count } = await this.#db
      .selectFrom("aibridge_tool_pins")
      .select(({ fn }) => fn.countAll<bigint>().as("count"))
      .where("server_key", "=", serverKeyOf(server))
      .where("is_first", isFirst === null ? "is" : "=", isFirst)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Adds each as the first of its tool, which one can be, and then as one that waits, which changes nothing for that one. */
  async #add(server: ToolServer, definitions: readonly Keyed[]): Promise<void> {
    // In the order of the keys, so that two processes with the same tools do not wait for each other in a ring.
    const inOrder = definitions.toSorted((a, b) => Buffer.compare(a.toolKey, b.toolKey));
    const base = {
      server_key: serverKeyOf(server),
      server_name: server.serverName,
      server_url: server.serverUrl,
    };
    const { now, unlessThere } = this.#dialect;
    for (const isFirst of [true, false]) {
      for (const part of inStatements(inOrder)) {
        const rows = part.map(({ toolKey, sha256, tool, definition }) => ({
          ...base,
          tool_key: toolKey,
          sha256,
          tool,
          definition,
          is_first: isFirst ? 1 : null,
          first_seen_at: now,
          approved_at: isFirst ? now : null,
        }));
        const insert = this.#db
          .insertInto("aibridge_tool_pins")
          .values(rows)
          .modifyEnd(unlessThere("tool_key"));
        await againAfterDeadlock(() => insert.execute());
      }
    }
  }

  /** Deletes what waits beyond the limits of a tool and of its server, the oldest first. */
  async #dropOldest(
    server: ToolServer,
    definitions: readonly Keyed[],
    { waitingOfTool, waitingOfServer }: ToolPinLimits,
  ): Promise<void> {
    for (const keys of inParts(definitions.map(({ toolKey }) => toolKey))) {
      await this.#keepNewest(sql`tool_key in (${sql.join(keys)})`, sql.ref("tool_key"), waitingOfTool);
    }
    if ((await this.#count(server, null)) > waitingOfServer) {
      // This reads every definition that waits, so it makes room for more than one.
      const limit = Math.ceil(0.9 * waitingOfServer);
      await this.#keepNewest(sql`server_key = ${serverKeyOf(server)}`, sql.ref("server_key"), limit);
    }
  }

  /** Deletes of what waits among some rows all but the newest of each group. */
  async #keepNewest(among: RawBuilder<unknown>, group: RawBuilder<unknown>, limit: number): Promise<void> {
    const waiting = sql`approved_at is null and ${among}`;
    // A digest is of one tool alone, because it covers the name. MySQL takes what it deletes from only in a table of its own.
    const surplus = sql`
      select sha256 from (
        select sha256, row_number() over (partition by ${group} order by first_seen_at desc, sha256) as place
        from aibridge_tool_pins where ${waiting}
      ) as places where place > ${limit}`;
    await againAfterDeadlock(() =>
      sql`delete from aibridge_tool_pins where ${waiting} and sha256 in (${surplus})`.execute(this.#db),
    );
  }

  async #approveOnce(db: Kysely<Schema>, filter: ToolPinFilter): Promise<ToolPin[] | undefined> {
    const meant = db.selectFrom("aibridge_tool_pins as p").where(matchingPins(filter));
    if ((await meant.select("p.tool_key").limit(1).executeTakeFirst()) === undefined) {
      return undefined;
    }
    const { rows } = await sql<{ now: bigint | string }>`select ${this.#dialect.now} as now`.execute(db);
    const now = int64.fromSql(rows[0]?.now ?? null);
    const waiting = await meant.select(PIN_COLUMNS).where("p.approved_at", "is", null).execute();
    for (const part of inParts(waiting)) {
      await db
        .updateTable("aibridge_tool_pins")
        .set({ approved_at: now })
        .where("approved_at", "is", null)
        .where(amongPins(part))
        .execute();
    }
    if (waiting.length > 0) {
      await this.#changes.note(db, "tools_approved", uuidv7());
    }
    return waiting.map((row) => toToolPin({ ...row, approved_at: now }, ""));
  }
}

function toolKeyOf({ serverName, serverUrl }: ToolServer, tool: string): Uint8Array {
  return hash("sha256", JSON.stringify([serverName, serverUrl, tool]), "buffer");
}

function serverKeyOf({ serverName, serverUrl }: ToolServer): Uint8Array {
  return hash("sha256", JSON.stringify([serverName, serverUrl]), "buffer");
}

function pinKeyOf({ toolKey, sha256 }: Pick<Keyed, "toolKey" | "sha256">): string {
  return hex(toolKey) + hex(sha256);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Parts that fit into one statement each. */
function inStatements(definitions: readonly Keyed[]): Keyed[][] {
  const parts: Keyed[][] = [];
  let units = Number.POSITIVE_INFINITY;
  for (const one of definitions) {
    units += one.definition.length + one.tool.length;
    if (units > MAX_STATEMENT_UNITS || (parts.at(-1)?.length ?? 0) === KEYS_PER_STATEMENT) {
      parts.push([]);
      units = one.definition.length + one.tool.length;
    }
    parts.at(-1)?.push(one);
  }
  return parts;
}
