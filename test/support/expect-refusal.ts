import { expect } from "vitest";
import type { ApiCase } from "./requests.ts";

/** What docs/errors.md says of an error. */
export interface ExpectedRefusal {
  readonly status: number;
  readonly code: string;
  /** Type in Anthropic's shape. @default "invalid_request_error" */
  readonly anthropic?: string;
  /** True if the same request may succeed later. @default false */
  readonly retry?: boolean;
}

export interface SeenRefusal {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Checks status, shape and headers of an error that the gateway made. */
export function expectRefusal(seen: SeenRefusal, api: ApiCase, expected: ExpectedRefusal): void {
  expect({ status: seen.status, body: seen.body }).toMatchObject({ status: expected.status });
  const message = expect.stringMatching(/\S/);
  const openAi = { error: { message, type: "invalid_request_error", param: null, code: expected.code } };
  const type = expected.anthropic ?? "invalid_request_error";
  expect(JSON.parse(seen.body)).toEqual(
    api === "messages" ? { type: "error", error: { type, message } } : openAi,
  );
  expect(seen.headers["content-type"]).toBe("application/json");
  expect(seen.headers["x-should-retry"]).toBe(expected.retry ? undefined : "false");
  expect(seen.headers["x-aibridge-interception-id"]).toBeUndefined();
}

/** An answer of fetch in that form. */
export async function seenBy(response: Response): Promise<SeenRefusal> {
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}
