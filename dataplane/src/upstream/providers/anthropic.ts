import type { ProviderKind } from "./kind.ts";

/**
 * Anthropic's API (https://docs.anthropic.com/en/api/overview). API keys go into `x-api-key`; OAuth access tokens
 * (`sk-ant-oat…`) are bearer tokens.
 */
export const anthropic: ProviderKind = {
  type: "anthropic",
  intercepted: [{ path: "/v1/messages", api: "messages" }],
  passthrough: [
    { methods: ["GET", "HEAD"], path: "/v1/models" },
    { methods: ["GET", "HEAD"], path: "/v1/models/*" },
    { methods: ["POST"], path: "/v1/messages/count_tokens", counts: "messages" },
    { methods: "*", path: "/api/event_logging/*" },
  ],
  mount: "",
  byokOnly: false,
  errorShape: "messages",
  keyHeader: (key) =>
    key.startsWith("sk-ant-oat") ? ["authorization", `Bearer ${key}`] : ["x-api-key", key],
};
