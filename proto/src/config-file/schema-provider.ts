import type { z } from "zod";
import { ProviderType } from "../../gen/aibridge/v1/config_pb.ts";
import { anyText, choice, duration, text, textLike, wholeNumber, yesNo } from "./schema-leaf.ts";
import { EVEN_IF_WRONG, list, section } from "./schema-shape.ts";
import { baseUrlText } from "./schema-url.ts";

/** Names of providers: the first path segment of requests to them. */
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const PASSTHROUGH = /^(GET|HEAD|POST|PUT|PATCH|DELETE) (\/[A-Za-z0-9._~:@!$&'()+,;=-]+)+$/;

const TYPES = {
  anthropic: ProviderType.ANTHROPIC,
  openai: ProviderType.OPENAI,
  "openai-compatible": ProviderType.OPENAI_COMPATIBLE,
  copilot: ProviderType.COPILOT,
  bedrock: ProviderType.BEDROCK,
};

const DEFAULT_BASE_URLS: Partial<Record<ProviderType, string>> = {
  [ProviderType.ANTHROPIC]: "https://api.anthropic.com",
  [ProviderType.OPENAI]: "https://api.openai.com/v1",
  [ProviderType.COPILOT]: "https://api.individual.githubcopilot.com",
};

const circuitBreaker = section({
  failure_threshold: wholeNumber(1).default(5),
  interval: duration().default(10_000),
  timeout: duration().default(30_000),
  max_requests: wholeNumber(1).default(3),
});

const bedrock = section({
  form: choice({
    "runtime-messages": "runtime-messages",
    mantle: "mantle",
    "invoke-model": "invoke-model",
  }).default("runtime-messages"),
  region: text("an AWS region such as us-east-1"),
  access_key_id: anyText().default(""),
  secret_access_key: anyText().default(""),
  session_token: anyText().default(""),
  role_arn: anyText().default(""),
  external_id: anyText().default(""),
});

const members = section({
  name: textLike(NAME, "lower-case letters, digits and single hyphens, such as anthropic-eu"),
  type: choice(TYPES),
  base_url: baseUrlText().optional(),
  keys: list(text("a key that is not empty")).default([]),
  send_actor_headers: yesNo().default(false),
  circuit_breaker: circuitBreaker.prefault({}),
  max_retries: wholeNumber(0, 10).default(2),
  include_usage: yesNo().default(true),
  allow_stored_state: yesNo().default(false),
  passthrough: list(textLike(PASSTHROUGH, 'a method and a path such as "POST /v1/embeddings"')).default([]),
  disabled: yesNo().default(false),
  bedrock: bedrock.optional(),
});

/** What {@link providerSchema} reads. */
export type ProviderEntry = z.infer<typeof members>;

/** One entry of `providers`. */
export const providerSchema = members.superRefine(checkAcrossMembers, EVEN_IF_WRONG);

/** Where requests of a provider go: its own base_url, else its type's; empty for Bedrock, which goes by region. */
export function baseUrl(provider: ProviderEntry): string {
  return provider.base_url ?? DEFAULT_BASE_URLS[provider.type] ?? "";
}

/** Runs on entries with wrong members too, so nothing here may be taken for granted. */
function checkAcrossMembers(provider: Partial<ProviderEntry>, context: z.core.$RefinementCtx): void {
  const refuse = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
  const { type, base_url, keys, bedrock: section } = provider;
  if (
    type === ProviderType.ANTHROPIC &&
    typeof base_url === "string" &&
    URL.parse(base_url)?.pathname.endsWith("/v1")
  ) {
    refuse(
      "base_url",
      "leave out /v1 at the end: it is part of the request path; expected such as https://api.anthropic.com",
    );
  }
  if (type === ProviderType.OPENAI_COMPATIBLE && base_url === undefined) {
    refuse("base_url", "is required: the server's URL such as http://127.0.0.1:8000/v1");
  }
  if (type === ProviderType.COPILOT && Array.isArray(keys) && keys.length > 0) {
    refuse(
      "keys",
      "a copilot provider takes no keys: each user's own credential is sent; expected no such key",
    );
  }
  if (type === ProviderType.BEDROCK && section === undefined) {
    refuse("bedrock", "is required: a mapping such as { region: us-east-1 }");
  }
  if (isOtherType(type) && section !== undefined) {
    refuse("bedrock", "only a provider of type bedrock has this; expected no such key");
  }
}

function isOtherType(type: unknown): boolean {
  return typeof type === "number" && type !== ProviderType.BEDROCK;
}
