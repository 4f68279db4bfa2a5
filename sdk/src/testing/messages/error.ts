import type { ErrorAnswer } from "../answer.ts";
import { reasonPhrase } from "../reason-phrase.ts";

const typesByStatus: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** An error body of the Anthropic API. */
export function messagesError({ error }: ErrorAnswer): object {
  const type = error.type ?? typesByStatus[error.status] ?? "api_error";
  const message = error.message ?? reasonPhrase(error.status);
  const { details } = error;
  return { type: "error", error: { type, message, ...(details && { details }) }, request_id: "req_scripted" };
}
