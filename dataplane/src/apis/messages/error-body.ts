import type { GatewayError } from "../../errors/gateway-error.ts";
import { encodeEvent } from "../../sse/encode.ts";

/** An error in Anthropic's form: `{"type":"error","error":{"type","message"}}`. */
export function errorBody(error: GatewayError): string {
  const { code, message } = error;
  // SDKs tell this one apart by its details, and send the whole conversation then.
  const details = code === "thread_not_found" ? { details: { error_code: code } } : {};
  return JSON.stringify({ type: "error", error: { type: error.row.anthropic, message, ...details } });
}

/** The event that ends a stream in failure. SDKs drop events without an `event:` line. */
export function errorEvent(error: GatewayError): Buffer {
  return encodeEvent(errorBody(error), "error");
}
