import {
  CredentialKindSchema,
  type GetInterceptionResponse,
  type Interception,
  type InterceptionEnded,
  InterceptionOutcomeSchema,
  ThoughtSourceSchema,
  type TokenUsage,
  type ToolUsage,
  UsageSourceSchema,
} from "@aibridge/proto";
import { formatCount, formatEnum, formatSpan, formatTime } from "./format-values.ts";
import { safeBlock, safeLine } from "./safe-text.ts";

type Fact = readonly [name: string, value: string];

/** An interception with all its records as text for a terminal, safe whatever was recorded. */
export function formatInterception(response: GetInterceptionResponse): string {
  const { interception, ended, tokenUsages, promptUsages, toolUsages, modelThoughts } = response;
  const sections = [
    facts([...(interception === undefined ? [] : startFacts(interception)), ...endFacts(ended)]),
    ...tokenUsages.map((usage) => `Tokens\n${facts(tokenFacts(usage))}`),
    ...promptUsages.map(({ prompt }) => `Prompt\n${block(prompt)}`),
    ...modelThoughts.map(
      ({ source, content }) => `Thought (${formatEnum(ThoughtSourceSchema, source)})\n${block(content)}`,
    ),
    ...toolUsages.map((usage) => `Tool call\n${facts(toolFacts(usage))}${block(usage.input)}`),
  ];
  return sections.join("\n");
}

function startFacts(interception: Interception): Fact[] {
  const { credentialKind, credentialHint } = interception;
  return [
    ["id", interception.id],
    ["actor", interception.initiatorId],
    ["provider", `${interception.providerName} (${interception.provider})`],
    ["model", interception.model],
    ["route", `${interception.route}${interception.streaming ? " (stream)" : ""}`],
    ["client", interception.client],
    ["session", interception.clientSessionId ?? ""],
    ["user agent", interception.userAgent],
    ["answers call", interception.correlatingToolCallId ?? ""],
    ["credential", `${formatEnum(CredentialKindSchema, credentialKind)} ${credentialHint}`],
    ["gateway", interception.gatewayId],
    ["started", formatTime(interception.startedAt)],
  ];
}

function endFacts(ended: InterceptionEnded | undefined): Fact[] {
  if (ended === undefined) {
    return [["outcome", "under way"]];
  }
  return [
    ["ended", formatTime(ended.endedAt)],
    [
      "outcome",
      `${formatEnum(InterceptionOutcomeSchema, ended.outcome)}${ended.provisional ? " (provisional)" : ""}`,
    ],
    ["http status", ended.httpStatus === 0 ? "" : String(ended.httpStatus)],
    ["error", [ended.errorType, ended.errorMessage].filter((part) => part !== "").join(": ")],
    ["first byte", formatSpan(ended.timeToFirstByte)],
    ["turns", String(ended.upstreamTurns)],
  ];
}

function tokenFacts(usage: TokenUsage): Fact[] {
  return [
    ["message", usage.messageId],
    ["input", formatCount(usage.inputTokens)],
    ["output", formatCount(usage.outputTokens)],
    ["cache read", formatCount(usage.cacheReadInputTokens)],
    ["cache write", formatCount(usage.cacheWriteInputTokens)],
    ...Object.entries(usage.extraTokenTypes).map(([type, count]): Fact => [type, formatCount(count)]),
    ["source", formatEnum(UsageSourceSchema, usage.source)],
    ["service tier", usage.serviceTier],
  ];
}

function toolFacts(usage: ToolUsage): Fact[] {
  return [
    ["tool", usage.tool],
    ["call", usage.toolCallId],
    ["run by", usage.injected ? `the gateway, on ${usage.serverUrl ?? "an unnamed server"}` : "the client"],
    ["error", usage.invocationError ?? ""],
    ["took", formatSpan(usage.duration)],
  ];
}

/** Facts below each other with their values aligned; those without a value are left out. */
function facts(all: readonly Fact[]): string {
  const known = all.filter(([, value]) => value.trim() !== "");
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known
    .map(([name, value]) => `  ${safeLine(name).padEnd(width)}  ${safeLine(value.trim())}\n`)
    .join("");
}

function block(text: string): string {
  return text === ""
    ? "    (not recorded)\n"
    : `${safeBlock(text)
        .split("\n")
        .map((line) => `    ${line}`.trimEnd())
        .join("\n")}\n`;
}
