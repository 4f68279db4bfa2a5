import {
  httpError,
  type ModelAnswer,
  type Part,
  type ProviderAnswer,
  text,
  thinking,
  toolCall,
} from "@aibridge/sdk/testing";
import { randomNumbers } from "../random-numbers.ts";
import { type ApiCase, apiModes } from "../requests.ts";

/**
 * The user agent of a planned request's client. It is recorded with the start of the interception and goes upstream like
 * any other header, so that the provider and the store both tell which request they have.
 */
export function userAgentOf({ number }: Pick<PlannedRequest, "number">): string {
  return `planned-traffic/${number}`;
}

/** The number of the request with a user agent; undefined if it is none of ours. */
export function numberOf(userAgent: string | undefined): number | undefined {
  const number = /^planned-traffic\/(\d+)$/.exec(userAgent ?? "")?.[1];
  return number === undefined ? undefined : Number(number);
}

/** The token columns, as the provider reports them. */
export interface PlannedTokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
}

/**
 * One request of a mixed load, with the answer that the provider gives to it. Everything in it that is recorded has the
 * request's number in it, so that nothing can be taken for something else.
 */
export interface PlannedRequest {
  readonly number: number;
  readonly api: ApiCase;
  readonly stream: boolean;
  readonly prompt: string;
  readonly answer: ProviderAnswer;
  /** The provider's id of the answer; also of one that breaks off. */
  readonly messageId: string;
  /** What a whole answer reports; undefined if it reports nothing. */
  readonly tokens: PlannedTokens | undefined;
  /** Texts of the thoughts, and names of the tools called, in a whole answer. */
  readonly thoughts: readonly string[];
  readonly tools: readonly string[];
  /** Milliseconds after which the client leaves; undefined: it stays. */
  readonly leavesAfterMs: number | undefined;
}

type Details = Pick<PlannedRequest, "answer" | "tokens" | "thoughts" | "tools" | "leavesAfterMs">;

/** What the parts of a plan are made from. */
interface Draft {
  readonly number: number;
  readonly api: ApiCase;
  readonly stream: boolean;
  readonly messageId: string;
  readonly tokens: PlannedTokens;
  readonly random: () => number;
}

/** How often each kind of request comes: the share of all, and how it is made. */
const kinds: readonly (readonly [share: number, plan: (draft: Draft) => Details])[] = [
  [0.36, (draft) => answered(draft, [text(sentence(draft.number))])],
  [0.04, withoutUsage],
  [0.16, (draft) => answered(draft, [thinking(thought(draft.number)), text(sentence(draft.number))])],
  [0.14, (draft) => answered(draft, [text(sentence(draft.number)), ...calls(draft)])],
  [0.14, slow],
  [0.06, left],
  [0.05, refusedByProvider],
  [0.03, brokenOff],
  [0.02, failing],
];

/** The request with a number in the load that follows from a seed. The same for the same two, whatever came before. */
export function planRequest(seed: number, number: number): PlannedRequest {
  const random = randomNumbers(seed * 1_000_003 + number);
  const { api, stream } = apiModes[Math.floor(random() * apiModes.length)] as (typeof apiModes)[number];
  const messageId = `planned_${number}`;
  const tokens = {
    input: 1 + Math.floor(random() * 5_000),
    output: 1 + Math.floor(random() * 2_000),
    cacheRead: Math.floor(random() * 1_000),
  };
  const details = pickKind(random())({ number, api, stream, messageId, tokens, random });
  return { number, api, stream, messageId, prompt: `Please answer request ${number}.`, ...details };
}

function pickKind(at: number): (draft: Draft) => Details {
  let upTo = 0;
  for (const [share, plan] of kinds) {
    upTo += share;
    if (at < upTo) return plan;
  }
  return slow;
}

function answered(draft: Draft, content: readonly Part[], more: Partial<ModelAnswer> = {}): Details {
  return {
    answer: { id: draft.messageId, content, usage: draft.tokens, ...more },
    tokens: draft.tokens,
    thoughts: content.flatMap((part) => (part.type === "thinking" ? [part.text] : [])),
    tools: content.flatMap((part) => (part.type === "tool_call" ? [part.name] : [])),
    leavesAfterMs: undefined,
  };
}

function withoutUsage(draft: Draft): Details {
  const details = answered(draft, [text(sentence(draft.number))], { usage: "missing" });
  return { ...details, tokens: undefined };
}

/** Takes long enough that many are open whenever something is killed. */
function slow(draft: Draft): Details {
  const content = [thinking(thought(draft.number)), text(sentence(draft.number)), ...calls(draft)];
  const delay = 2 + Math.floor(draft.random() * 15);
  const delivery = draft.stream ? { delay } : { headersDelay: delay * 20 };
  return answered(draft, content, { delivery });
}

/** The client leaves while the provider is silent: before the answer, or in the middle of a stream. */
function left(draft: Draft): Details {
  const delivery = draft.stream ? { stall: { afterEvents: 2 } } : { headersDelay: 60_000 };
  const leavesAfterMs = 10 + Math.floor(draft.random() * 60);
  return { ...answered(draft, [text(sentence(draft.number))], { delivery }), leavesAfterMs };
}

function refusedByProvider({ random }: Draft): Details {
  const status = [400, 429, 500, 529][Math.floor(random() * 4)] as number;
  return { answer: httpError(status), tokens: undefined, thoughts: [], tools: [], leavesAfterMs: undefined };
}

function brokenOff(draft: Draft): Details {
  const ending = draft.random() < 0.5 ? ("end" as const) : ("reset" as const);
  const truncate = draft.stream ? { afterEvents: 3, ending } : { afterBytes: 40, ending };
  return answered(draft, [text(sentence(draft.number))], { delivery: { truncate } });
}

/**
 * A stream that fails in the middle. A failure that comes as a document is an error like any other, and one of Responses
 * is a whole answer with usage.
 */
function failing(draft: Draft): Details {
  if (!draft.stream || draft.api === "responses") return refusedByProvider(draft);
  const failure = { type: "overloaded_error", message: "Overloaded", afterEvents: 3 };
  return answered(draft, [text(sentence(draft.number))], { failure });
}

function calls({ number, random }: Draft): readonly Part[] {
  const count = 1 + Math.floor(random() * 2);
  return Array.from({ length: count }, (_, index) =>
    toolCall(`tool_${number}_${index}`, { path: `${number}.txt` }),
  );
}

function sentence(number: number): string {
  return `This is the whole of the answer to request ${number}, long enough for several events.`;
}

function thought(number: number): string {
  return `How shall request ${number} be answered?`;
}
