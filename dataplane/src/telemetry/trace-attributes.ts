/**
 * What spans say, in the names of OpenTelemetry's semantic conventions for generative AI
 * (https://github.com/open-telemetry/semantic-conventions-genai). Never content: no prompts, answers, thoughts, arguments
 * or results; no URLs but host and port; no credentials.
 */
import type { Attributes } from "@opentelemetry/api";
import type { ObservedAnswer, ObservedUsage } from "../apis/observation.ts";
import type { TracedCall, TracedRequest } from "./tracing.ts";

/** Longest text that clients, models and providers choose, in UTF-16 units. */
const maxText = 256;
/** Reasons that one answer ended, of which a Chat answer has one for each choice. */
const maxFinishReasons = 16;

/** Cuts what others chose. */
export function bounded(text: string): string {
  return text.slice(0, maxText).toWellFormed();
}

/** Of the span for a whole interception. */
export function interceptionAttributes(request: TracedRequest): Attributes {
  return {
    "http.request.method": "POST",
    "http.route": request.route,
    "aibridge.interception_id": request.interceptionId,
    "aibridge.provider": request.provider.name,
    "aibridge.client": request.client,
  };
}

const providerNames: Readonly<Record<string, string>> = {
  bedrock: "aws.bedrock",
  copilot: "github.copilot",
  // The conventions name what speaks OpenAI's API after it where it is not known better.
  "openai-compatible": "openai",
};

const openAiApis = { chat: "chat_completions", responses: "responses", messages: undefined };

/** Of the spans for requests to the provider, which have these in common. */
export function turnAttributes(request: TracedRequest): Attributes {
  const { provider, api, model, streaming, clientSessionId } = request;
  const attributes: Attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": providerNames[provider.type] ?? provider.type,
    "gen_ai.request.model": bounded(model),
    "aibridge.interception_id": request.interceptionId,
    "aibridge.provider": provider.name,
    ...serverAttributes(provider.origin),
  };
  const openAiApi = openAiApis[api];
  if (openAiApi !== undefined) attributes["openai.api.type"] = openAiApi;
  if (streaming) attributes["gen_ai.request.stream"] = true;
  if (clientSessionId !== undefined) attributes["gen_ai.conversation.id"] = bounded(clientSessionId);
  return attributes;
}

/** Of an answer's end. */
export function answerAttributes({ model, finishReasons }: ObservedAnswer): Attributes {
  const attributes: Attributes = {};
  if (model !== "") attributes["gen_ai.response.model"] = bounded(model);
  if (finishReasons.length > 0)
    attributes["gen_ai.response.finish_reasons"] = finishReasons.slice(0, maxFinishReasons).map(bounded);
  return attributes;
}

/** Of all that one request to the provider used: the conventions count cached tokens as input too. */
export function usageAttributes(usages: readonly ObservedUsage[]): Attributes {
  const known = usages.filter(({ source }) => source !== "missing");
  if (known.length === 0) return {};
  const sum = (count: (usage: ObservedUsage) => number) =>
    known.reduce((tokens, usage) => tokens + count(usage), 0);
  const read = sum((usage) => usage.cacheReadInputTokens);
  const written = sum((usage) => usage.cacheWriteInputTokens);
  const reasoning = sum(reasoningTokens);
  const attributes: Attributes = {
    "gen_ai.usage.input_tokens": sum((usage) => usage.inputTokens) + read + written,
    "gen_ai.usage.output_tokens": sum((usage) => usage.outputTokens),
  };
  if (read > 0) attributes["gen_ai.usage.cache_read.input_tokens"] = read;
  if (written > 0) attributes["gen_ai.usage.cache_write.input_tokens"] = written;
  if (reasoning > 0) attributes["gen_ai.usage.reasoning.output_tokens"] = reasoning;
  return attributes;
}

/** Chat and Responses say it under different paths. */
function reasoningTokens({ extra }: ObservedUsage): number {
  const {
    "completion_tokens_details.reasoning_tokens": chat,
    "output_tokens_details.reasoning_tokens": all,
  } = extra;
  return chat ?? all ?? 0;
}

/** Of a call of a central tool. */
export function callAttributes(
  { tool, callId, server, serverUrl }: TracedCall,
  interceptionId: string,
): Attributes {
  return {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": bounded(tool),
    "gen_ai.tool.call.id": bounded(callId),
    "gen_ai.tool.type": "extension",
    "mcp.method.name": "tools/call",
    "aibridge.interception_id": interceptionId,
    "aibridge.mcp_server": bounded(server),
    ...serverAttributes(serverUrl),
  };
}

function serverAttributes(url: string): Attributes {
  const parsed = URL.parse(url);
  if (parsed === null) return {};
  const port = parsed.port === "" ? (parsed.protocol === "https:" ? 443 : 80) : Number(parsed.port);
  // A literal IPv6 address stands in brackets in a URL alone.
  return { "server.address": parsed.hostname.replace(/^\[|\]$/g, ""), "server.port": port };
}

/** A name fit for grouping: what looks like prose, or like content, is "_OTHER" or the status. */
export function errorType(name: string | undefined, status: number): string {
  if (name !== undefined && /^[A-Za-z0-9_.:-]{1,64}$/.test(name)) return name;
  return status >= 400 ? String(status) : "_OTHER";
}
