import {
  type Actor,
  CredentialKind,
  InterceptionEndedSchema,
  InterceptionOutcome,
  InterceptionSchema,
  ModelThoughtSchema,
  PromptUsageSchema,
  ThoughtSource,
  TokenUsageSchema,
  ToolUsageSchema,
  UsageSource,
} from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { create, type JsonObject } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { RequestFacts } from "../apis/api.ts";
import { type LimitedText, limitText } from "../apis/limit-text.ts";
import type {
  ObservationSink,
  ObservedThought,
  ObservedToolCall,
  ObservedUsage,
} from "../apis/observation.ts";
import type { RuntimeConfig } from "../plan/runtime-config.ts";
import type { InterceptionMetrics } from "../telemetry/interception-metrics.ts";
import type { Recorder, RecordKind } from "./recorder.ts";

/** Everything that is known of an interception when it starts. */
export interface InterceptionStart {
  readonly id: string;
  readonly actor: Actor;
  readonly provider: string;
  readonly providerName: string;
  readonly route: string;
  readonly facts: RequestFacts;
  readonly client: string;
  readonly clientSessionId: string | undefined;
  readonly userAgent: string;
  readonly byok: boolean;
  readonly credentialHint: string;
  readonly gatewayId: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
}

/** A call of a central tool. */
export interface InjectedToolCall {
  readonly messageId: string;
  /** The provider's id of the call. */
  readonly callId: string;
  /** The tool's own name at its server. */
  readonly tool: string;
  /** Name of the server in the policy. */
  readonly server: string;
  readonly serverUrl: string;
  /** Raw JSON as the model wrote it. */
  readonly input: string;
  /** Why there is no result of the tool's own; undefined if there is one. */
  readonly error: string | undefined;
  /** Undefined if it was not run. */
  readonly durationMs: number | undefined;
}

export type Outcome = "completed" | "failed" | "cancelled_by_client" | "rejected";

/** How an interception ended. */
export interface InterceptionEnd {
  readonly outcome: Outcome;
  /** Status sent to the client, 0 if none was. */
  readonly httpStatus: number;
  readonly errorType?: string;
  readonly errorMessage?: string;
  /** Milliseconds from accepting the request to the first byte sent; undefined if none was. */
  readonly timeToFirstByteMs: number | undefined;
  readonly credentialHint: string;
  readonly upstreamTurns: number;
}

const outcomes: Record<Outcome, InterceptionOutcome> = {
  completed: InterceptionOutcome.COMPLETED,
  failed: InterceptionOutcome.FAILED,
  cancelled_by_client: InterceptionOutcome.CANCELLED_BY_CLIENT,
  rejected: InterceptionOutcome.REJECTED,
};

const usageSources: Record<ObservedUsage["source"], UsageSource> = {
  reported: UsageSource.REPORTED,
  partial: UsageSource.PARTIAL,
  missing: UsageSource.MISSING,
};

const thoughtSources: Record<ObservedThought["source"], ThoughtSource> = {
  thinking: ThoughtSource.THINKING,
  reasoning_summary: ThoughtSource.REASONING_SUMMARY,
  reasoning: ThoughtSource.REASONING,
  commentary: ThoughtSource.COMMENTARY,
};

/** Calls and thoughts of one interception that are recorded. */
const maxObserved = 10_000;
/** Longest name, id or error text that is recorded, in bytes of UTF-8. */
const maxNameBytes = 1024;

/** The records of one interception: one start, what was observed, exactly one end. */
export class InterceptionRecording implements ObservationSink {
  readonly #start: InterceptionStart;
  readonly #recorder: Recorder;
  readonly #metrics: InterceptionMetrics;
  readonly #recording: RuntimeConfig["recording"];
  #promptDue: boolean;
  #ended = false;
  /** Calls and thoughts so far. */
  #observed = 0;

  constructor(
    start: InterceptionStart,
    recorder: Recorder,
    metrics: InterceptionMetrics,
    recording: RuntimeConfig["recording"],
  ) {
    this.#start = start;
    this.#recorder = recorder;
    this.#metrics = metrics;
    this.#recording = recording;
    this.#promptDue = start.facts.prompt !== undefined;
  }

  get id(): string {
    return this.#start.id;
  }

  /** Records the start. Rejects with RecordingRefused; nothing may go upstream then. */
  async begin(): Promise<void> {
    const { facts, actor, ...start } = this.#start;
    const interception = create(InterceptionSchema, {
      id: start.id,
      initiatorId: actor.id,
      apiKeyId: actor.apiKeyId,
      provider: start.provider,
      providerName: start.providerName,
      model: name(facts.model),
      route: start.route,
      streaming: facts.streaming,
      startedAt: timestampFromMs(start.startedAtMs),
      client: start.client,
      userAgent: start.userAgent,
      credentialKind: start.byok ? CredentialKind.BYOK : CredentialKind.CENTRALIZED,
      credentialHint: start.credentialHint,
      gatewayId: start.gatewayId,
    });
    if (start.clientSessionId !== undefined) interception.clientSessionId = start.clientSessionId;
    if (facts.correlatingToolCallId !== undefined)
      interception.correlatingToolCallId = name(facts.correlatingToolCallId);
    if (actor.metadata !== undefined) interception.metadata = actor.metadata;
    await this.#recorder.begin(interception);
    this.#metrics.began();
  }

  message(id: string): void {
    this.#prompt(id);
  }

