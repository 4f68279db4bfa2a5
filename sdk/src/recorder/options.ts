/** What a gateway key stands for. */
export interface GatewayIdentity {
  /** Replaces the `gateway_id` that the data plane claims in its interceptions. @default the claim stays */
  readonly gatewayId?: string;
}

/** Looks a gateway key up; undefined: it is not known, or was revoked. */
export type CheckGatewayKey = (
  key: string,
) => Promise<GatewayIdentity | undefined> | GatewayIdentity | undefined;

/** How a host's functions are called, whichever way records come. */
export interface CallOptions {
  /**
   * Longest time a function may take for its record or batch, in milliseconds; then it counts as failed.
   * @default 10_000
   */
  readonly timeoutMs?: number;
  /** Records handed to the six functions at once. @default 16 */
  readonly concurrency?: number;
  /**
   * Is told what a function threw, other than a rejection, and the function's name: "recordTokenUsage", "recordBatch",
   * "findLastMessage", "keys". Data planes only learn that the recorder is unavailable, and send the record again: what was thrown may hold
   * a prompt or a secret. Without it nobody sees the reason.
   */
  readonly onFailure?: (error: unknown, functionName: string) => void;
}

/** How records come from data planes. */
export interface RecorderServiceOptions extends CallOptions {
  /**
   * The gateway keys that are accepted, each of 32 characters or more, or a function that looks one up. A function is
   * asked at the start of each call, and again every 30 s while a stream brings records, so that a revoked key ends it.
   */
  readonly keys: readonly string[] | CheckGatewayKey;
  /**
   * Batches of one stream (each at most 256 records or 1 MiB) that are stored at once; beyond, nothing more is read.
   * @default 8
   */
  readonly window?: number;
  /** When it aborts, streams acknowledge what they have taken and end; data planes connect again. @default never */
  readonly signal?: AbortSignal;
}
