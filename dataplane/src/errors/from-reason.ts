import { Code, type ConnectError } from "@connectrpc/connect";
import { GatewayError } from "./gateway-error.ts";

/** The one place that knows what the upstream client, Node and Connect call their errors. */

const connectCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "UPSTREAM_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** Turns what went wrong with an upstream call into the client's error. */
export function fromUpstreamFailure(reason: unknown, provider: string): GatewayError {
  if (reason instanceof GatewayError) return reason;
  const code = errorCode(reason);
  if (code === "UPSTREAM_FIRST_BYTE_TIMEOUT" || code === "UPSTREAM_IDLE_TIMEOUT")
    return new GatewayError("upstream_timeout", `The provider ${provider} was silent for too long.`, {
      cause: reason,
    });
  if (code === "UPSTREAM_INVALID_REQUEST")
    return new GatewayError(
      "internal_error",
      `The request cannot be sent to provider ${provider}: its configuration (base_url, key) is not valid.`,
      { cause: reason },
    );
  if (code === "UPSTREAM_INVALID_ANSWER")
    return new GatewayError(
      "upstream_invalid_answer",
      `The provider ${provider} sent an answer that is not valid HTTP/1.1.`,
      { cause: reason },
    );
  if (connectCodes.has(code))
    return new GatewayError("upstream_unreachable", `The provider ${provider} cannot be reached.`, {
      cause: reason,
    });
  return new GatewayError(
    "upstream_truncated",
    `The provider ${provider} closed the connection before its answer was complete.`,
    {
      cause: reason,
    },
  );
}

/** A short name of a failure for logs and records: "ECONNREFUSED". Never the text, which may quote a URL. */
export function errorCode(reason: unknown): string {
  if (reason instanceof Error && "code" in reason && typeof reason.code === "string") return reason.code;
  return reason instanceof Error ? reason.name : "unknown";
}

/** Turns an actor service's status into the client's error: 401, 403, 429, else 503. */
export function fromActorDenial(error: ConnectError): GatewayError {
  switch (error.code) {
    case Code.Unauthenticated:
      return new GatewayError(
        "unauthenticated",
        "Your aibridge credential is unknown, revoked or expired. Ask your administrator for a new one.",
      );
    case Code.PermissionDenied:
      return new GatewayError(
        "permission_denied",
        "You are not allowed to use this provider. Ask your administrator.",
      );
    case Code.ResourceExhausted:
      return new GatewayError(
        "rate_limited",
        "You have reached a limit set by your administrator. Try again later.",
        {
          retryAfter: retryDelaySeconds(error) ?? 10,
        },
      );
    default:
      return new GatewayError(
        "actors_unavailable",
        "The gateway cannot check who you are right now. Try again shortly.",
        {
          cause: error,
          retryAfter: 2,
        },
      );
  }
}

/**
 * Reads `google.rpc.RetryInfo` from a status's details: message { google.protobuf.Duration retry_delay = 1 } with
 * Duration { int64 seconds = 1 }. Only whole seconds matter for Retry-After, at least 1.
 */
function retryDelaySeconds(error: ConnectError): number | undefined {
  for (const detail of error.details) {
    if (!("type" in detail) || detail.type !== "google.rpc.RetryInfo") continue;
    const [tag, length, secondsTag, ...rest] = detail.value as Uint8Array;
    if (tag !== 0x0a || length === undefined) continue;
    if (secondsTag !== 0x08) return 1;
    let seconds = 0;
    for (const [index, byte] of rest.slice(0, 5).entries()) {
      seconds += (byte & 0x7f) * 128 ** index;
      if ((byte & 0x80) === 0) break;
    }
    return Math.max(1, seconds);
  }
  return undefined;
}
