import {
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
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { RecordBody, RecordKind } from "../record-body.ts";

const now = timestampFromMs(Date.UTC(2026, 10, 22, 12));

/** A prompt of a new interception. */
export function prompt(text: string): Extract<RecordBody, { case: "promptUsage" }> {
  const value = create(PromptUsageSchema, {
    id: uuidv7(),
    interceptionId: uuidv7(),
    prompt: text,
    createdAt: now,
  });
  return { case: "promptUsage", value };
}

/** A record of each kind. */
export function oneOfEachKind(): { [K in RecordKind]: Extract<RecordBody, { case: K }>["value"] } {
  const interceptionId = uuidv7();
  const child = () => ({ id: uuidv7(), interceptionId, createdAt: now });
  const outcome = InterceptionOutcome.COMPLETED;
  return {
    interception: create(InterceptionSchema, { id: interceptionId, gatewayId: "claimed", startedAt: now }),
    interceptionEnded: create(InterceptionEndedSchema, { ...child(), endedAt: now, outcome }),
    tokenUsage: create(TokenUsageSchema, { ...child(), source: UsageSource.REPORTED }),
    promptUsage: create(PromptUsageSchema, child()),
    toolUsage: create(ToolUsageSchema, child()),
    modelThought: create(ModelThoughtSchema, { ...child(), source: ThoughtSource.THINKING }),
  };
}
