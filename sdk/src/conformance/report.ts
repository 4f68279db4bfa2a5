import type { RpcProtocol } from "./recorder-connection.ts";

/** What came of one requirement. Absent members do not apply to the status. */
export interface RequirementResult {
  /** "REC-21". */
  readonly id: string;
  /** The rule, one sentence. */
  readonly requirement: string;
  readonly status: "passed" | "failed" | "not_applicable";
  /** Of a failed one: what the recorder should have done. */
  readonly expected?: string;
  /** Of a failed one: what it did. May quote the recorder. */
  readonly seen?: string;
  /** Of one that is not applicable: why not. */
  readonly reason?: string;
  /** How long the check took, in milliseconds. */
  readonly durationMs: number;
}

/** What came of a run. */
export interface ConformanceReport {
  /** URL of the recorder. */
  readonly recorder: string;
  readonly protocol: RpcProtocol;
  /** Version of the contract that was checked: "1.0". */
  readonly apiVersion: string;
  readonly passed: number;
  readonly failed: number;
  readonly notApplicable: number;
  /** In the order in which they were checked. */
  readonly requirements: readonly RequirementResult[];
}
