import type { Trial } from "./trial.ts";

/**
 * What a requirement can be checked with only: `stream`, a recorder that serves StreamRecords; `grpc`, gRPC as the
 * protocol; `usage`, a UsageService that reads what was stored.
 */
export type Need = "stream" | "grpc" | "usage";

/** One rule that a recorder must keep. */
export interface Requirement {
  /** "REC-21". An id is never given to another rule. */
  readonly id: string;
  /** The rule, one sentence. */
  readonly sentence: string;
  /** Without these it is not applicable. */
  readonly needs: readonly Need[];
  /** @throws Unmet if the recorder does not keep the rule */
  check(trial: Trial): Promise<void>;
}
