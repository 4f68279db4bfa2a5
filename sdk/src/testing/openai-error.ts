import type { ErrorAnswer } from "./answer.ts";
import { reasonPhrase } from "./reason-phrase.ts";

const typesByStatus: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "invalid_request_error",
  403: "invalid_request_error",
  404: "invalid_request_error",
  429: "requests",
};

/** An error body of the OpenAI API, which Chat Completions and Responses share. */
export function openAiError({ error }: ErrorAnswer): object {
  return {
    error: {
      message: error.message ?? reasonPhrase(error.status),
      type: error.type ?? typesByStatus[error.status] ?? "server_error",
      param: error.param ?? null,
      code: error.code ?? null,
    },
  };
}
