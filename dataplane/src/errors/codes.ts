/**
 * Every error that the gateway itself makes. `docs/errors.md` shows this table to users; a test holds the two together.
 *
 * `status` is the HTTP status on client routes. `anthropic` and `openai` are the error types in the provider's own
 * shape (Anthropic `error.type`; OpenAI `error.type`, whose `error.code` is our code). `retry` says whether the same
 * request can succeed later: where it is false the answer carries `x-should-retry: false`.
 */
export interface ErrorRow {
  readonly status: number;
  readonly anthropic: string;
  readonly openai: string;
  readonly retry: boolean;
  /** Whose fault it is: the client's request, the provider's behaviour, or the gateway's own side. */
  readonly fault: "client" | "provider" | "gateway";
}

const invalid = {
  anthropic: "invalid_request_error",
  openai: "invalid_request_error",
  retry: false,
  fault: "client",
} as const;
const denied = {
  anthropic: "permission_error",
  openai: "invalid_request_error",
  retry: false,
  fault: "client",
} as const;
const missing = {
  anthropic: "not_found_error",
  openai: "invalid_request_error",
  retry: false,
  fault: "client",
} as const;
const limited = {
  anthropic: "rate_limit_error",
  openai: "rate_limit_error",
  retry: true,
  fault: "client",
} as const;
const unavailable = {
  anthropic: "overloaded_error",
  openai: "server_error",
  retry: true,
  fault: "gateway",
} as const;
const provider = { anthropic: "api_error", openai: "server_error", retry: true, fault: "provider" } as const;

export const errorCodes = {
  invalid_path: { status: 400, ...invalid },
  invalid_body: { status: 400, ...invalid },
  invalid_json: { status: 400, ...invalid },
  invalid_request: { status: 400, ...invalid },
  model_required: { status: 400, ...invalid },
  unauthenticated: { status: 401, ...invalid, anthropic: "authentication_error" },
  permission_denied: { status: 403, ...denied },
  byok_not_allowed: { status: 403, ...denied },
  stored_state_not_allowed: { status: 403, ...denied },
  provider_not_found: { status: 404, ...missing },
  route_not_found: { status: 404, ...missing },
  thread_not_found: { status: 404, ...missing },
  method_not_allowed: { status: 405, ...invalid },
  request_timeout: { status: 408, ...invalid, retry: true },
  request_too_large: { status: 413, ...invalid, anthropic: "request_too_large" },
  unsupported_media_type: { status: 415, ...invalid },
  websocket_not_supported: { status: 426, ...invalid },
  rate_limited: { status: 429, ...limited },
  headers_too_large: { status: 431, ...invalid },
  internal_error: {
    status: 500,
    anthropic: "api_error",
    openai: "server_error",
    retry: true,
    fault: "gateway",
  },
  body_already_read: {
    status: 500,
    anthropic: "api_error",
    openai: "server_error",
    retry: false,
    fault: "gateway",
  },
  upstream_unreachable: { status: 502, ...provider },
  upstream_redirect: { status: 502, ...provider, retry: false },
  upstream_truncated: { status: 502, ...provider },
  upstream_invalid_answer: { status: 502, ...provider },
  upstream_turn_refused: { status: 502, ...provider },
  not_ready: { status: 503, ...unavailable },
  overloaded: { status: 503, ...unavailable },
  shutting_down: { status: 503, ...unavailable },
  provider_disabled: { status: 503, ...unavailable },
  provider_without_key: { status: 503, ...unavailable, retry: false },
  actors_unavailable: { status: 503, ...unavailable },
  recorder_unavailable: { status: 503, ...unavailable },
  spool_full: { status: 503, ...unavailable },
  spool_unavailable: { status: 503, ...unavailable },
  upstream_timeout: { status: 504, ...provider },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorCodes;
