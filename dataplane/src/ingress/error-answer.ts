import type { Api } from "../apis/api.ts";
import { GatewayError } from "../errors/gateway-error.ts";

/** An error answer, ready to send. */
export interface ErrorAnswer {
  readonly status: number;
  /** Flat list of names and values. */
  readonly headers: string[];
  readonly body: string;
}

/** Renders an error in an API's own shape, with what tells clients whether to try again. */
export function errorAnswer(error: GatewayError, api: Api): ErrorAnswer {
  const body = api.errorBody(error);
  const headers = ["content-type", "application/json", "content-length", String(Buffer.byteLength(body))];
  if (error.status === 429 || error.status === 503)
    headers.push("retry-after", String(error.retryAfter ?? 5));
  if (!error.row.retry) headers.push("x-should-retry", "false");
  for (const [name, value] of Object.entries(error.headers)) headers.push(name, value);
  return { status: error.status, headers, body };
}

/** Any thrown thing as an error for the client; what was not foreseen tells nothing of itself. */
export function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  return new GatewayError(
    "internal_error",
    "The gateway failed to handle this request. Its log has the details.",
    { cause: error },
  );
}
