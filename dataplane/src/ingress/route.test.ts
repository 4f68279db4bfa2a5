import { ConfigSchema, ProviderType } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { GatewayError } from "../errors/gateway-error.ts";
import { runtimeConfig } from "../plan/runtime-config.ts";
import { errorShapeOf, matchRoute, readTarget } from "./route.ts";

const { providers } = runtimeConfig(
  create(ConfigSchema, {
    providers: [
      { name: "anthropic", type: ProviderType.ANTHROPIC, baseUrl: "https://api.anthropic.com", keys: ["k"] },
      {
        name: "openai",
        type: ProviderType.OPENAI,
        baseUrl: "https://api.openai.com/v1/?tenant=7",
        keys: ["k"],
        passthrough: ["POST /v1/embeddings"],
      },
      { name: "copilot", type: ProviderType.COPILOT, baseUrl: "https://api.individual.githubcopilot.com" },
      { name: "off", type: ProviderType.ANTHROPIC, baseUrl: "https://api.anthropic.com", disabled: true },
      { name: "bed", type: ProviderType.BEDROCK, baseUrl: "https://bedrock-runtime.us-east-1.amazonaws.com" },
    ],
  }),
);

test.each([
  ["POST", "/anthropic/v1/messages", "intercept", "/v1/messages", "/v1/messages"],
  ["POST", "/anthropic/v1/messages?beta=true", "intercept", "/v1/messages", "/v1/messages?beta=true"],
  [
    "POST",
    "/openai/v1/chat/completions",
    "intercept",
    "/v1/chat/completions",
    "/v1/chat/completions?tenant=7",
  ],
  ["POST", "/openai/v1/responses?x=1", "intercept", "/v1/responses", "/v1/responses?tenant=7&x=1"],
  [
    "POST",
    "/openai/v1/responses/compact",
    "intercept",
    "/v1/responses/compact",
    "/v1/responses/compact?tenant=7",
  ],
  ["POST", "/copilot/chat/completions", "intercept", "/chat/completions", "/chat/completions"],
  ["POST", "/copilot/responses", "intercept", "/responses", "/responses"],
  ["POST", "/copilot/v1/messages", "intercept", "/v1/messages", "/v1/messages"],
  ["GET", "/anthropic/v1/models", "passthrough", "/v1/models", "/v1/models"],
  ["GET", "/anthropic/v1/models/claude%2Dx", "passthrough", "/v1/models/*", "/v1/models/claude%2Dx"],
  [
    "POST",
    "/anthropic/v1/messages/count_tokens",
    "passthrough",
    "/v1/messages/count_tokens",
    "/v1/messages/count_tokens",
  ],
  [
    "POST",
    "/anthropic/api/event_logging/batch",
    "passthrough",
    "/api/event_logging/*",
    "/api/event_logging/batch",
  ],
  [
    "DELETE",
    "/openai/v1/responses/resp_1",
    "passthrough",
    "/v1/responses/*",
    "/v1/responses/resp_1?tenant=7",
  ],
  ["POST", "/openai/v1/conversations", "passthrough", "/v1/conversations", "/v1/conversations?tenant=7"],
  ["POST", "/openai/v1/embeddings", "passthrough", "/v1/embeddings", "/v1/embeddings?tenant=7"],
  ["GET", "/copilot/.well-known/x", "passthrough", "/.well-known/*", "/.well-known/x"],
])("%s %s is %s", (method, url, kind, template, upstreamTarget) => {
  expect(matchRoute(method, readTarget(url), providers)).toMatchObject({ kind, template, upstreamTarget });
});

test.each(["/anthropic", "/anthropic/api/hello", "/openai"])("HEAD %s is a greeting", (url) => {
  expect(matchRoute("HEAD", readTarget(url), providers)).toEqual({ kind: "hello" });
});

test.each([
  ["POST", "/nobody/v1/messages", "provider_not_found"],
  ["POST", "/", "provider_not_found"],
  ["POST", "/Anthropic/v1/messages", "provider_not_found"],
  ["POST", "/anthropic/v1/files", "route_not_found"],
  ["GET", "/anthropic", "route_not_found"],
  ["GET", "/anthropic/v1/models/", "route_not_found"],
  ["POST", "/openai/v1/responses/compact/", "route_not_found"],
  ["POST", "/openai/chat/completions", "route_not_found"],
  ["GET", "/anthropic/v1/messages", "method_not_allowed"],
  ["GET", "/openai/v1/responses", "method_not_allowed"],
  ["POST", "/anthropic/v1/models", "method_not_allowed"],
  ["GET", "/openai/v1/responses/compact", "method_not_allowed"],
  ["POST", "/anthropic/v1/../v1/messages", "invalid_path"],
  ["POST", "/anthropic/v1/%2e%2e/messages", "invalid_path"],
  ["POST", "/anthropic/./v1/messages", "invalid_path"],
  ["POST", "/anthropic//v1/messages", "invalid_path"],
  ["POST", "//anthropic/v1/messages", "invalid_path"],
  ["POST", "/anthropic/v1%2Fmessages", "invalid_path"],
  ["POST", "/anthropic/v1%5cmessages", "invalid_path"],
  ["POST", "/anthropic\\v1/messages", "invalid_path"],
  ["POST", "/anthropic/%zz", "invalid_path"],
  ["POST", "/openai/v%31/responses", "invalid_path"],
  ["POST", "http://elsewhere/anthropic/v1/messages", "invalid_path"],
  ["POST", "/bed/v1/messages", "provider_disabled"],
])("%s %s is refused: %s", (method, url, code) => {
  expect(refusal(() => matchRoute(method, readTarget(url), providers)).code).toBe(code);
});

test("405 names the allowed methods", () => {
  const refused = refusal(() => matchRoute("PUT", readTarget("/anthropic/v1/models"), providers));
  expect(refused.headers).toEqual({ allow: "GET, HEAD" });
});

test.each([
  ["/nobody/v1/messages", "messages"],
  ["/nobody/v1/messages/count_tokens", "messages"],
  ["/nobody/v1/chat/completions", "chat"],
  ["/", "chat"],
])("errors on %s have the %s shape", (path, shape) => {
  expect(errorShapeOf(path)).toBe(shape);
});

function refusal(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
