import type { GatewayError } from "../../errors/gateway-error.ts";
import { SseEventReader } from "../../sse/event.ts";
import { type AnswerEnd, type ObserveOptions, type StreamObserver, verdict } from "../api.ts";
import { asRecord, type JsonRecord } from "../json-kinds.ts";
import type { ObservationSink } from "../observation.ts";
import { ChatAnswer } from "./answer.ts";
import { errorEvent } from "./error-body.ts";
import { isDone, isPlainChunk } from "./events.ts";

/** Watches a stream of the Chat Completions API. */
export class ChatStreamObserver implements StreamObserver {
  readonly #answer: ChatAnswer;
  readonly #hideUsage: boolean;
  readonly #reader = new SseEventReader();

  constructor(sink: ObservationSink, options: ObserveOptions) {
    this.#answer = new ChatAnswer(sink, options.usageOptional);
    this.#hideUsage = options.hideUsage;
  }

  event(bytes: Buffer, start: number, end: number): number {
    const reader = this.#reader;
    if (!reader.read(bytes, start, end)) return verdict.relay;
    const { data, dataStart, dataEnd } = reader;
    if (isDone(data, dataStart, dataEnd)) {
      this.#answer.end(true);
      return verdict.terminal;
    }
    if (this.#answer.isIdentified && isPlainChunk(data, dataStart, dataEnd)) return verdict.relay;
    const chunk = readChunk(data.toString("utf8", dataStart, dataEnd));
    if (chunk === undefined) return verdict.relay;
    this.#answer.add(chunk);
    return this.#hideUsage && isUsageChunk(chunk) ? verdict.hide : verdict.relay;
  }

  /** Some servers leave out `[DONE]`: a clean end after every finish_reason is as good. */
  finish(clean: boolean): AnswerEnd {
    return this.#answer.end(clean && this.#answer.isFinished);
  }

  errorEvent(error: GatewayError): Buffer {
    return errorEvent(error);
  }
}

/** Members that say nothing beside the usage in the chunk that `include_usage` adds. */
const envelope: ReadonlySet<string> = new Set([
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
  "service_tier",
  "system_fingerprint",
  "obfuscation",
]);

/** True for the chunk that brings the usage and nothing else: no choices, no further payload. */
export function isUsageChunk(chunk: JsonRecord): boolean {
  const { choices, usage } = chunk;
  if (!Array.isArray(choices) || choices.length > 0 || asRecord(usage) === undefined) return false;
  return Object.keys(chunk).every((name) => envelope.has(name) || chunk[name] === null);
}

/** Reports the facts of a whole answer. */
export function observeAnswer(sink: ObservationSink, body: Buffer, options: ObserveOptions): AnswerEnd {
  const answer = new ChatAnswer(sink, options.usageOptional);
  const whole = readChunk(body.toString("utf8"));
  if (whole !== undefined) answer.add(whole);
  return answer.end(whole !== undefined);
}

/** The chunk, or the whole answer; undefined for what is no JSON object. */
export function readChunk(text: string): JsonRecord | undefined {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}
