import type { AnsweredCall, CentralCall, ToolResult } from "../apis/tool-conversation.ts";

export interface RunCallsOptions {
  /** Runs one call. Never rejects. */
  run(call: CentralCall): Promise<ToolResult>;
  /** Calls that run at once at most. */
  readonly concurrency: number;
}

/** Runs the calls of a turn at once, as far as allowed; the results stand in the order of the calls. */
export async function runCalls(
  calls: readonly CentralCall[],
  { run, concurrency }: RunCallsOptions,
): Promise<AnsweredCall[]> {
  const answered: AnsweredCall[] = [];
  let next = 0;
  const work = async () => {
    for (let at = next++; at < calls.length; at = next++) {
      const call = calls[at] as CentralCall;
      answered[at] = { call, result: await run(call) };
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, calls.length) }, work));
  return answered;
}
