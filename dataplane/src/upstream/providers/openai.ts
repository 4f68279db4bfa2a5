import type { PassthroughRoute, ProviderKind } from "./kind.ts";

const passthrough: readonly PassthroughRoute[] = [
  { methods: ["GET", "HEAD"], path: "/v1/models" },
  { methods: ["GET", "HEAD"], path: "/v1/models/*" },
  { methods: ["POST"], path: "/v1/responses/input_tokens", storedState: true, counts: "responses" },
  { methods: "*", path: "/v1/responses/*", storedState: true },
  { methods: "*", path: "/v1/conversations", storedState: true },
  { methods: "*", path: "/v1/conversations/*", storedState: true },
];

/** OpenAI's API (https://platform.openai.com/docs/api-reference): bearer keys, base URL with `/v1`. */
export const openai: ProviderKind = {
  type: "openai",
  intercepted: [
    { path: "/v1/chat/completions", api: "chat" },
    { path: "/v1/responses", api: "responses" },
    { path: "/v1/responses/compact", api: "responses" },
  ],
  passthrough,
  mount: "/v1",
  byokOnly: false,
  errorShape: "chat",
  keyHeader: (key) => ["authorization", `Bearer ${key}`],
};

/** Any server that speaks OpenAI's API. */
export const openaiCompatible: ProviderKind = { ...openai, type: "openai-compatible" };
