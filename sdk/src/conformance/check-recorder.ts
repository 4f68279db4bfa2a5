import type { UsageService } from "@aibridge/proto";
import { API_VERSION } from "@aibridge/proto/channel";
import type { Client } from "@connectrpc/connect";
import { reachRecorder } from "./reach-recorder.ts";
import type { RecorderAddress } from "./recorder-connection.ts";
import type { ConformanceReport, RequirementResult } from "./report.ts";
import type { Need, Requirement } from "./requirement.ts";
import { REQUIREMENTS } from "./requirements/index.ts";
import { Trial, type TrialSettings } from "./trial.ts";
import { Unmet } from "./unmet.ts";

/** Which recorder to check, and how. */
export interface ConformanceOptions extends RecorderAddress {
  /**
   * Longest wait for an answer, in milliseconds.
   * @default 10 000, after which a data plane gives up a unary call
   */
  readonly timeoutMs?: number;
  /**
   * Ids of the requirements to check.
   * @default all
   */
  readonly only?: readonly string[] | undefined;
  /**
   * Reads what was stored, of a recorder that has a UsageService.
   * @default none: requirements on stored content are not applicable
   */
  readonly usage?: Client<typeof UsageService> | undefined;
  /** Told of each result as it comes. */
  readonly onResult?: (result: RequirementResult) => void;
}

const DEFAULT_TIMEOUT_MS = 10_000;

const ONLY_GRPC = "only with gRPC";
const NO_STREAM = "the recorder answers StreamRecords with UNIMPLEMENTED and is used by its unary methods";
const NO_USAGE = "what was stored cannot be read: no UsageService was given";

/**
 * Checks a running recorder against the requirements, one after the other. Leaves sample records in its store, all of
 * one actor.
 * @throws RecorderUnreachable if there is no recorder, or it refuses the key
 * @throws RangeError if `only` names a requirement that there is not
 */
export async function checkRecorder(options: ConformanceOptions): Promise<ConformanceReport> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, usage } = options;
  const selected = select(options.only);
  const { streams } = await reachRecorder(options, timeoutMs);
  const settings: TrialSettings = { address: options, timeoutMs, streams, usage };
  const requirements: RequirementResult[] = [];
  for (const requirement of selected) {
    const result = await checkOne(requirement, settings);
    options.onResult?.(result);
    requirements.push(result);
  }
  return summed(options, requirements);
}

function select(only: readonly string[] | undefined): readonly Requirement[] {
  const unknown = only?.find((id) => REQUIREMENTS.every((requirement) => requirement.id !== id));
  if (unknown !== undefined) {
    throw new RangeError(`there is no requirement ${unknown}`);
  }
  return REQUIREMENTS.filter(({ id }) => only?.includes(id) ?? true);
}

function summed(
  { url, protocol }: RecorderAddress,
  requirements: readonly RequirementResult[],
): ConformanceReport {
  const count = (status: RequirementResult["status"]) =>
    requirements.filter((result) => result.status === status).length;
  return {
    recorder: url,
    protocol,
    apiVersion: API_VERSION,
    passed: count("passed"),
    failed: count("failed"),
    notApplicable: count("not_applicable"),
    requirements,
  };
}

async function checkOne(requirement: Requirement, settings: TrialSettings): Promise<RequirementResult> {
  const { id, sentence, needs, check } = requirement;
  const reason = needs.map((need) => missing(need, settings)).find((text) => text !== undefined);
  if (reason !== undefined) {
    return { id, requirement: sentence, status: "not_applicable", reason, durationMs: 0 };
  }
  const begin = performance.now();
  const outcome = await tryOnce(check, settings);
  return { id, requirement: sentence, ...outcome, durationMs: Math.round(performance.now() - begin) };
}

/** Why a need is not met; undefined if it is. */
function missing(need: Need, { address, streams, usage }: TrialSettings): string | undefined {
  const overGrpc = address.protocol === "grpc";
  switch (need) {
    case "grpc":
      return overGrpc ? undefined : ONLY_GRPC;
    case "stream":
      return streams ? undefined : overGrpc ? NO_STREAM : ONLY_GRPC;
    case "usage":
      return usage === undefined ? NO_USAGE : undefined;
  }
}

async function tryOnce(
  check: Requirement["check"],
  settings: TrialSettings,
): Promise<Pick<RequirementResult, "status" | "expected" | "seen">> {
  const trial = new Trial(settings);
  try {
    await check(trial);
    return { status: "passed" };
  } catch (error) {
    if (error instanceof Unmet) {
      return { status: "failed", expected: error.expected, seen: error.seen };
    }
    throw error;
  } finally {
    trial.close();
  }
}
