import { randomUUID } from "node:crypto";
import type { ModelAnswer } from "./answer.ts";

/** What the rendering of one answer needs beside the answer: its identity, and what was asked. */
export interface AnswerContext {
  readonly id: string;
  readonly model: string;
  /** Unix seconds. */
  readonly created: number;
  readonly deltaLength: number;
  /** The parsed request; empty when it was no JSON object. */
  readonly request: Readonly<Record<string, unknown>>;
  /** An id for the call, item or part at an index, unique beyond this answer and the same in both forms. */
  callId(prefix: string, index: number): string;
}

const defaultDeltaLength = 16;

/** @param idPrefix as the API's own ids have it, such as `msg_` */
export function answerContext(
  answer: ModelAnswer,
  request: Readonly<Record<string, unknown>>,
  idPrefix: string,
): AnswerContext {
  const unique = randomUUID().replaceAll("-", "");
  const asked = typeof request.model === "string" ? request.model : "scripted-model";
  return {
    id: answer.id ?? `${idPrefix}${unique}`,
    model: answer.model ?? asked,
    created: Math.floor(Date.now() / 1000),
    deltaLength: answer.deltaLength ?? defaultDeltaLength,
    request,
    callId: (prefix, index) => `${prefix}_${unique.slice(0, 20)}${String(index).padStart(4, "0")}`,
  };
}
