import type { GatewayError } from "../../errors/gateway-error.ts";
import { encodeEvent } from "../../sse/encode.ts";

/** An error in Anthropic's form: `{"type":"error","error":{"type","message"}}`. */
export function errorBody(error: GatewayError): string {
  return JSON.stringify({ type: "error", error: { type: error.row.anthropic, message: error.message } });
}

/** The event that ends a stream in failure. SDKs drop events without an `event:` line. */
export function errorEvent(error: GatewayError): Buffer {
  return encodeEvent(errorBody(error), "error");
}
