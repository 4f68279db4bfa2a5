/** "Be connected that often, in place of what was connected before." Requests follow by another order. */
export interface ConnectOrder {
  readonly kind: "connect";
  /** Name of the workload (workloads.ts) whose request will be sent. */
  readonly workload: string;
  /** Port on 127.0.0.1. */
  readonly port: number;
  readonly path: string;
  /** What the requests authenticate with. */
  readonly token: string;
  readonly connections: number;
}

/** "Send requests one after the other on every connection for that long." Answered by a {@link LoadResult}. */
export interface RunOrder {
  readonly kind: "run";
  readonly durationMs: number;
}

/** "Open a stream on every connection." Answered when what the provider writes at first has arrived on all of them. */
export interface OpenOrder {
  readonly kind: "open";
}

/** "Wait until every open stream has come to its right end." */
export interface FinishOrder {
  readonly kind: "finish";
}

export type LoadOrder = ConnectOrder | RunOrder | OpenOrder | FinishOrder;

/** What a run came to. Every answer was compared byte by byte. */
export interface LoadResult {
  /** Answers received. */
  readonly requests: number;
  /** From the first request to the last answer. */
  readonly elapsedMs: number;
  /** Time from sending a request to the last byte of its answer, in microseconds. */
  readonly p50Micros: number;
  readonly p99Micros: number;
}
