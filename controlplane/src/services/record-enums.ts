import {
  type CredentialKind as CredentialKindNumber,
  CredentialKindSchema,
  type InterceptionOutcome,
  InterceptionOutcomeSchema,
  type ThoughtSource as ThoughtSourceNumber,
  ThoughtSourceSchema,
  type UsageSource as UsageSourceNumber,
  UsageSourceSchema,
} from "@aibridge/proto";
import type { CredentialKind, Outcome, ThoughtSource, UsageSource } from "../domain/records.ts";
import { enumWords } from "./enum-words.ts";

export const OUTCOMES = enumWords<Outcome, InterceptionOutcome>(InterceptionOutcomeSchema);
export const USAGE_SOURCES = enumWords<UsageSource, UsageSourceNumber>(UsageSourceSchema);
export const THOUGHT_SOURCES = enumWords<ThoughtSource, ThoughtSourceNumber>(ThoughtSourceSchema);
export const CREDENTIAL_KINDS = enumWords<CredentialKind, CredentialKindNumber>(CredentialKindSchema);
