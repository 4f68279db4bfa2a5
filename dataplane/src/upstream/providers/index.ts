import { ProviderType } from "@aibridge/proto";
import { anthropic } from "./anthropic.ts";
import { copilot } from "./copilot.ts";
import type { ProviderKind } from "./kind.ts";
import { openai, openaiCompatible } from "./openai.ts";

/** The kinds this data plane can serve, by configured type. A type without an entry is answered 503. */
export const providerKinds: ReadonlyMap<ProviderType, ProviderKind> = new Map([
  [ProviderType.ANTHROPIC, anthropic],
  [ProviderType.OPENAI, openai],
  [ProviderType.OPENAI_COMPATIBLE, openaiCompatible],
  [ProviderType.COPILOT, copilot],
]);
