import { expect, test } from "vitest";
import { requestKind } from "./request.ts";

test.each([
  ["POST", "/v1/messages", "messages"],
  ["POST", "/v1/messages?beta=true", "messages"],
  ["POST", "/prefix/v1/messages/count_tokens", "count_tokens"],
  ["POST", "/v1/chat/completions", "chat"],
  ["POST", "/chat/completions", "chat"],
  ["POST", "/v1/responses", "responses"],
  ["POST", "/v1/responses/compact", "compact"],
  ["GET", "/v1/responses/resp_1", "other"],
  ["GET", "/v1/responses", "other"],
  ["GET", "/v1/models", "models"],
  ["GET", "/models/claude-x?limit=1", "models"],
  ["POST", "/v1/embeddings", "other"],
] as const)("%s %s is of kind %s", (method, path, kind) => {
  expect(requestKind(method, path)).toBe(kind);
});
