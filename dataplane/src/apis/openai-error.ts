import type { GatewayError } from "../errors/gateway-error.ts";

/** OpenAI's form of an error, as both of its APIs have it in a body. */
export function openAiError(error: GatewayError) {
  return { error: { message: error.message, type: error.row.openai, param: null, code: error.code } };
}
