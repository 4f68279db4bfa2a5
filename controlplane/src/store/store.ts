import type { InterceptionDetails, RecordKind, ValidRecord } from "../domain/records.ts";

/** How many records of each kind a batch added; records that were there already are not counted. */
export type AddedRecords = ReadonlyMap<RecordKind, number>;

/** Where records go. */
export interface RecordStore {
  /**
   * Stores a batch in one transaction: when the promise resolves, all of it survives a power cut; when it rejects, none
   * of it is stored. A record whose id is there already changes nothing. A real end replaces a provisional one of the
   * same interception, never the reverse.
   */
  save(batch: readonly ValidRecord[]): Promise<AddedRecords>;
}

/** Which interceptions are meant; an absent member matches everything. */
export interface InterceptionFilter {
  initiatorId?: string | undefined;
  providerName?: string | undefined;
  model?: string | undefined;
  client?: string | undefined;
  clientSessionId?: string | undefined;
  /** Started at or after, microseconds. */
  startedAfter?: bigint | undefined;
  /** Started before, microseconds. */
  startedBefore?: bigint | undefined;
}

/** Place of an interception in the order of {@link UsageStore.listInterceptions}. */
export interface InterceptionPosition {
  startedAt: bigint;
  id: string;
}

export interface SessionUsage {
  clientSessionId: string;
  client: string;
  initiatorId: string;
  firstStartedAt: bigint;
  lastStartedAt: bigint;
  interceptions: bigint;
}

/** Place of a session in the order of {@link UsageStore.listSessions}. */
export type SessionPosition = Pick<
  SessionUsage,
  "lastStartedAt" | "clientSessionId" | "client" | "initiatorId"
>;

/** Something usage can be grouped by. */
export type UsageDimension = "actor" | "model" | "provider" | "client" | "day";

export interface UsageTotals {
  interceptions: bigint;
  inputTokens: bigint;
  outputTokens: bigint;
  cacheReadInputTokens: bigint;
  cacheWriteInputTokens: bigint;
  toolCalls: bigint;
}

/** Totals of one group. */
export interface UsageGroup {
  /** Values in the order of the dimensions asked for; a day is "2026-11-22" (UTC). */
  values: string[];
  totals: UsageTotals;
}

/** Reads what was recorded. */
export interface UsageStore {
  /**
   * Newest first, strictly after `after` in that order. Lists are empty unless `withRecords`.
   * @param query.maxBytes how much text they may hold, in bytes of UTF-8: then fewer than `limit` are read, one at least
   */
  listInterceptions(query: {
    filter: InterceptionFilter;
    after?: InterceptionPosition | undefined;
    limit: number;
    withRecords: boolean;
    maxBytes: number;
  }): Promise<{ rows: InterceptionDetails[]; more: boolean }>;
  /** One interception with all its records. */
  getInterception(id: string): Promise<InterceptionDetails | undefined>;
  /** Last used first, strictly after `after` in that order. */
  listSessions(query: {
    filter: InterceptionFilter;
    after?: SessionPosition | undefined;
    limit: number;
  }): Promise<SessionUsage[]>;
  /**
   * Totals by group, in order of the groups' values; without dimensions exactly one group. Sums are exact, also beyond
   * 64 bits.
   */
  summarizeUsage(query: {
    filter: InterceptionFilter;
    dimensions: readonly UsageDimension[];
  }): Promise<UsageGroup[]>;
}

/** A message that a client knows, and whose. */
export interface MessageQuery {
  initiatorId: string;
  providerName: string;
  messageId: string;
}

/** Where an answer ended that went on inside a gateway. */
export interface LastMessage {
  messageId: string;
  /** Calls in that message which nobody answered, in order. */
  pendingCallIds: string[];
}

/** Finds messages by the ids that providers gave them. */
export interface MessageStore {
  /** The last message of the interception that has this one; undefined if the actor has none such that has ended. */
  findLast(query: MessageQuery): Promise<LastMessage | undefined>;
}

/** An actor's token without its secret. Times are microseconds. */
export interface Token {
  id: string;
  actor: string;
  name: string;
  createdAt: bigint;
  expiresAt: bigint | null;
  revokedAt: bigint | null;
}

/** A data plane's key without its secret. Times are microseconds. */
export interface GatewayKey {
  id: string;
  name: string;
  createdAt: bigint;
  revokedAt: bigint | null;
}

/** Tokens and gateway keys; secrets come and stay as SHA-256. */
export interface CredentialStore {
  addToken(token: Token, secretSha256: Uint8Array): Promise<void>;
  findToken(secretSha256: Uint8Array): Promise<Token | undefined>;
  /** Newest first, strictly after the id `after`. */
  listTokens(query: {
    actor?: string | undefined;
    after?: string | undefined;
    limit: number;
  }): Promise<Token[]>;
  /** Marks a token as revoked and notes the change. False if there is no such token. */
  revokeToken(id: string, at: bigint): Promise<boolean>;
  /** Unrevoked tokens that expire in (after, until], soonest first. */
  listExpiringTokens(query: { after: bigint; until: bigint }): Promise<Token[]>;
  /** Notes that a token has expired. */
  noteExpiredToken(id: string): Promise<void>;

  addGatewayKey(key: GatewayKey, secretSha256: Uint8Array): Promise<void>;
  findGatewayKey(secretSha256: Uint8Array): Promise<GatewayKey | undefined>;
  /** Newest first, strictly after the id `after`. */
  listGatewayKeys(query: { after?: string | undefined; limit: number }): Promise<GatewayKey[]>;
  /** Marks a key as revoked and notes the change. False if there is no such key. */
  revokeGatewayKey(id: string, at: bigint): Promise<boolean>;
}

