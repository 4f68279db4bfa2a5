import type { ErrorAnswer, ModelAnswer } from "./answer.ts";
import type { ProviderRequest } from "./request.ts";

/** A request as far as a provider checks it. */
export type CheckedRequest = Pick<ProviderRequest, "members" | "headers">;

/** What the provider of one API refuses, and what it knows of the answers it gave. */
export interface ApiRules {
  /** The refusal of a request that the provider does not take; undefined for one that it takes. Changes nothing. */
  refusal(request: CheckedRequest): ErrorAnswer | undefined;
  /** A scripted answer as it goes out to a request that was taken. @default as it is */
  answerTo?(request: CheckedRequest, answer: ModelAnswer): ModelAnswer;
  /**
   * The answer goes out: what the API keeps of it is kept.
   * @param document the answer in its non-streamed form
   */
  answered?(request: CheckedRequest, document: Readonly<Record<string, unknown>>): void;
}

/** A status 400 with this message. */
export function badRequest(message: string, more: Partial<ErrorAnswer["error"]> = {}): ErrorAnswer {
  return { error: { status: 400, type: "invalid_request_error", message, ...more } };
}

/** The elements of a member that should be a list; none where it is absent or something else. */
export function listOf<Element>(value: unknown): readonly Element[] {
  return Array.isArray(value) ? value : [];
}

/** The values that stand in a list more than once. */
export function repeated(values: readonly string[]): string[] {
  return values.filter((value, index) => values.indexOf(value) < index);
}
