import type { GetInterceptionResponse } from "@aibridge/proto";
import { addTokens, isStoredWhole, noTokens, storedProblems, storedTokens } from "./check-answer.ts";
import { numberOf, type PlannedRequest, type PlannedTokens } from "./planned-request.ts";
import type { Sighting } from "./send-planned.ts";

/** What was found when the store was compared with what clients saw and the provider sent. */
export interface StoreCheck {
  readonly stored: number;
  /** Interceptions whose client saw at least the head of an answer. */
  readonly seen: number;
  /** Answers that a client saw to the end. */
  readonly whole: number;
  /** Interceptions that were closed as crashed. */
  readonly crashed: number;
  /** Answers that the gateway had whole and stored, but whose last bytes did not get to the client any more. */
  readonly cutAtTheLast: number;
  /** Tokens of the whole answers: as the provider sent them, and as they are stored. */
  readonly sentTokens: PlannedTokens;
  readonly storedTokens: PlannedTokens;
  /** Everything that is wrong, one line each. */
  readonly problems: readonly string[];
}

/**
 * Compares everything that is stored with what the clients of planned requests saw. An answer seen whole must be stored
 * whole; any other must be stored with an end that says so; nothing may be there twice.
 * @param planOf the planned request with a number
 * @param upstream numbers of the requests that the provider got; each must be stored. @default none
 */
export function checkStored(
  stored: readonly GetInterceptionResponse[],
  sightings: readonly Sighting[],
  planOf: (number: number) => PlannedRequest,
  upstream: readonly number[] = [],
): StoreCheck {
  const byId = new Map(stored.map((one) => [one.interception?.id ?? "", one]));
  const sightingOf = new Map(sightings.map((sighting) => [sighting.request.number, sighting]));
  const seen = sightings.filter(({ interceptionId }) => interceptionId !== undefined);
  const whole = seen.filter((sighting) => sighting.whole);
  const wholeStored = whole.map(({ interceptionId }) => byId.get(interceptionId ?? ""));
  const problems = [
    ...sightings.flatMap((sighting) => missingProblems(sighting, byId)),
    ...upstreamProblems(stored, upstream),
    ...repeatedIds(stored),
    ...stored.flatMap((one) => {
      const number = requestNumber(one);
      if (number === undefined) return ["an interception of no planned request"];
      return storedProblems(one, planOf(number), sightingOf.get(number)).map(
        (problem) => `${one.interception?.id} (request ${number}): ${problem}`,
      );
    }),
  ];
  return {
    stored: stored.length,
    seen: seen.length,
    whole: whole.length,
    crashed: stored.filter(({ ended }) => ended?.errorType === "gateway_crashed").length,
    cutAtTheLast: stored.filter(
      (one) => isStoredWhole(one) && !sightingOf.get(requestNumber(one) ?? -1)?.whole,
    ).length,
    sentTokens: whole.reduce((sum, { request }) => addTokens(sum, request.tokens), noTokens),
    storedTokens: wholeStored.reduce((sum, one) => addTokens(sum, storedTokens(one)), noTokens),
    problems,
  };
}

function requestNumber({ interception }: GetInterceptionResponse): number | undefined {
  return numberOf(interception?.userAgent);
}

function missingProblems(
  { request: { number }, interceptionId, status, whole }: Sighting,
  byId: ReadonlyMap<string, GetInterceptionResponse>,
): string[] {
  if (interceptionId === undefined)
    return status === undefined ? [] : [`request ${number}: answered ${status} without an interception`];
  const stored = byId.get(interceptionId);
  if (stored === undefined)
    return [`${interceptionId} (request ${number}): not stored, ${whole ? "seen whole" : "seen in part"}`];
  return requestNumber(stored) === number ? [] : [`${interceptionId}: not of request ${number}`];
}

function upstreamProblems(stored: readonly GetInterceptionResponse[], upstream: readonly number[]): string[] {
  const numbers = new Set(stored.map(requestNumber));
  return upstream
    .filter((number) => !numbers.has(number))
    .map((number) => `request ${number}: went upstream, not stored`);
}

/** Ids that more than one record has, of whatever kind, messages whose tokens are there twice, and requests with two starts. */
function repeatedIds(stored: readonly GetInterceptionResponse[]): string[] {
  const ids = stored.flatMap(({ interception, ended, ...lists }) => [
    ...(interception ? [interception.id] : []),
    ...(ended ? [ended.id] : []),
    ...[lists.tokenUsages, lists.promptUsages, lists.toolUsages, lists.modelThoughts]
      .flat()
      .map(({ id }) => id),
  ]);
  const messages = stored.flatMap(({ tokenUsages }) => tokenUsages.map(({ messageId }) => messageId));
  const requests = stored.map(({ interception }) => interception?.userAgent ?? "");
  const repeated = [
    ...repeatedOf(ids),
    ...repeatedOf(messages.filter((id) => id !== "")),
    ...repeatedOf(requests),
  ];
  return repeated.map((id) => `${id}: stored more than once`);
}

function repeatedOf(values: readonly string[]): string[] {
  const known = new Set<string>();
  return values.filter((value) => known.size === known.add(value).size);
}