/** An MCP server as tools are remembered of it. */
export interface ToolServer {
  serverName: string;
  serverUrl: string;
}

/** One definition of an MCP tool. Times are microseconds by the database's clock. */
export interface ToolPin extends ToolServer {
  tool: string;
  sha256: Uint8Array;
  definition: string;
  firstSeenAt: bigint;
  /** Null: it waits. */
  approvedAt: bigint | null;
}

/** What a server says of a tool. */
export type ToolDefinition = Pick<ToolPin, "tool" | "sha256" | "definition">;

/** Place of a definition in the order of {@link ToolPinStore.list}. */
export type ToolPinPosition = Omit<ToolPin, "definition" | "approvedAt">;

/** Which definitions are meant; an absent member matches everything. */
export interface ToolPinFilter {
  serverName?: string | undefined;
  serverUrl?: string | undefined;
  tool?: string | undefined;
  sha256?: Uint8Array | undefined;
}

/** How much is remembered at most. */
export interface ToolPinLimits {
  /** Tools of one server: more are not remembered. */
  tools: number;
  /** Definitions of one tool that wait: the oldest make room. */
  waitingOfTool: number;
  /** Definitions of all tools of one server that wait: the oldest make room. */
  waitingOfServer: number;
}

/** Definitions of MCP tools. */
export interface ToolPinStore {
  /**
   * Remembers definitions that are new. Of several definitions of a tool, however many processes bring them at once,
   * exactly one is the first and thereby approved; the others wait.
   * @returns digests of the definitions that are not approved, and whether the server has more tools than are remembered
   */
  pin(
    server: ToolServer,
    definitions: readonly ToolDefinition[],
    limits: ToolPinLimits,
  ): Promise<{ waiting: Uint8Array[]; full: boolean }>;
  /**
   * By server, URL and tool, oldest first, strictly after `after` in that order.
   * @param query.maxBytes how much text they may hold, in bytes of UTF-8: then fewer than `limit` are read, one at least
   */
  list(query: {
    filter: ToolPinFilter;
    waitingOnly: boolean;
    after?: ToolPinPosition | undefined;
    limit: number;
    maxBytes: number;
  }): Promise<{ rows: ToolPin[]; more: boolean }>;
  /**
   * Approves what waits, and notes the change if there was any.
   * @returns what was approved, with empty definitions; undefined if nothing like that is remembered
   */
  approve(filter: ToolPinFilter): Promise<ToolPin[] | undefined>;
}

/** What connected data planes are to be told. */
export type ChangeKind = "token_revoked" | "token_expired" | "gateway_key_revoked" | "tools_approved";

/** A change that connected data planes must be told. */
export interface Change {
  id: string;
  kind: ChangeKind;
  /** Id of the token or the gateway key; for approved tools an id that names nothing. */
  subject: string;
}

/** Changes as all control planes on one database see them. Times are microseconds by the database's clock. */
export interface ChangeStore {
  /** What time it is there. */
  now(): Promise<bigint>;
  /** Changes that other processes have noted at or after a time, oldest first. */
  listForeign(since: bigint): Promise<Change[]>;
  /** @param age microseconds */
  removeOlderThan(age: bigint): Promise<void>;
}

/** The right to do what only one control plane should do at a time. */
export interface LeaseStore {
  /**
   * Takes the lease, or keeps it.
   * @param holder id of the process
   * @param ttl microseconds after which another may take it, by the database's clock
   * @returns false while another holds it
   */
  take(holder: string, ttl: bigint): Promise<boolean>;
  /** Gives it back, if this holder has it. */
  release(holder: string): Promise<void>;
}

/** Interceptions without an end among those that were looked at. */
export interface OpenInterceptions {
  open: Pick<InterceptionDetails["interception"], "id" | "startedAt">[];
  /** Where to look next; undefined when everything was looked at. */
  next: string | undefined;
}

/** Deletes records, and finds interceptions that never ended. Ids are UUIDv7: they grow with time. */
export interface DeletionStore {
  /**
   * Deletes about `limit` records of each kind whose interception has a smaller id, whether that interception is still
   * there or not.
   * @returns true if there may be more
   */
  deleteBefore(id: string, limit: number): Promise<boolean>;
  /** Looks at up to `limit` interceptions with ids in [from, before), in order of their ids. */
  findOpen(query: { from: string; before: string; limit: number }): Promise<OpenInterceptions>;
  /**
   * Deletes interceptions of an actor with all their records, and remembers their ids for {@link deleteLate}.
   * @param query.startedBefore microseconds
   * @returns how many were deleted; fewer than `limit`: these were the last
   */
  deleteOfActor(query: { actor: string; startedBefore: bigint; limit: number }): Promise<number>;
  /**
   * Deletes what has arrived for deleted interceptions after their deletion, for up to `limit` of them after an id.
   * @param query.maxAge how long ago the deletion may be, microseconds
   * @returns the id to go on after; undefined when there are no more
   */
  deleteLate(query: {
    maxAge: bigint;
    after?: string | undefined;
    limit: number;
  }): Promise<string | undefined>;
}

/** The database behind the control plane. */
export interface Store {
  readonly records: RecordStore;
  readonly usage: UsageStore;
  readonly messages: MessageStore;
  readonly credentials: CredentialStore;
  readonly changes: ChangeStore;
  readonly leases: LeaseStore;
  readonly deletions: DeletionStore;
  readonly toolPins: ToolPinStore;
  /** Brings the tables up to date, while no other process does. @throws Error when a newer version made the database */
  migrate(): Promise<void>;
  /** Rejects, saying why, while the database cannot be read or takes no writes. */
  checkReady(): Promise<void>;
  close(): Promise<void>;
}
