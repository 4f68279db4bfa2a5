import type { Rendering } from "./delivery.ts";
import { messagesError } from "./messages/error.ts";
import { openAiError } from "./openai-error.ts";
import { json, renderError } from "./render.ts";
import type { ProviderRequest } from "./request.ts";

/** The models the provider says it has. */
const models = [
  "claude-opus-4-6",
  "claude-sonnet-4-6",
  "claude-haiku-4-5",
  "gpt-5.2",
  "gpt-5.2-codex",
  "gpt-5-mini",
];

/** Answers what is no call of a model: models, token counts, and an echo for everything else. */
export function answerPassthrough(request: ProviderRequest): Rendering {
  if (request.headers.upgrade !== undefined) return upgradeRefused();
  if (request.kind === "models") return listModels(request);
  if (request.kind === "count_tokens") return json(200, { input_tokens: countTokens(request.body) });
  return echo(request);
}

/** A rough count, steady for equal bytes: four bytes a token. */
export function countTokens(body: Uint8Array): number {
  return Math.ceil(body.length / 4);
}

/** The error renderer for a request that is no call of a model. */
export function passthroughErrors(request: ProviderRequest): Parameters<typeof renderError>[0] {
  return { error: speaksAnthropic(request) ? messagesError : openAiError };
}

function speaksAnthropic(request: ProviderRequest): boolean {
  return request.headers["anthropic-version"] !== undefined || request.kind === "count_tokens";
}

/** Codex posts at once after this status; after others it tries the WebSocket again for seconds. */
function upgradeRefused(): Rendering {
  const error = { status: 426, message: "This server does not speak WebSocket." };
  return renderError({ error: openAiError }, { error, headers: { connection: "close" } });
}

function listModels(request: ProviderRequest): Rendering {
  const describe = speaksAnthropic(request) ? anthropicModel : openAiModel;
  const asked = /\/models\/([^/?]+)/.exec(request.path)?.[1];
  if (asked !== undefined) return oneModel(decodeURIComponent(asked), request);
  const data = models.map(describe);
  if (!speaksAnthropic(request)) return json(200, { object: "list", data });
  return json(200, { data, has_more: false, first_id: models.at(0), last_id: models.at(-1) });
}

function oneModel(id: string, request: ProviderRequest): Rendering {
  if (!models.includes(id)) {
    return renderError(passthroughErrors(request), { error: { status: 404, message: `model: ${id}` } });
  }
  return json(200, speaksAnthropic(request) ? anthropicModel(id) : openAiModel(id));
}

function anthropicModel(id: string): object {
  return { type: "model", id, display_name: id, created_at: "2026-01-01T00:00:00Z" };
}

function openAiModel(id: string): object {
  return { id, object: "model", created: 1767225600, owned_by: "scripted" };
}

/** What was asked, without the headers, since these carry credentials. */
function echo(request: ProviderRequest): Rendering {
  const { method, path, body } = request;
  if (method === "HEAD") return { status: 200, headers: {}, body: [] };
  return json(200, { method, path, body: request.json ?? body.toString("utf8") });
}
