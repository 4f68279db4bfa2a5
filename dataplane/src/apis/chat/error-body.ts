import type { GatewayError } from "../../errors/gateway-error.ts";
import { encodeEvent } from "../../sse/encode.ts";
import { openAiError } from "../openai-error.ts";

/** An error in OpenAI's form. */
export function errorBody(error: GatewayError): string {
  return JSON.stringify(openAiError(error));
}

/** The event that ends a stream in failure; no `[DONE]` follows it. */
export function errorEvent(error: GatewayError): Buffer {
  return encodeEvent(errorBody(error));
}
