import type { ProviderKind } from "./kind.ts";

/** GitHub Copilot's API: three APIs without a `/v1` of their own, and always the user's own credential. */
export const copilot: ProviderKind = {
  type: "copilot",
  intercepted: [
    { path: "/chat/completions", api: "chat" },
    { path: "/responses", api: "responses" },
    { path: "/v1/messages", api: "messages" },
  ],
  passthrough: [
    { methods: ["GET", "HEAD"], path: "/models" },
    { methods: ["GET", "HEAD"], path: "/models/*" },
    { methods: "*", path: "/agents/*" },
    { methods: "*", path: "/mcp/*" },
    { methods: "*", path: "/.well-known/*" },
  ],
  mount: "",
  byokOnly: true,
  errorShape: "chat",
  keyHeader: (key) => ["authorization", `Bearer ${key}`],
};