  toolCall(call: ObservedToolCall): void {
    if (this.#isFlood("toolUsage")) return;
    const input = this.#content(call.input, this.#recording.toolInputs);
    this.#metrics.toolSelected(call.tool);
    const value = create(ToolUsageSchema, {
      ...this.#child(),
      messageId: name(call.messageId),
      toolCallId: name(call.callId),
      tool: name(call.tool),
      input: input.text,
      ...truncation(input),
    });
    this.#recorder.append({ case: "toolUsage", value });
  }

  /** A call of a central tool: one that was run, or one that was left out of the turn it came with. */
  injectedToolCall(call: InjectedToolCall): void {
    if (this.#isFlood("toolUsage")) return;
    const input = this.#content(call.input, this.#recording.toolInputs);
    const value = create(ToolUsageSchema, {
      ...this.#child(),
      messageId: name(call.messageId),
      toolCallId: name(call.callId),
      tool: name(call.tool),
      serverUrl: name(call.serverUrl),
      input: input.text,
      injected: true,
      ...truncation(input),
    });
    if (call.error !== undefined) value.invocationError = name(call.error);
    if (call.durationMs !== undefined) {
      this.#metrics.toolInvoked(call.server, call.tool);
      value.duration = microsecondDuration(call.durationMs);
    }
    this.#recorder.append({ case: "toolUsage", value });
  }

  thought(thought: ObservedThought): void {
    if (this.#isFlood("modelThought")) return;
    const content = this.#content(thought.content, this.#recording.thoughts);
    const value = create(ModelThoughtSchema, {
      ...this.#child(),
      messageId: name(thought.messageId),
      content: content.text,
      source: thoughtSources[thought.source],
      ...truncation(content),
    });
    this.#recorder.append({ case: "modelThought", value });
  }

  usage(usage: ObservedUsage): void {
    this.#metrics.tokens(usage);
    const value = create(TokenUsageSchema, {
      ...this.#child(),
      messageId: name(usage.messageId),
      inputTokens: BigInt(usage.inputTokens),
      outputTokens: BigInt(usage.outputTokens),
      cacheReadInputTokens: BigInt(usage.cacheReadInputTokens),
      cacheWriteInputTokens: BigInt(usage.cacheWriteInputTokens),
      source: usageSources[usage.source],
      serviceTier: name(usage.serviceTier),
    });
    for (const type of Object.keys(usage.extra))
      value.extraTokenTypes[type] = BigInt(usage.extra[type] as number);
    if (usage.metadata !== undefined) value.metadata = boundedMetadata(usage.metadata);
    this.#recorder.append({ case: "tokenUsage", value });
  }

  /** Waits until what was observed so far is as safe as configured; undefined if it is. */
  settled(): Promise<unknown> | undefined {
    return this.#recorder.settled();
  }

  /** Records the end; only the first call counts. */
  end(end: InterceptionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#prompt("");
    this.#metrics.ended(end);
    const value = create(InterceptionEndedSchema, {
      id: uuidv7(),
      interceptionId: this.#start.id,
      endedAt: timestampFromMs(Date.now()),
      outcome: outcomes[end.outcome],
      httpStatus: end.httpStatus,
      errorType: name(end.errorType ?? ""),
      errorMessage: name(end.errorMessage ?? ""),
      credentialHint: end.credentialHint,
      upstreamTurns: end.upstreamTurns,
    });
    if (end.timeToFirstByteMs !== undefined)
      value.timeToFirstByte = microsecondDuration(end.timeToFirstByteMs);
    this.#recorder.append({ case: "interceptionEnded", value });
  }

  /** The prompt is recorded once: with the first message id, or at the end without one. */
  #prompt(messageId: string): void {
    if (!this.#promptDue) return;
    this.#promptDue = false;
    this.#metrics.prompted();
    const prompt = this.#content(this.#start.facts.prompt ?? "", this.#recording.prompts);
    const value = create(PromptUsageSchema, {
      ...this.#child(),
      messageId: name(messageId),
      prompt: prompt.text,
      ...truncation(prompt),
    });
    this.#recorder.append({ case: "promptUsage", value });
  }

  /** A provider that sends calls without end must not push the records of others out of memory. */
  #isFlood(kind: RecordKind): boolean {
    this.#observed += 1;
    if (this.#observed <= maxObserved) return false;
    this.#metrics.lost(kind);
    return true;
  }

  #child(): { id: string; interceptionId: string; createdAt: Timestamp } {
    return { id: uuidv7(), interceptionId: this.#start.id, createdAt: timestampFromMs(Date.now()) };
  }

  #content(text: string, recorded: boolean): LimitedText {
    return recorded ? limitText(text, this.#recording.maxContentBytes) : { text: "", truncatedBytes: 0 };
  }
}

function boundedMetadata(metadata: NonNullable<ObservedUsage["metadata"]>): JsonObject {
  const entries = Object.entries(metadata).map(([key, value]) => [
    key,
    typeof value === "string" ? name(value) : value,
  ]);
  return Object.fromEntries(entries) as JsonObject;
}

/** A duration of whole microseconds (protobuf's nanos must be an integer). */
function microsecondDuration(ms: number): Duration {
  const microseconds = Math.round(ms * 1000);
  const seconds = Math.floor(microseconds / 1_000_000);
  return create(DurationSchema, {
    seconds: BigInt(seconds),
    nanos: (microseconds - seconds * 1_000_000) * 1000,
  });
}

/** Names and ids come from clients and providers: whatever their length, the record must stay deliverable. */
function name(text: string): string {
  return limitText(text, maxNameBytes).text;
}

function truncation({ truncatedBytes }: LimitedText): { metadata?: JsonObject } {
  return truncatedBytes === 0 ? {} : { metadata: { truncated_bytes: truncatedBytes } };
}
