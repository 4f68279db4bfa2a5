import type { FullUsage } from "@aibridge/sdk/testing";
import { expect } from "vitest";
import type { GatewayUnderTest } from "../../support/use-gateway.ts";

/** An interception with its records, as `aibridge interceptions list --json --include-records` prints it. */
export interface RecordedInterception {
  readonly interception: {
    readonly id: string;
    readonly initiatorId: string;
    readonly provider: string;
    readonly providerName: string;
    readonly model: string;
    readonly route: string;
    readonly streaming: boolean;
    readonly client: string;
    readonly clientSessionId?: string;
    readonly userAgent: string;
    readonly correlatingToolCallId?: string;
    readonly credentialKind: string;
  };
  readonly ended?: { readonly outcome: string; readonly httpStatus: number; readonly errorType: string };
  readonly tokenUsages: readonly RecordedTokens[];
  readonly promptUsages: readonly { readonly prompt: string; readonly messageId: string }[];
  readonly toolUsages: readonly {
    readonly tool: string;
    readonly toolCallId: string;
    readonly input: string;
    readonly injected: boolean;
    readonly messageId: string;
  }[];
  readonly modelThoughts: readonly {
    readonly content: string;
    readonly source: string;
    readonly messageId: string;
  }[];
}

export interface RecordedTokens {
  readonly messageId: string;
  readonly inputTokens: string;
  readonly outputTokens: string;
  readonly cacheReadInputTokens: string;
  readonly cacheWriteInputTokens: string;
  readonly extraTokenTypes: Readonly<Record<string, string>>;
  readonly source: string;
}

/** What a completed interception has in common. */
export const completed = { outcome: "INTERCEPTION_OUTCOME_COMPLETED", httpStatus: 200, errorType: "" };

/** The prompts of an interception. */
export function prompts(recorded: RecordedInterception | undefined): string[] {
  return recorded?.promptUsages.map(({ prompt }) => prompt) ?? [];
}

/** The tool calls of an interception, with their inputs read, in the order of their calls. */
export function toolCalls(recorded: RecordedInterception | undefined): object[] {
  return (
    recorded?.toolUsages.map(({ tool, toolCallId, input, injected }) => ({
      tool,
      toolCallId,
      input: JSON.parse(input),
      injected,
    })) ?? []
  );
}

/** The thoughts of an interception: what was thought, by kind. */
export function thoughts(recorded: RecordedInterception | undefined): string[][] {
  return recorded?.modelThoughts.map(({ source, content }) => [source, content]) ?? [];
}

/**
 * Expects one token record for each answer that the provider sent whole to these interceptions, equal to it in every
 * column, and none beside.
 */
export async function expectTokensAsSent(
  planes: GatewayUnderTest,
  interceptions: readonly RecordedInterception[],
): Promise<void> {
  await planes.provider.settled();
  const recorded = interceptions.flatMap(({ tokenUsages }) => tokenUsages);
  const sent = recorded.map(
    ({ messageId }) => [messageId, planes.provider.totals.usage.get(messageId)] as const,
  );
  expect(recorded.map(columns)).toEqual(sent.map(([id, usage]) => expectedColumns(id, usage)));
  expect(recorded).toHaveLength(interceptions.length);
  expect(new Set(recorded.map(({ messageId }) => messageId)).size).toBe(recorded.length);
}

function columns(tokens: RecordedTokens): object {
  return {
    messageId: tokens.messageId,
    source: tokens.source,
    input: Number(tokens.inputTokens),
    output: Number(tokens.outputTokens),
    cacheRead: Number(tokens.cacheReadInputTokens),
    cacheWrite: Number(tokens.cacheWriteInputTokens),
  };
}

function expectedColumns(messageId: string, usage: FullUsage | undefined): object {
  if (usage === undefined) return { messageId, source: "an answer that the provider did not send" };
  const { input, output, cacheRead, cacheWrite } = usage;
  return { messageId, source: "USAGE_SOURCE_REPORTED", input, output, cacheRead, cacheWrite };
}
