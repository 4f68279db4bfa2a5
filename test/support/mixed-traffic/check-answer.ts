import {
  type GetInterceptionResponse,
  InterceptionOutcome,
  type TokenUsage,
  UsageSource,
} from "@aibridge/proto";
import type { PlannedRequest, PlannedTokens } from "./planned-request.ts";
import type { Sighting } from "./send-planned.ts";

export const noTokens: PlannedTokens = { input: 0, output: 0, cacheRead: 0 };

export function addTokens(sum: PlannedTokens, more: PlannedTokens = noTokens): PlannedTokens {
  return {
    input: sum.input + more.input,
    output: sum.output + more.output,
    cacheRead: sum.cacheRead + more.cacheRead,
  };
}

/** The tokens of everything an interception used. */
export function storedTokens(stored: GetInterceptionResponse | undefined): PlannedTokens {
  return (stored?.tokenUsages ?? []).reduce((sum, usage) => addTokens(sum, tokensOf(usage)), noTokens);
}

function tokensOf(usage: TokenUsage): PlannedTokens {
  return {
    input: Number(usage.inputTokens),
    output: Number(usage.outputTokens),
    cacheRead: Number(usage.cacheReadInputTokens),
  };
}

/**
 * What is wrong with the records of one interception.
 * @param request what it was made by
 * @param sighting what its client saw; undefined if that was nothing
 */
export function storedProblems(
  stored: GetInterceptionResponse,
  request: PlannedRequest,
  sighting: Sighting | undefined,
): string[] {
  const { interception, ended, tokenUsages, promptUsages } = stored;
  if (interception === undefined) return ["records without an interception"];
  if (ended === undefined) return ["no end"];
  const problems: string[] = [];
  if (ended.provisional) problems.push("its end is provisional");
  if (tokenUsages.length > 1) problems.push(`${tokenUsages.length} token usages`);
  if (promptUsages.length > 1) problems.push(`${promptUsages.length} prompts`);
  if (sighting?.whole) return [...problems, ...wholeProblems(stored, sighting.request)];
  return [...problems, ...partProblems(stored, request, sighting)];
}

/** Of an answer that its client saw to the end: everything must be there as the provider sent it. */
function wholeProblems(stored: GetInterceptionResponse, request: PlannedRequest): string[] {
  const { ended, promptUsages } = stored;
  const problems = contentProblems(stored, request);
  const crashed = ended?.errorType === "gateway_crashed";
  if (ended?.outcome !== InterceptionOutcome.COMPLETED && !crashed)
    problems.push(`seen whole, ended as ${ended?.errorType}`);
  if (promptUsages[0]?.prompt !== request.prompt)
    problems.push(`the prompt is ${JSON.stringify(promptUsages[0]?.prompt)}`);
  return problems;
}

function contentProblems(
  { tokenUsages, ...stored }: GetInterceptionResponse,
  request: PlannedRequest,
): string[] {
  const source = request.tokens === undefined ? UsageSource.MISSING : UsageSource.REPORTED;
  const [usage] = tokenUsages;
  if (usage === undefined) return ["no token usage"];
  const found = {
    source: usage.source,
    messageId: usage.messageId,
    ...tokensOf(usage),
    thoughts: stored.modelThoughts.map(({ content }) => content).sort(),
    tools: stored.toolUsages.map(({ tool }) => tool).sort(),
  };
  const { messageId, thoughts, tools } = request;
  const tokens = request.tokens ?? noTokens;
  const planned = { source, messageId, ...tokens, thoughts: thoughts.toSorted(), tools: tools.toSorted() };
  const [isText, shouldBe] = [JSON.stringify(found), JSON.stringify(planned)];
  return isText === shouldBe ? [] : [`stored ${isText}, sent ${shouldBe}`];
}

/**
 * Of an answer that its client did not see to the end: the end must say so. But records are safe before the last bytes go
 * out: where these then did not get through, the whole answer is stored, as it was.
 */
function partProblems(
  stored: GetInterceptionResponse,
  request: PlannedRequest,
  sighting: Sighting | undefined,
): string[] {
  const { ended } = stored;
  if (isStoredWhole(stored)) {
    if (sighting?.connection !== "ended") return contentProblems(stored, request);
    return [`answered ${sighting.status}, stored as whole`];
  }
  if (ended?.outcome === InterceptionOutcome.FAILED && ended.errorType !== "") return [];
  if (ended?.outcome === InterceptionOutcome.CANCELLED_BY_CLIENT && sighting?.connection !== "ended")
    return [];
  return [`not seen whole, ended with outcome ${ended?.outcome} ${ended?.errorType}`];
}

/** True if the store says that the answer was had to its end. */
export function isStoredWhole({ ended, tokenUsages }: GetInterceptionResponse): boolean {
  const reported = tokenUsages.some(({ source }) => source === UsageSource.REPORTED);
  return reported || ended?.outcome === InterceptionOutcome.COMPLETED;
}
